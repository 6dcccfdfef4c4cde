"""People are told when somebody else merged or deleted their clients (IMP-34)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.api import Contact
from callcenter.features.duplicates.models import DuplicateNotice
from callcenter.features.work.api import Run

# So many cards are named; the rest is only counted.
NAMED = 20


async def note(session: AsyncSession, run: Run, cards: Iterable[Contact], at: datetime) -> None:
    """Notes for each responsible member but the job's owner that these cards of his are merged or deleted."""
    of: dict[int, list[Contact]] = {}
    for one in cards:
        if one.responsible_id is not None and one.responsible_id != run.owner_id:
            of.setdefault(one.responsible_id, []).append(one)
    for membership_id, some in sorted(of.items()):
        row = await session.scalar(
            select(DuplicateNotice).where(
                DuplicateNotice.job_id == run.job_id, DuplicateNotice.membership_id == membership_id
            )
        )
        if row is None:
            row = DuplicateNotice(
                membership_id=membership_id,
                author_id=run.owner_id,
                job_id=run.job_id,
                action=run.params["action"],
                count=0,
                cards=[],
                at=at,
            )
            session.add(row)
        row.count += len(some)
        row.cards = [*row.cards, *({"name": one.name, "number": one.number} for one in some)][:NAMED]
        # What is added after somebody has read it is new to him.
        row.seen_at = None
    await session.flush()


async def seen(session: AsyncSession, membership_id: int, at: datetime) -> None:
    """Marks everything as read."""
    await session.execute(
        update(DuplicateNotice)
        .where(DuplicateNotice.membership_id == membership_id, DuplicateNotice.seen_at.is_(None))
        .values(seen_at=at)
    )
