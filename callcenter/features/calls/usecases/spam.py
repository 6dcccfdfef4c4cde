"""Marks a caller's number as spam, or takes the mark off: its calls, also those to come, leave the lists (TEL-13)."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, NotFound
from callcenter.core.events import SpamMarked
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls.models import CallRecord, SpamNumber
from callcenter.features.calls.queries.lists import may_see
from callcenter.features.calls.queries.spam import spam_numbers
from callcenter.features.calls.usecases.dial import scope_of
from callcenter.http.current import Current
from callcenter.plugin import Services


class SpamForm(msgspec.Struct, kw_only=True):
    """Whether the call's number is spam."""

    spam: bool = True


class SpamView(msgspec.Struct, kw_only=True):
    """A call's number and whether it is spam now."""

    id: str
    number: str
    spam: bool


async def mark(services: Services, person: Current, call_id: str, spam: bool) -> SpamView:
    """Marks the outside number of a call that the person may see. Conflict where there is no number to mark."""
    async with services.db.business(person.business_id) as session:
        if not await may_see(session, call_id, scope_of(person)):
            raise NotFound(N_("This call is not there."))
        number, direction = (
            await session.execute(
                select(CallRecord.client_number, CallRecord.direction).where(CallRecord.id == call_id)
            )
        ).one()
        if direction == "internal" or not number.startswith("+"):
            raise Conflict(N_("This call has no outside number that could be marked."), code="no_number")
        await _set(session, services, person, number, spam)
        await accounts.audit(session, person, "spam.mark" if spam else "spam.unmark", "call", call_id, number=number)
    services.bus.publish(
        SpamMarked(at=services.clock.epoch(), business_id=person.business_id, number=number, spam=spam)
    )
    return SpamView(id=call_id, number=number, spam=spam)


async def _set(session: AsyncSession, services: Services, person: Current, number: str, spam: bool) -> None:
    known = number in await spam_numbers(session, {number})
    if spam and not known:
        row = {"number": number, "marked_by": person.membership_id, "marked_at": services.clock.now()}
        await session.execute(insert(SpamNumber), [row])
    elif not spam:
        await session.execute(delete(SpamNumber).where(SpamNumber.number == number))
    await session.execute(update(CallRecord).where(CallRecord.client_number == number).values(spam=spam))
