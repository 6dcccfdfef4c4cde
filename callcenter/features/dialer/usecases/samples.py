"""Kept greetings of people and machines that lists have called: listened to, judged, and removed in time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from callcenter.features.dialer.models import DialAttempt
from callcenter.plugin import Services
from callcenter.telephony.asterisk.instance import Instance

KEPT = timedelta(days=30)
PORTION = 500


def file_of(services: Services, call_id: str) -> Path:
    """Where the greeting of a call is."""
    return Instance.from_settings(services.settings).samples / f"{call_id}.wav"


async def remove(services: Services, call_ids: Collection[str]) -> None:
    """Removes the sound of these calls' greetings; being gone already is fine."""
    files = [file_of(services, one) for one in call_ids]

    def unlink() -> None:
        for file in files:
            file.unlink(missing_ok=True)

    await asyncio.to_thread(unlink)


async def prune(services: Services) -> None:
    """Removes greetings that are older than 30 days; what was heard in them stays."""
    old = services.clock.now() - KEPT
    while True:
        async with services.db.system() as session:
            unheard = (DialAttempt.sampled, DialAttempt.heard == "", DialAttempt.placed_at < old)
            found = select(DialAttempt.id, DialAttempt.call_id).where(*unheard).limit(PORTION)
            rows = (await session.execute(found)).all()
            if rows:
                await session.execute(
                    update(DialAttempt)
                    .where(DialAttempt.id.in_([one for one, _ in rows]))
                    .values(sampled=False)
                    .execution_options(synchronize_session=False)
                )
        await remove(services, [call_id for _, call_id in rows])
        if len(rows) < PORTION:
            break
    await _leftovers(services, old.timestamp())


async def _leftovers(services: Services, before: float) -> None:
    """Files of judged greetings, and of calls that are in no list any more."""
    folder = Instance.from_settings(services.settings).samples

    def sweep() -> None:
        for file in folder.glob("*.wav"):
            if file.stat().st_mtime < before:
                file.unlink(missing_ok=True)

    await asyncio.to_thread(sweep)
