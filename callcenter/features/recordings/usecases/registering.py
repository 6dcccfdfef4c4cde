"""Binding recordings to their calls."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.rules import Stretch, gaps_of, valid_stem

log = logging.getLogger(__name__)


class Told(NamedTuple):
    """What a call tells of its recording. ``stem`` names the raw files; ``gaps`` are (where, how long) in seconds."""

    stem: str
    call_id: str
    business_id: int
    agents: Collection[int]
    client_number: str
    started_at: datetime
    ended_at: datetime
    gaps: Sequence[Stretch] = ()


async def register(session: AsyncSession, calls: Iterable[Call]) -> dict[str, int]:
    """Binds ended calls' raw files to them; the conversion begins once the transaction is committed.

    Again and again without harm: later pictures of a call only add who talked. Returns the recordings' ids by call;
    one of which nothing was recorded (recording off, or nobody talked) is not in it. The calls' rows must be there, in
    this transaction at the latest; else NotFound (or, in a system session, IntegrityError).
    """
    return await bind(
        session,
        [
            Told(
                stem=call.recording,
                call_id=call.id,
                business_id=call.business_id,
                agents=call.agents,
                client_number=call.client_number,
                started_at=utc(call.started_at),
                ended_at=utc(call.ended_at if call.ended_at is not None else call.started_at),
                gaps=gaps_of(call.steps),
            )
            for call in calls
            if call.recording is not None and (call.answered_at is not None or call.talk_seconds > 0)
        ],
    )


async def bind(session: AsyncSession, told: Iterable[Told]) -> dict[str, int]:
    """As ``register``, from single values; a name that is no plain file name is left out (and logged)."""
    by_stem: dict[str, Told] = {}
    for one in told:
        if valid_stem(one.stem):
            by_stem.setdefault(one.stem, one)
        else:
            log.error("call %s names a recording that cannot be a file's name: %r", one.call_id, one.stem[:200])
    if not by_stem:
        return {}
    # Two tellers of one call (live and journal) may meet here: the second must not break the other's transaction.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    await session.execute(
        insert(Recording).on_conflict_do_nothing(index_elements=["stem"]), [_new(one) for one in by_stem.values()]
    )
    rows = await session.scalars(
        select(Recording).where(Recording.stem.in_(by_stem)).options(defer(Recording.peaks, raiseload=True))
    )
    found = {row.stem: row for row in rows}
    bound: dict[str, int] = {}
    for stem, one in by_stem.items():
        row = found.get(stem)
        if row is None or row.call_id != one.call_id:
            log.error("recording %s of call %s belongs to another call already", stem, one.call_id)
            continue
        if not set(one.agents) <= set(row.agents):
            row.agents = sorted({*row.agents, *one.agents})
        if one.gaps and row.state == "waiting":
            row.peaks = {"gaps": one.gaps}
        bound[one.call_id] = row.id
    return bound


def _new(one: Told) -> dict[str, Any]:
    return {
        "stem": one.stem,
        "business_id": one.business_id,
        "call_id": one.call_id,
        "agents": sorted(set(one.agents)),
        "client_number": one.client_number[:80],
        "started_at": one.started_at,
        "created_at": one.ended_at,
        "state": "waiting",
        "file": "",
        "size": 0,
        "duration": 0.0,
        "peaks": {"gaps": one.gaps} if one.gaps else {},
        "error": "",
        "attempts": 0,
    }
