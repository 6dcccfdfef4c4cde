"""Recordings of calls are given out, or go for good with every copy (REC-10, PLT-08)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from callcenter.features.recordings import rules
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.usecases.converting import pipeline
from callcenter.features.recordings.usecases.listening import listening
from callcenter.plugin import Services

_CHUNK = 500


async def files(here: Services, session: AsyncSession, call_ids: Collection[str]) -> list[tuple[str, Path]]:
    """The files of calls' recordings: (name for an archive, where it lies)."""
    folder = here.settings.recordings_dir
    return [
        (f"recordings/{row.started_at:%Y-%m-%d-%H%M%S}-{row.id}{Path(row.file).suffix}", folder / row.file)
        for row in await _rows(session, call_ids)
        if row.file and rules.inside(row.file)
    ]


async def erase(session: AsyncSession, call_ids: Collection[str]) -> list[str]:
    """Deletes the recordings of calls; returns what ``tidy`` removes once this is committed (JSON-ready)."""
    left = _items(await _rows(session, call_ids))
    calls = list(call_ids)
    for start in range(0, len(calls), _CHUNK):
        await session.execute(delete(Recording).where(Recording.call_id.in_(calls[start : start + _CHUNK])))
    return left


async def erase_now(here: Services, business_id: int, call_ids: Collection[str]) -> int:
    """Deletes the recordings of calls, files first: after a break the rows still say which they were. Says how many."""
    async with here.db.business(business_id) as session:
        items = _items(await _rows(session, call_ids))
    await tidy(here, items)
    async with here.db.business(business_id) as session:
        await erase(session, call_ids)
    return len(items)


async def tidy(here: Services, items: list[str]) -> None:
    """Removes the files of erased recordings: the finished one, copies of it, and what Asterisk wrote."""
    if not items:
        return
    spool = await pipeline(here).find_spool()
    copies = listening(here).copies
    for item in items:
        recording_id, stem, file = item.split("|", 2)
        if file and rules.inside(file):
            await asyncio.to_thread((here.settings.recordings_dir / file).unlink, missing_ok=True)
        await asyncio.to_thread(_forget_copies, copies.folder, recording_id)
        if spool is not None and rules.valid_stem(stem):
            await asyncio.to_thread(spool.remove, stem)


def _forget_copies(folder: Path, recording_id: str) -> None:
    for path in folder.glob(f"{int(recording_id)}-*"):
        path.unlink(missing_ok=True)


def _items(rows: list[Recording]) -> list[str]:
    return [f"{row.id}|{row.stem}|{row.file}" for row in rows]


async def _rows(session: AsyncSession, call_ids: Collection[str]) -> list[Recording]:
    found: list[Recording] = []
    calls = list(call_ids)
    for start in range(0, len(calls), _CHUNK):
        part = calls[start : start + _CHUNK]
        statement = select(Recording).where(Recording.call_id.in_(part)).options(defer(Recording.peaks, raiseload=True))
        found += await session.scalars(statement)
    return found
