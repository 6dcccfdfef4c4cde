"""Letters follow their client: to another card, into what is given out on a person, and away with him (PLT-08)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.mail.models import SentLetter
from callcenter.features.mail.usecases import files
from callcenter.features.mail.usecases.letters import holder
from callcenter.features.privacy import api as privacy
from callcenter.plugin import Services


async def move(session: AsyncSession, from_ids: Collection[int], to_id: int) -> None:
    """Hangs the letters to some cards on another one."""
    await session.execute(update(SentLetter).where(SentLetter.contact_id.in_(list(from_ids))).values(contact_id=to_id))


async def erase(session: AsyncSession, ids: Collection[int]) -> list[str]:
    """Deletes the letters to cards; their files are let go and swept soon after."""
    mine = SentLetter.contact_id.in_(list(ids))
    for letter_id in await session.scalars(select(SentLetter.id).where(mine)):
        await files.hold(session, holder(letter_id), [])
    await session.execute(delete(SentLetter).where(mine))
    return []


async def held(here: Services, session: AsyncSession, person: privacy.Person) -> privacy.Held:
    """What was written to the person."""
    rows = await session.scalars(
        select(SentLetter).where(SentLetter.contact_id == person.contact_id).order_by(SentLetter.id)
    )
    return privacy.Held({"letters": [privacy.as_json(row) for row in rows]}, [])


async def erase_person(here: Services, business_id: int, person: privacy.Person) -> dict[str, int]:
    """Deletes what was written to the person."""
    async with here.db.business(business_id) as session:
        count = await session.scalar(select(func.count()).where(SentLetter.contact_id == person.contact_id)) or 0
        await erase(session, [person.contact_id])
    await files.sweep(here)
    return {"letters": count}


MERGER = contacts.Merger("mail", move, erase)
PART = privacy.Part("mail", held, erase_person)
