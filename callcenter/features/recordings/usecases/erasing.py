"""Recordings of calls are given out, or deleted with every copy (PLT-08)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from callcenter.features.recordings import rules
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.usecases.converting import pipeline
from callcenter.features.recordings.usecases.listening import listening
from callcenter.plugin import Services


async def files(here: Services, session: AsyncSession, call_ids: Collection[str]) -> list[tuple[str, Path]]:
    """The files of calls' recordings: (name for an archive, where it lies)."""
    folder = here.settings.recordings_dir
    return [
        (f"recordings/{row.started_at:%Y-%m-%d-%H%M%S}-{row.id}{Path(row.file).suffix}", folder / row.file)
        for row in await _rows(session, call_ids)
        if row.file and rules.inside(row.file)
    ]


async def erase(here: Services, business_id: int, call_ids: Collection[str]) -> int:
    """Deletes the recordings of calls: the sound, its copies, what Asterisk left, the rows. Says how many."""
    async with here.db.business(business_id) as session:
        rows = await _rows(session, call_ids)
    if not rows:
        return 0
    # Files first: after a break the rows still say which they were.
    await asyncio.to_thread(_remove, here, rows, await pipeline(here).find_spool())
    async with here.db.business(business_id) as session:
        await session.execute(delete(Recording).where(Recording.id.in_([row.id for row in rows])))
    return len(rows)


def _remove(here: Services, rows: list[Recording], spool: Any) -> None:
    copies = listening(here).copies.folder
    for row in rows:
        if row.file and rules.inside(row.file):
            (here.settings.recordings_dir / row.file).unlink(missing_ok=True)
        for copy in copies.glob(f"{row.id}-*"):
            copy.unlink(missing_ok=True)
        if spool is not None and rules.valid_stem(row.stem):
            spool.remove(row.stem)


async def _rows(session: AsyncSession, call_ids: Collection[str]) -> list[Recording]:
    statement = select(Recording).where(Recording.call_id.in_(call_ids)).options(defer(Recording.peaks, raiseload=True))
    return list(await session.scalars(statement))
