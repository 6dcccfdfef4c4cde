"""Timed work of imports: files that nobody loads any more are forgotten."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update

from callcenter.features.imports.gateway import files
from callcenter.features.imports.models import Import
from callcenter.plugin import Services

KEEP = timedelta(hours=24)


async def tidy(services: Services) -> None:
    """Removes uploads that were not started within a day, and the rows of imports that can no longer go on."""
    before = services.clock.now() - KEEP
    async with services.db.system(quiet=True) as session:
        never = list(
            await session.scalars(select(Import).where(Import.state == "uploaded", Import.created_at < before))
        )
        ended = list(
            await session.scalars(
                select(Import).where(
                    Import.state.in_(("failed", "cancelled", "undone")), Import.file != "", Import.ended_at < before
                )
            )
        )
        if never:
            await session.execute(delete(Import).where(Import.id.in_([one.id for one in never])))
        if ended:
            await session.execute(update(Import).where(Import.id.in_([one.id for one in ended])).values(file=""))
        for one in (*never, *ended):
            files.remove(services.settings, one.file)
