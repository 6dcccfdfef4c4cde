"""Test calls through Asterisk's dialplan, which ring nobody: they are no calls of the house.

Both halves of such a call have ids of ours (``k`` + milliseconds), so that its Linkedid tells it from all others:
neither tracker nor journal ever hears of it. What it meets is told by the same steps (CcStep) as any call's story.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from callcenter.core.clock import Clock
from callcenter.core.errors import ProductError
from callcenter.telephony.gateway import Gateway
from callcenter.telephony.protocol import Fields

CANARY_ID = re.compile(r"k[0-9]{13}\.[0-9a-f]{8}\Z")
Step = tuple[str, str]
# So many words of steps are kept: a call that goes round in circles is ended by then.
_MOST_STEPS = 60
# A digit needs Background to listen; the step that tells of the menu comes just before it.
_BEFORE_KEY = 0.15


def is_canary(call_id: str) -> bool:
    """Whether a call (by its Linkedid) is a test call."""
    return call_id.startswith("k") and CANARY_ID.match(call_id) is not None


@dataclass
class Report:
    """What a test call met: its steps (kind, text), and whether they came to their end in time."""

    steps: list[Step] = field(default_factory=list)
    ended: bool = False
    late: bool = False
    failed: str = ""


class _Call:
    def __init__(self, keys: Sequence[str], wanted: int) -> None:
        self.keys = list(keys)
        self.wanted = wanted
        self.report = Report()
        self.done = asyncio.Event()
        self.key = asyncio.Event()


class Canaries:
    """Makes test calls and listens to them."""

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self._gateway, self._clock = gateway, clock
        self._calls: dict[str, _Call] = {}

    async def call(self, number_id: int, *, now: float, keys: Sequence[str], wanted: int, timeout: float) -> Report:
        """Calls a number as if it were ``now`` (epoch seconds) and presses one of ``keys`` at each menu ('' = waits).

        Ends after ``wanted`` steps, when the call ends, or after ``timeout`` seconds. Raises what the gateway raises.
        """
        stamp = int(self._clock.epoch() * 1000)
        one, two = (f"k{stamp:013d}.{secrets.token_hex(4)}" for _ in range(2))
        call = self._calls[one] = _Call(keys, wanted)
        presser = asyncio.create_task(self._press(one, call))
        try:
            await self._gateway.originate_local(
                place=(f"number-{number_id}", "s"),
                answer=("cc-canary", "caller"),
                ids=(one, two),
                variables={"CC_CANARY": "1", "CC_NOW": int(now)},
            )
            async with asyncio.timeout(timeout):
                await call.done.wait()
        except TimeoutError:
            call.report.late = True
        finally:
            presser.cancel()
            await asyncio.gather(presser, return_exceptions=True)
            self._calls.pop(one, None)
            with suppress(ProductError):
                await self._gateway.hangup([one, two])
        return call.report

    async def _press(self, channel: str, call: _Call) -> None:
        while True:
            await call.key.wait()
            call.key.clear()
            key = call.keys.pop(0) if call.keys else ""
            if key:
                await asyncio.sleep(_BEFORE_KEY)
                with suppress(ProductError):
                    await self._gateway.send_digits(channel, key)

    def feed(self, fields: Fields) -> None:
        """An event of a test call."""
        call = self._calls.get(fields.get("Linkedid", ""))
        if call is None:
            return
        event = fields.get("Event", "")
        if event == "UserEvent" and fields.get("UserEvent") == "CcStep":
            self._step(call, fields.get("Kind", "")[:20], fields.get("Text", "")[:200])
        elif event == "Hangup" and fields.get("Uniqueid") == fields.get("Linkedid"):
            call.report.ended = True
            call.done.set()

    def _step(self, call: _Call, kind: str, text: str) -> None:
        call.report.steps.append((kind, text))
        if kind == "menu":
            call.key.set()
        if kind == "failed":
            call.report.failed = text
        if kind in ("ring", "failed") or len(call.report.steps) >= min(call.wanted, _MOST_STEPS):
            call.done.set()
