"""The calls of a card go over to another one when cards become one, and lose their recordings when it is deleted.

The log itself keeps its rows: the company's figures must not change because a card was a duplicate.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.calls.models import CallRecord
from callcenter.features.contacts import api as contacts
from callcenter.features.recordings import api as recordings


async def move(session: AsyncSession, from_ids: Collection[int], to_id: int) -> None:
    """Hangs all calls of some cards on another one; their recordings hang on the calls and so go with them."""
    await session.execute(update(CallRecord).where(CallRecord.contact_id.in_(list(from_ids))).values(contact_id=to_id))
    await recount(session, [to_id])


async def recount(session: AsyncSession, contact_ids: Collection[int]) -> None:
    """Tells the cards when the last call of theirs was that is in the log now, and the last one to them."""
    rows = await session.execute(
        select(CallRecord.contact_id, CallRecord.direction, func.max(CallRecord.started_at))
        .where(CallRecord.contact_id.in_(list(contact_ids)))
        .group_by(CallRecord.contact_id, CallRecord.direction)
    )
    last: dict[int, datetime | None] = dict.fromkeys(contact_ids)
    made: dict[int, datetime | None] = dict.fromkeys(contact_ids)
    for contact_id, direction, at in rows:
        if contact_id is None:
            continue
        before = last[contact_id]
        last[contact_id] = at if before is None else max(before, at)
        if direction == "out":
            made[contact_id] = at
    await contacts.calling.recount(session, last, made)


async def erase(session: AsyncSession, ids: Collection[int]) -> list[str]:
    """Takes the recordings of the cards' calls away (REC-10), and what was written about the person."""
    calls = list(await session.scalars(select(CallRecord.id).where(CallRecord.contact_id.in_(list(ids)))))
    await session.execute(
        update(CallRecord).where(CallRecord.contact_id.in_(list(ids))).values(contact_id=None, comment="")
    )
    return await recordings.erase(session, calls)


async def count(session: AsyncSession, ids: Collection[int]) -> dict[int, int]:
    """How many calls each card has."""
    rows = await session.execute(
        select(CallRecord.contact_id, func.count())
        .where(CallRecord.contact_id.in_(list(ids)))
        .group_by(CallRecord.contact_id)
    )
    return {contact_id: number for contact_id, number in rows if contact_id is not None}


MERGER = contacts.Merger("calls", move, erase, recordings.tidy, count)
