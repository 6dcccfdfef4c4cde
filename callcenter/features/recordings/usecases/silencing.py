"""Calls of operators whose recording is off (REC-03): nothing is written of them, and nothing is kept.

What an operator dials himself the dialplan does not record at all. Who takes a call from outside is known only when he
answers: the recording ends in that moment and what there is of it goes. Were our server or the link away then, the call
log settles it: such a recording is never kept (``registering``).
"""

from __future__ import annotations

import asyncio
import logging

from callcenter.core.calls import Call
from callcenter.core.errors import ProductError
from callcenter.features.numbers import api as numbers
from callcenter.features.recordings.usecases.converting import pipeline
from callcenter.plugin import Services

log = logging.getLogger(__name__)

_TABLES = frozenset({"number_operators"})


class Silence:
    """Who is not recorded by which number, read again when it changed; and what was seen of calls that go on."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: tuple[int, dict[int, numbers.Use]] | None = None
        self.seen: dict[str, set[int]] = {}

    async def uses(self) -> dict[int, numbers.Use]:
        """Numbers that have operators."""
        state = self._services.db.changes.of(_TABLES)
        if self._known is None or self._known[0] != state:
            async with self._services.db.system() as session:
                self._known = (state, await numbers.uses(session))
        return self._known[1]


def silence(services: Services) -> Silence:
    """The one object of this process."""
    return services.part(Silence, Silence)


async def look(services: Services, call: Call) -> None:
    """Ends the recording of a call when somebody has come into the talk whose calls by its number are not recorded."""
    if call.recording is None or call.number_id is None or call.ended_at is not None:
        return
    talking = [leg.agent_id for leg in call.legs if leg.agent_id and leg.bridged_at and leg.ended_at is None]
    here = silence(services)
    seen = here.seen.setdefault(call.id, set())
    fresh = [one for one in talking if one not in seen]
    if not fresh:
        return
    before = bool(seen)
    seen.update(fresh)
    uses = await here.uses()
    if not any(numbers.unrecorded(uses, call.number_id, one) for one in fresh):
        return
    try:
        # What a recorded colleague has said before stays.
        stem = await services.telephony.pausing.stop(call.id, keep=before)
    except ProductError as error:
        log.warning("the recording of call %s could not be ended: %s", call.id, error)
        return
    spool = await pipeline(services).find_spool()
    if stem and not before and spool is not None:
        await asyncio.to_thread(spool.remove, stem)


def forget(services: Services, call_id: str) -> None:
    """The call is over."""
    silence(services).seen.pop(call_id, None)
