"""Places in dial lists follow their client's card when it is merged, and go with it when it is erased."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.dialer.models import DialAttempt, DialEntry, DoNotCall
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.usecases import samples
from callcenter.features.privacy import api as privacy
from callcenter.features.prompts import api as prompts
from callcenter.plugin import Services


async def move(session: AsyncSession, from_ids: Collection[int], to_id: int) -> None:
    """Hangs the places on another card; a list in which that card stands already keeps the one."""
    there = select(DialEntry.list_id).where(DialEntry.contact_id == to_id)
    taken = set(await session.scalars(there))
    mine = select(DialEntry).where(DialEntry.contact_id.in_(from_ids)).order_by(DialEntry.id)
    for entry in await session.scalars(mine):
        if entry.list_id in taken:
            continue
        taken.add(entry.list_id)
        entry.contact_id = to_id
    await session.flush()


async def erase(session: AsyncSession, ids: Collection[int]) -> list[str]:
    """Deletes the places with the numbers that were called; the calls whose greetings are still kept."""
    his = select(DialEntry.id).where(DialEntry.contact_id.in_(ids))
    heard = select(DialAttempt.call_id).where(DialAttempt.sampled, DialAttempt.entry_id.in_(his))
    sounds = list(await session.scalars(heard))
    await session.execute(
        delete(DialEntry).where(DialEntry.contact_id.in_(ids)).execution_options(synchronize_session=False)
    )
    return sounds


async def held(here: Services, session: AsyncSession, person: privacy.Person) -> privacy.Held:
    """In which lists the person is, and every call that they made to him."""
    mine = select(DialEntry).where(DialEntry.contact_id == person.contact_id).order_by(DialEntry.id)
    entries = list(await session.scalars(mine))
    made = select(DialAttempt).where(DialAttempt.entry_id.in_([one.id for one in entries])).order_by(DialAttempt.id)
    refused = select(DoNotCall).where(DoNotCall.e164.in_(person.numbers)).order_by(DoNotCall.id)
    return privacy.Held(
        {
            "dial_lists": [privacy.as_json(row) for row in entries],
            "dial_attempts": [privacy.as_json(row) for row in await session.scalars(made)],
            "do_not_call": [privacy.as_json(row) for row in await session.scalars(refused)],
        },
        [],
    )


async def erase_person(here: Services, business_id: int, person: privacy.Person) -> dict[str, int]:
    """Deletes his places in lists with the attempts. That he must not be called stays: it is for his own good."""
    async with here.db.business(business_id) as session:
        mine = select(func.count()).select_from(DialEntry).where(DialEntry.contact_id == person.contact_id)
        count = await session.scalar(mine) or 0
        await erase(session, [person.contact_id])
    return {"dial_lists": count}


async def plays(session: AsyncSession, prompt: str) -> list[prompts.Use]:
    """The lists that play a prompt, so that it is not deleted under a client's ear."""
    return [
        prompts.Use(title=one.title, link=f"/dialer/{one.id}") for one in await team_queries.playing(session, prompt)
    ]


MERGER = contacts.Merger("dialer", move, erase, samples.remove)
PART = privacy.Part("dialer", held, erase_person)
