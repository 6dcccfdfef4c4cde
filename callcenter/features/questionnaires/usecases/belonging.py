"""Answers follow their client: to another card, into what is given out on a person, and away with him (PLT-08)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import api as privacy
from callcenter.features.questionnaires.models import Filled
from callcenter.plugin import Services


async def move(session: AsyncSession, from_ids: Collection[int], to_id: int) -> None:
    """Hangs the answers of some cards on another one."""
    await session.execute(update(Filled).where(Filled.contact_id.in_(list(from_ids))).values(contact_id=to_id))


async def erase(session: AsyncSession, ids: Collection[int]) -> list[str]:
    """Deletes the answers of cards."""
    await session.execute(delete(Filled).where(Filled.contact_id.in_(list(ids))))
    return []


async def held(here: Services, session: AsyncSession, person: privacy.Person) -> privacy.Held:
    """What the person answered."""
    rows = await session.scalars(select(Filled).where(Filled.contact_id == person.contact_id).order_by(Filled.id))
    return privacy.Held({"questionnaires": [privacy.as_json(row) for row in rows]}, [])


async def erase_person(here: Services, business_id: int, person: privacy.Person) -> dict[str, int]:
    """Deletes what the person answered."""
    async with here.db.business(business_id) as session:
        count = await session.scalar(select(func.count()).where(Filled.contact_id == person.contact_id)) or 0
        await erase(session, [person.contact_id])
    return {"questionnaires": count}


MERGER = contacts.Merger("questionnaires", move, erase)
PART = privacy.Part("questionnaires", held, erase_person)
