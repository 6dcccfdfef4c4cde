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
from callcenter.features.calls.queries.queue_day import QueueCall, QueueHour, queue_calls, queue_hours
from callcenter.features.calls.queries.views import Named, call_view
from callcenter.features.calls.rules.filters import Filters
from callcenter.features.calls.rules.merging import Picture
from callcenter.features.calls.usecases.dial import scope_of
from callcenter.features.calls.usecases.log import CallLog
from callcenter.features.calls.usecases.pausing import limit_of as pause_limit
from callcenter.features.calls.usecases.pausing import set_limit as set_pause_limit
from callcenter.features.calls.usecases.store import store
from callcenter.features.contacts import api as contacts
from callcenter.live.views import CallView, ContactBrief
from callcenter.plugin import Services

__all__ = [
    "AgentDay", "CallBack", "Filters", "Page", "QueueCall", "QueueHour", "ResultCount", "Scope", "add_past",
    "agent_day", "calls", "going_on", "logged", "may_see", "pause_limit", "queue_calls", "queue_hours", "scope_of",
    "set_pause_limit", "to_call_back", "views_of",
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
    await writer.drained()


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
