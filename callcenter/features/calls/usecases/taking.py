"""A call for who works on it: whose it is, with whom, whether it goes on; live or out of the log."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.clock import utc
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.features.calls.models import CallAgent, CallRecord
from callcenter.features.calls.queries.lists import may_see
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases.dial import scope_of
from callcenter.features.calls.usecases.log import CallLog
from callcenter.features.contacts import api as contacts
from callcenter.http.current import Current
from callcenter.plugin import Services

GONE = N_("This call is not there.")


class Taken(NamedTuple):
    """A call. ``mine``: the person talked in it or dialled it; ``ended_at`` None = it goes on."""

    id: str
    direction: str
    number_id: int | None
    client_number: str
    contact_id: int | None
    mine: bool
    ended_at: datetime | None

    def writable(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether the person may write what came of his talk: while it goes on, and on the day of its end."""
        over = self.ended_at
        return self.mine and (over is None or over.astimezone(zone).date() == now.astimezone(zone).date())


async def taken(services: Services, session: AsyncSession, person: Current, call_id: str) -> Taken:
    """The call, for who takes part in it, is rung by it, or may see it in the log. Raises NotFound."""
    # Memory first: a call that leaves it meanwhile would be in neither.
    live = services.live.call(person.business_id, call_id)
    live = live or services.part(CallLog, CallLog).unwritten(person.business_id, call_id)
    row = await session.scalar(select(CallRecord).where(CallRecord.id == call_id))
    if live is not None:
        mine = person.agent_id is not None and person.agent_id in (live.agent_id, *live.agents)
        rung = person.agent_id is not None and person.agent_id in live.rung
        if not (mine or rung or person.can("calls.all")):
            raise NotFound(GONE)
        contact_id = row.contact_id if row else None
        if contact_id is None and contacts.outside(live.client_number):
            contact = await contacts.find_by_number(session, live.client_number)
            contact_id = contact.id if contact else None
        ended = utc(live.ended_at) if live.ended_at is not None else None
        return Taken(call_id, live.direction, live.number_id, live.client_number, contact_id, mine, ended)
    if row is None or not await may_see(session, call_id, scope_of(person)):
        raise NotFound(GONE)
    took_part = await session.scalar(
        select(CallAgent.id).where(
            CallAgent.call_id == call_id,
            CallAgent.agent_id == person.agent_id,
            CallAgent.talked | (row.direction == "out"),
        )
    )
    mine = person.agent_id is not None and (took_part is not None or row.agent_id == person.agent_id)
    ended_at = row.ended_at or row.started_at
    return Taken(call_id, row.direction, row.number_id, row.client_number, row.contact_id, mine, ended_at)


async def log_now(services: Services, person: Current, call_id: str) -> None:
    """Waits until all that is known of a call stands in the log, for rows that point at it.

    To be awaited before a session is opened: the log may have to write.
    """
    writer = services.part(CallLog, CallLog)
    call = services.live.call(person.business_id, call_id)
    if call is not None:
        writer.put(Picture(call, "live"))
    if call is not None or writer.unwritten(person.business_id, call_id) is not None:
        await writer.written(call_id)


async def log_mine(services: Services, person: Current) -> None:
    """Waits until the person's calls that are over stand in the log; to be awaited before a session is opened."""
    if person.agent_id is not None:
        writer = services.part(CallLog, CallLog)
        for call_id in writer.unwritten_of(person.business_id, person.agent_id):
            await writer.written(call_id)


async def talked(session: AsyncSession, call_ids: list[str]) -> set[str]:
    """Those of the calls in which somebody talked with the client (``answered``)."""
    found = await session.scalars(
        select(CallRecord.id).where(CallRecord.id.in_(call_ids), CallRecord.result == "answered")
    )
    return set(found)
