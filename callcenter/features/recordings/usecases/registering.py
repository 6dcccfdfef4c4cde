"""Binding recordings to their calls."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.features.numbers import api as numbers
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.rules import Stretch, gaps_of, is_message, valid_stem

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
    # Of a call whose operator is not recorded by this number: nothing of it is kept.
    off: bool = False


async def register(
    session: AsyncSession, calls: Iterable[Call], meant_for: Mapping[str, Collection[int]] | None = None
) -> dict[str, int]:
    """Binds ended calls' raw files to them; the conversion begins once the transaction is committed.

    ``meant_for`` says by call for whom (agents' ids) its message is: they may listen to it.

    Again and again without harm: later pictures of a call only add who talked. Returns the recordings' ids by call;
    one of which nothing was recorded (recording off, or nobody talked) is not in it. The calls' rows must be there, in
    this transaction at the latest; else NotFound (or, in a system session, IntegrityError).
    """
    ended = list(calls)
    uses = await numbers.uses(session) if any(one.recording for one in ended) else {}
    return await bind(
        session, [one for call in ended for one in _told(call, (meant_for or {}).get(call.id, ()), _off(call, uses))]
    )


def _off(call: Call, uses: Mapping[int, numbers.Use]) -> bool:
    """Whether a call is not to be recorded, because of who took it first."""
    first = next((step.agent_id for step in call.steps if step.kind == "answered" and step.agent_id), None)
    if first is None and call.agents:
        first = call.agents[0]
    return numbers.unrecorded(uses, call.number_id, first)


def _told(call: Call, meant_for: Collection[int], off: bool) -> Iterator[Told]:
    """What a call tells of its recordings: of its talk, and of a message that was left."""
    stems = dict.fromkeys(step.text for step in call.steps if step.kind == "recording" and step.text)
    talked = call.answered_at is not None or call.talk_seconds > 0
    for stem in (*stems, *((call.recording,) if call.recording else ())):
        if talked or is_message(stem):
            yield Told(
                stem=stem,
                call_id=call.id,
                business_id=call.business_id,
                agents={*call.agents, *meant_for} if is_message(stem) else call.agents,
                client_number=call.client_number,
                started_at=utc(call.started_at),
                ended_at=utc(call.ended_at if call.ended_at is not None else call.started_at),
                gaps=() if is_message(stem) else gaps_of(call.steps),
                off=off and not is_message(stem),
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
        if one.off:
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
        "state": "empty" if one.off else "waiting",
        "message": is_message(one.stem),
        "file": "",
        "size": 0,
        "duration": 0.0,
        "peaks": {"gaps": one.gaps} if one.gaps else {},
        "error": "",
        "attempts": 0,
    }
