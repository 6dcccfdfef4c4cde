"""Reads of recordings; waveforms are loaded only where they are shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from callcenter.features.recordings.models import Recording

# SQLite limits the number of values in one statement.
_CHUNK = 500
# The very words of the partial index, so that SQLite sees that it fits.
_OPEN = text("state <> 'ready'")


async def by_id(session: AsyncSession, recording_id: int) -> Recording | None:
    """The recording with its waveform, None when there is none in this session's business."""
    return (await session.scalars(select(Recording).where(Recording.id == recording_id))).one_or_none()


async def of_calls(session: AsyncSession, call_ids: Collection[str], *, waves: bool = False) -> dict[str, Recording]:
    """One recording a call: a ready one before others, the newest of several."""
    found: dict[str, Recording] = {}
    options = [] if waves else [defer(Recording.peaks, raiseload=True)]
    for chunk in _chunks(list(call_ids)):
        rows = await session.scalars(
            select(Recording).where(Recording.call_id.in_(chunk)).order_by(Recording.id).options(*options)
        )
        for row in rows:
            if row.state == "empty":
                continue
            before = found.get(row.call_id)
            if before is None or row.state == "ready" or before.state != "ready":
                found[row.call_id] = row
    return found


def messages() -> Select[str]:
    """The ids of calls in which a message was left."""
    return select(Recording.call_id).where(Recording.message, Recording.state == "ready")


async def by_stems(session: AsyncSession, stems: Collection[str], *, waves: bool = False) -> dict[str, Recording]:
    """Recordings by the name of their raw files."""
    found: dict[str, Recording] = {}
    options = [] if waves else [defer(Recording.peaks, raiseload=True)]
    for chunk in _chunks(list(stems)):
        rows = await session.scalars(select(Recording).where(Recording.stem.in_(chunk)).options(*options))
        found.update((row.stem, row) for row in rows)
    return found


async def unfinished(session: AsyncSession, *, before: datetime, limit: int = 500) -> list[Recording]:
    """Recordings made before a moment that are still waiting or failed, oldest first."""
    rows = await session.scalars(
        select(Recording)
        .where(_OPEN, Recording.created_at < before)
        .order_by(Recording.created_at)
        .limit(limit)
        .options(defer(Recording.peaks, raiseload=True))
    )
    return list(rows)


async def stuck(session: AsyncSession, attempts: int) -> dict[int, int]:
    """How many recordings each business has whose conversion failed at least ``attempts`` times."""
    rows = await session.execute(
        select(Recording.business_id).where(_OPEN, Recording.state == "failed", Recording.attempts >= attempts)
    )
    counts: dict[int, int] = {}
    for (business_id,) in rows:
        counts[business_id] = counts.get(business_id, 0) + 1
    return counts


def _chunks(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[i : i + _CHUNK] for i in range(0, len(values), _CHUNK)]
