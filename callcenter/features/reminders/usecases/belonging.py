"""Reminders follow their client: to another card, into what is given out on a person, and away with him (PLT-08)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import api as privacy
from callcenter.features.reminders.models import Reminder
from callcenter.plugin import Services


async def move(session: AsyncSession, from_ids: Collection[int], to_id: int) -> None:
    """Hangs the reminders of some cards on another one."""
    await session.execute(update(Reminder).where(Reminder.contact_id.in_(list(from_ids))).values(contact_id=to_id))


async def erase(session: AsyncSession, ids: Collection[int]) -> list[str]:
    """Deletes the reminders of cards."""
    await session.execute(delete(Reminder).where(Reminder.contact_id.in_(list(ids))))
    return []


async def held(here: Services, session: AsyncSession, person: privacy.Person) -> privacy.Held:
    """What reminds of the person."""
    rows = await session.scalars(
        select(Reminder).where(Reminder.contact_id == person.contact_id).order_by(Reminder.id)
    )  # fmt: skip
    return privacy.Held({"reminders": [privacy.as_json(row) for row in rows]}, [])


async def erase_person(here: Services, business_id: int, person: privacy.Person) -> dict[str, int]:
    """Deletes what reminds of the person."""
    async with here.db.business(business_id) as session:
        count = await session.scalar(select(func.count()).where(Reminder.contact_id == person.contact_id)) or 0
        await erase(session, [person.contact_id])
    return {"reminders": count}


MERGER = contacts.Merger("reminders", move, erase)
PART = privacy.Part("reminders", held, erase_person)
