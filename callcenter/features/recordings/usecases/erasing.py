"""Recordings go for good: their rows in the caller's transaction, their files after its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.recordings import rules
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.usecases.converting import pipeline
from callcenter.features.recordings.usecases.listening import listening
from callcenter.plugin import Services

_CHUNK = 500


async def erase(session: AsyncSession, call_ids: Collection[str]) -> list[str]:
    """Deletes the recordings of calls; returns what ``tidy`` removes once this is committed (JSON-ready)."""
    left: list[str] = []
    calls = list(call_ids)
    for start in range(0, len(calls), _CHUNK):
        part = calls[start : start + _CHUNK]
        rows = await session.execute(
            select(Recording.id, Recording.stem, Recording.file).where(Recording.call_id.in_(part))
        )
        left += [f"{recording_id}|{stem}|{file}" for recording_id, stem, file in rows]
        await session.execute(delete(Recording).where(Recording.call_id.in_(part)))
    return left


async def tidy(services: Services, items: list[str]) -> None:
    """Removes the files of erased recordings: the finished one, copies of it, and what Asterisk wrote."""
    if not items:
        return
    pipe = pipeline(services)
    spool = await pipe.find_spool()
    copies = listening(services).copies
    for item in items:
        recording_id, stem, file = item.split("|", 2)
        if rules.inside(file):
            await asyncio.to_thread((services.settings.recordings_dir / file).unlink, missing_ok=True)
        await asyncio.to_thread(_forget_copies, copies.folder, recording_id)
        if spool is not None and rules.valid_stem(stem):
            await asyncio.to_thread(spool.remove, stem)


def _forget_copies(folder: Path, recording_id: str) -> None:
    for path in folder.glob(f"{int(recording_id)}-*"):
        path.unlink(missing_ok=True)
