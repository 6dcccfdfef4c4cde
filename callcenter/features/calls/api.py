"""The door to the call log for other features."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call
from callcenter.features.calls.queries import lists, stored, views
from callcenter.features.calls.queries.agent_day import AgentDay, CallBack, ResultCount, agent_day, to_call_back
from callcenter.features.calls.queries.lists import Page, Scope, may_see
from callcenter.features.calls.queries.outcomes import add_outcomes
from callcenter.features.calls.queries.queue_day import QueueCall, QueueHour, queue_calls, queue_hours
from callcenter.features.calls.queries.spam import marked_as_spam, spam_numbers
from callcenter.features.calls.queries.stored import Made
from callcenter.features.calls.queries.views import Named, call_view
from callcenter.features.calls.rules.filters import Filters
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases.adding import Part, add_part
from callcenter.features.calls.usecases.dial import Outgoing, outgoing, place, rings_outside, scope_of
from callcenter.features.calls.usecases.log import CallLog
from callcenter.features.calls.usecases.messages import WAYS as MESSAGE_WAYS
from callcenter.features.calls.usecases.messages import Message
from callcenter.features.calls.usecases.pausing import limit_of as pause_limit
from callcenter.features.calls.usecases.pausing import set_limit as set_pause_limit
from callcenter.features.calls.usecases.store import store
from callcenter.features.calls.usecases.taking import Taken, log_mine, log_now, taken, talked
from callcenter.features.contacts import api as contacts
from callcenter.live.views import CallView, ContactBrief
from callcenter.plugin import Services
from callcenter.storage.scope import SCOPE

__all__ = [
    "MESSAGE_WAYS", "AgentDay", "CallBack", "Filters", "Made", "Message", "Outgoing", "Page", "Part", "QueueCall",
    "QueueHour", "ResultCount", "Scope", "Taken", "add_outcomes", "add_part", "add_past", "agent_day", "calls",
    "ended_with_step", "going_on", "last_agent", "last_made", "last_out", "log_mine", "log_now", "logged",
    "marked_as_spam", "may_see", "outgoing", "pause_limit", "place", "queue_calls", "queue_hours", "result_of",
    "rings_outside", "scope_of", "set_pause_limit", "spam_numbers", "stored_call", "taken", "talked", "to_call_back",
    "views_of", "with_step",
]  # fmt: skip


async def calls(session: AsyncSession, wanted: Filters, scope: Scope, page: int = 1, per_page: int = 30) -> Page:
    """A page of the calls that match ``wanted`` and that ``scope`` may see, newest first, with their total."""
    return await lists.page(session, wanted, scope, page, per_page)


async def views_of(session: AsyncSession, page: Page) -> list[CallView]:
    """The page's calls as the API shows them."""
    people = await lists.involved(session, [record.id for record in page.records])
    named: Named = await views.names_for(session, page.records, people)
    return [call_view(record, people.get(record.id, ()), named) for record in page.records]


async def add_past(session: AsyncSession, past: Collection[Call], *, demo: bool = False) -> None:
    """Writes calls that are over into the log of the session's business, with cards for unknown numbers."""
    pictures: Sequence[Picture] = [Picture(call, "live") for call in past]
    await store(session, pictures, demo=demo)


async def logged(services: Services, call: Call) -> None:
    """Waits until what is known of ``call`` stands in the log (for rows that point at it)."""
    writer = services.part(CallLog, CallLog)
    writer.put(Picture(call, "live"))
    await writer.written(call.id)


async def with_step(session: AsyncSession, ids: Collection[str], kind: str) -> list[Call]:
    """Those of the calls ``ids`` in whose story there is a step of ``kind``."""
    found = await stored.stored(session, await stored.with_step(session, ids, kind))
    return [stored.picture(one).call for one in found.values()]


async def ended_with_step(session: AsyncSession, kind: str, since: datetime) -> list[tuple[int, str]]:
    """Businesses and ids of ended calls that began after ``since`` and have a step of ``kind``; a system session."""
    return await stored.ended_with_step(session, kind, since)


async def result_of(session: AsyncSession, call_id: str) -> str | None:
    """How a call ended; None when it goes on or is not in the log."""
    row = await stored.one(session, call_id)
    return row.record.result if row is not None else None


async def stored_call(session: AsyncSession, call_id: str) -> Call | None:
    """A call as the log knows it, or None when it knows none of this id."""
    row = await stored.one(session, call_id)
    return stored.picture(row).call if row is not None else None


async def last_agent(session: AsyncSession, number: str, since: datetime) -> int | None:
    """The agent who talked last with an outside number (E.164), in calls that began after ``since``."""
    return await stored.last_agent(session, number, since)


async def last_out(services: Services, session: AsyncSession, agent_id: int, contact_id: int, since: datetime) -> str:
    """The id of the last call that an agent made to a contact, begun at ``since`` or later, also one that goes on;
    '' when there is none.
    """
    business_id = int(session.info[SCOPE])
    view = services.live.agent(business_id, agent_id)
    call = services.live.call(business_id, view.call_id) if view is not None and view.call_id else None
    if call is not None and call.direction == "out" and contacts.outside(call.client_number):
        party = await contacts.find_by_number(session, call.client_number)
        if party is not None and party.id == contact_id:
            return call.id
    return await stored.last_out(session, agent_id, contact_id, since) or ""


async def last_made(session: AsyncSession, agent_id: int, since: datetime) -> Made | None:
    """The last call that an agent made to a contact, begun at ``since`` or later."""
    return await stored.last_made(session, agent_id, since)


class GoingOn(NamedTuple):
    """A call that went on at a past moment, with all that is known of it, and who the outside party is."""

    call: Call
    contact: ContactBrief | None


async def going_on(session: AsyncSession, at: datetime) -> list[GoingOn]:
    """The calls that went on at a moment."""
    rows = await stored.stored(session, await stored.going_on(session, at))
    ids = {one.record.contact_id for one in rows.values() if one.record.contact_id is not None}
    known = await contacts.briefs(session, ids)
    return [GoingOn(stored.picture(one).call, known.get(one.record.contact_id or 0)) for one in rows.values()]
