"""What agents wrote on talks follows the client: to another card, into what is given out on him, and away (PLT-08)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import api as privacy
from callcenter.features.scripts.models import ScriptResult
from callcenter.plugin import Services


async def move(session: AsyncSession, from_ids: Collection[int], to_id: int) -> None:
    """Hangs the results of some cards' talks on another one."""
    await session.execute(
        update(ScriptResult).where(ScriptResult.contact_id.in_(list(from_ids))).values(contact_id=to_id)
    )


async def erase(session: AsyncSession, ids: Collection[int]) -> list[str]:
    """Takes the words about the client away; the outcome stays in the company's figures."""
    mine = ScriptResult.contact_id.in_(list(ids))
    await session.execute(update(ScriptResult).where(mine).values(contact_id=None, comment=""))
    return []


async def held(here: Services, session: AsyncSession, person: privacy.Person) -> privacy.Held:
    """How talks with the person ended."""
    mine = select(ScriptResult).where(ScriptResult.contact_id == person.contact_id).order_by(ScriptResult.id)
    return privacy.Held({"outcomes": [privacy.as_json(row) for row in await session.scalars(mine)]}, [])


async def erase_person(here: Services, business_id: int, person: privacy.Person) -> dict[str, int]:
    """Takes the words about the person away."""
    async with here.db.business(business_id) as session:
        await erase(session, [person.contact_id])
    return {}


MERGER = contacts.Merger("scripts", move, erase)
PART = privacy.Part("scripts", held, erase_person)
