"""A telephone outside is called and hears a sound three times: the code by which its number is confirmed (TEL-33).

The leg is one like a supervisor's: its id is ours, so it is no call in tracker and journal, and ``SpyChanged``
tells its end. What Asterisk learns is the sound's name, which is chance; the code stands only in the sound.
"""

from __future__ import annotations

from collections.abc import Callable

from callcenter.core.clock import Clock
from callcenter.core.directory import trunk_name
from callcenter.core.errors import BadInput, Unavailable
from callcenter.core.i18n import N_
from callcenter.telephony import link as links
from callcenter.telephony.gateway import Gateway
from callcenter.telephony.intents import DIALLABLE
from callcenter.telephony.spies import Spies, new_spy_id

WRONG_NUMBER = N_("This is no number that can be called: %(number)s")


class Dictating:
    """Legs that dictate; ``up`` says whether commands can be given."""

    def __init__(self, gateway: Gateway, spies: Spies, clock: Clock, up: Callable[[], bool]) -> None:
        self._gateway, self._spies, self._clock, self._up = gateway, spies, clock, up

    async def dictate(self, *, to: str, trunk_id: int, caller_id: str, sound: str, timeout: float = 40.0) -> str:
        """Calls ``to`` (E.164) over a trunk and plays ``codes/<sound>`` of Asterisk's spool; the leg's id.

        ``sound`` is hexadecimal digits. Raises BadInput, Unavailable, Conflict.
        """
        if not to.startswith("+") or not DIALLABLE.match(to):
            raise BadInput(WRONG_NUMBER, code="wrong_number", number=to[:40])
        if not self._up():
            raise Unavailable(links.NOT_UP)
        leg_id = new_spy_id(self._clock.epoch())
        self._spies.ordered(leg_id)
        try:
            await self._gateway.originate(
                endpoint=f"{to}@{trunk_name(trunk_id)}",
                context="cc-code",
                exten="say",
                channel_id=leg_id,
                variables={"CODESOUND": sound},
                caller_number=caller_id,
                timeout=timeout,
            )
        except Exception as error:
            if getattr(error, "error_code", "") != "unconfirmed":
                self._spies.forget(leg_id)
            raise
        return leg_id
