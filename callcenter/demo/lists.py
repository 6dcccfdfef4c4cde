"""The demo's dial list: begun yesterday, paused, anybody may continue it."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.demo.world import Demo
from callcenter.features.dialer.models import DialEntry, DialList
from callcenter.features.dialer.rules import lists, outcomes

TITLE = "Сервис окон, осень"
CLIENTS, CALLED = 60, 24


async def add_lists(session: AsyncSession, demo: Demo, now: datetime) -> None:
    """One list of the first clients, of whom some were called."""
    dice, began = Random(11), now - timedelta(days=1)
    row = DialList(
        business_id=demo.business_id,
        title=TITLE,
        pause=20,
        status=lists.PAUSED,
        creator_id=demo.members.get("supervisor"),
        filter={"quick": [{"field": "has_phone", "op": "yes"}]},
        filled=True,
        retry={outcomes.NO_ANSWER: [3600, 1]},
        created_at=began,
        started_at=began,
    )
    session.add(row)
    await session.flush()
    counts: dict[str, int] = {}
    for place, (contact_id, _, _) in enumerate(demo.clients[:CLIENTS], 1):
        called = place <= CALLED
        said = dice.choices((outcomes.ANSWERED, outcomes.NO_ANSWER, outcomes.BUSY), (6, 3, 1))[0] if called else ""
        state = lists.DONE if called else lists.DUE
        entry = DialEntry(business_id=demo.business_id, list_id=row.id, contact_id=contact_id, position=place)
        entry.state, entry.outcome, entry.tries = state, said, int(called)
        session.add(entry)
        key = lists.bucket(state, said)
        counts[key] = counts.get(key, 0) + 1
    row.counts, row.total = counts, sum(counts.values())
    await session.flush()
