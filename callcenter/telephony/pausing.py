"""Gaps in recordings: while one lasts both sides are written as silence, so that the files stay in step with time.

What is paused stands in a variable of the recorded channel (``telephony.gaps``): it outlives our server, the tracker
reads it from events and snapshots, and the journal gets it from Asterisk when the channel ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from weakref import WeakValueDictionary

from callcenter.core.calls import Call, Gap, Leg
from callcenter.core.clock import Clock
from callcenter.core.errors import Conflict, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.telephony import gaps
from callcenter.telephony.facts import UNRECORDED
from callcenter.telephony.gateway import CHANNEL_GONE, Gateway

NOT_RECORDED = N_("This call is not recorded.")
TOO_OFTEN = N_("The recording of this call was paused too often.")


class Pausing:
    """Pauses and resumes the recordings of ``calls`` (what the tracker knows, by id)."""

    def __init__(self, gateway: Gateway, clock: Clock, calls: Mapping[str, Call]) -> None:
        self._gateway = gateway
        self._clock = clock
        self._calls = calls
        # What was written and the tracker may not have heard of yet.
        self._written: dict[str, list[Gap]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def pause(self, call_id: str, agent_id: int, seconds: float) -> Gap:
        """Begins a gap that ends by itself after ``seconds`` (the caller sees to that); a gap that lasts stays."""
        async with self._turn(call_id):
            call, leg = self._recorded(call_id)
            known = self._known(call)
            if known and not known[-1].how:
                await self._gateway.record_silence(leg.channel, True)
                return known[-1]
            if len(known) >= gaps.MOST:
                raise Conflict(TOO_OFTEN, code="too_many_pauses")
            now = self._clock.epoch()
            wanted = gaps.opened(known, agent_id, now, now + seconds)
            # The mark first: silence that nobody knows of would never end.
            await self._write(call_id, leg, wanted)
            try:
                await self._gateway.record_silence(leg.channel, True)
            except ProductError:
                await self._write(call_id, leg, gaps.closed(wanted, now, "end"))
                raise
            return wanted[-1]

    async def resume(self, call_id: str, how: str) -> Gap | None:
        """Ends the gap that lasts (``how``: agent, limit, left); None when there is none."""
        async with self._turn(call_id):
            call, leg = self._recorded(call_id)
            known = self._known(call)
            if not known or known[-1].how:
                return None
            wanted = gaps.closed(known, self._clock.epoch(), how)
            await self._gateway.record_silence(leg.channel, False)
            await self._write(call_id, leg, wanted)
            return wanted[-1]

    async def stop(self, call_id: str, *, keep: bool) -> str:
        """Ends the recording for the rest of a call that goes on; the stem of its files.

        Without ``keep`` the call counts as one that was never recorded: whoever asks removes the files. Conflict
        (``not_recorded``), NotFound.
        """
        async with self._turn(call_id):
            call, leg = self._recorded(call_id)
            stem = call.recording or ""
            await self._gateway.record_stop(leg.channel)
            if not keep:
                await self._gateway.set_variable(leg.channel, "CC_REC", UNRECORDED)
            return stem

    async def again(self, call_id: str) -> None:
        """Makes sure that a gap that lasts is one, after the link was away."""
        async with self._turn(call_id):
            call, leg = self._recorded(call_id)
            if (known := self._known(call)) and not known[-1].how:
                await self._gateway.record_silence(leg.channel, True)

    def ended(self, call_id: str) -> None:
        """The call is over."""
        self._written.pop(call_id, None)

    def _turn(self, call_id: str) -> asyncio.Lock:
        return self._turns.setdefault(call_id, asyncio.Lock())

    def _known(self, call: Call) -> Sequence[Gap]:
        written = self._written.get(call.id, ())
        return written if len(written) >= len(call.gaps) else call.gaps

    def _recorded(self, call_id: str) -> tuple[Call, Leg]:
        """The call and the leg that is recorded: the client's."""
        call = self._calls.get(call_id)
        if call is None:
            raise NotFound(CHANNEL_GONE)
        leg = next((one for one in call.legs if one.role == "client" and one.ended_at is None), None)
        if call.recording is None or leg is None:
            raise Conflict(NOT_RECORDED, code="not_recorded")
        return call, leg

    async def _write(self, call_id: str, leg: Leg, wanted: list[Gap]) -> None:
        await self._gateway.set_variable(leg.channel, gaps.VARIABLE, gaps.write(wanted))
        self._written[call_id] = wanted
