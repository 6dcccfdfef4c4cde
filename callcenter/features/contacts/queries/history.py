"""Reads of a client's history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import ContactEvent
from callcenter.features.contacts.rules.history import FILTERS


async def events(
    session: AsyncSession, contact_id: int, kind: str, until: datetime | None, limit: int
) -> list[ContactEvent]:
    """Entries at ``until`` or before (None = all), newest first; ``kind`` '' = all, 'other' = those with no filter."""
    found = select(ContactEvent).where(ContactEvent.contact_id == contact_id)
    if until is not None:
        found = found.where(ContactEvent.at <= until)
    if kind == "other":
        found = found.where(ContactEvent.kind.not_in(FILTERS))
    elif kind:
        found = found.where(ContactEvent.kind == kind)
    found = found.order_by(ContactEvent.at.desc(), ContactEvent.id.desc()).limit(limit)
    return list(await session.scalars(found))


async def event(session: AsyncSession, contact_id: int, event_id: int) -> ContactEvent | None:
    """One entry of the contact's history."""
    found = select(ContactEvent).where(ContactEvent.contact_id == contact_id, ContactEvent.id == event_id)
    return await session.scalar(found)
