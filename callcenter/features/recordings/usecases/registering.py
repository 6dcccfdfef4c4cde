"""Binding a recording to its call."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.rules import Stretch, gaps_of, valid_stem

log = logging.getLogger(__name__)


async def register(session: AsyncSession, call: Call) -> int | None:
    """Binds an ended call's raw files to it; the conversion begins once the transaction is committed.

    Again and again without harm: later pictures of the call only add who talked. Returns the recording's id, or None
    when nothing was recorded (recording off, or nobody talked). The call's row must be there, in this transaction at
    the latest; else NotFound (or, in a system session, IntegrityError).
    """
    if call.recording is None or (call.answered_at is None and call.talk_seconds <= 0):
        return None
    return await bind(
        session,
        stem=call.recording,
        business_id=call.business_id,
        call_id=call.id,
        agents=call.agents,
        client_number=call.client_number,
        started_at=utc(call.started_at),
        ended_at=utc(call.ended_at if call.ended_at is not None else call.started_at),
        gaps=gaps_of(call.steps),
    )


async def bind(
    session: AsyncSession,
    *,
    stem: str,
    business_id: int,
    call_id: str,
    agents: Collection[int],
    client_number: str,
    started_at: datetime,
    ended_at: datetime,
    gaps: Sequence[Stretch] = (),
) -> int | None:
    """As ``register``, from single values. Returns None (and logs) for a name that is no plain file name."""
    if not valid_stem(stem):
        log.error("call %s names a recording that cannot be a file's name: %r", call_id, stem[:200])
        return None
    values: dict[str, Any] = {
        "stem": stem,
        "business_id": business_id,
        "call_id": call_id,
        "agents": sorted(set(agents)),
        "client_number": client_number[:80],
        "started_at": started_at,
        "created_at": ended_at,
        "state": "waiting",
        "file": "",
        "size": 0,
        "duration": 0.0,
        "peaks": {"gaps": gaps} if gaps else {},
        "error": "",
        "attempts": 0,
    }
    # Two tellers of one call (live and journal) may meet here: the second must not break the other's transaction.
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    await session.execute(insert(Recording).values(**values).on_conflict_do_nothing(index_elements=["stem"]))
    row = (
        await session.scalars(
            select(Recording).where(Recording.stem == stem).options(defer(Recording.peaks, raiseload=True))
        )
    ).one_or_none()
    if row is None or row.call_id != call_id:
        log.error("recording %s of call %s belongs to another call already", stem, call_id)
        return None
    if not set(agents) <= set(row.agents):
        row.agents = sorted({*row.agents, *agents})
    if gaps and row.state == "waiting":
        row.peaks = {"gaps": gaps}
    return row.id
