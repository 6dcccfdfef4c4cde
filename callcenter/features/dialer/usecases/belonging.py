"""Places in dial lists follow their client's card when it is merged, and go with it when it is erased."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.dialer.models import DialAttempt, DialEntry
from callcenter.features.dialer.usecases import samples


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


MERGER = contacts.Merger("dialer", move, erase, samples.remove)
