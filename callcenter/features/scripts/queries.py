"""Reads of scripts, their outcomes, and how talks ended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.agents import api as agents
from callcenter.features.scripts.models import (
    Script,
    ScriptAgent,
    ScriptChoice,
    ScriptNumber,
    ScriptOutcome,
    ScriptResult,
)
from callcenter.features.scripts.rules import TONES, Use
from callcenter.live.views import AgentBrief, OutcomeBrief


class Result(NamedTuple):
    """How a talk ended: the script and the outcome (None = only a comment), what follows of it, by whom."""

    script_id: int
    agent_id: int
    outcome_id: int | None
    title: str
    kind: str
    comment: str
    at: datetime


class LastResult(NamedTuple):
    """How the last talk with a client ended: by which script, with which outcome, in which ``tone`` it is shown."""

    script_id: int
    script: str
    outcome_id: int
    title: str
    tone: str
    comment: str
    at: datetime


async def scripts(session: AsyncSession, *, archived: bool | None = False) -> list[Script]:
    """The business's scripts by name; ``archived`` None = all."""
    statement = select(Script).order_by(Script.name, Script.id)
    if archived is not None:
        gone = Script.archived_at.is_not(None)
        statement = statement.where(gone if archived else ~gone)
    return list(await session.scalars(statement))


async def script(session: AsyncSession, script_id: int) -> Script | None:
    """One of them, also an archived one, or None."""
    return await session.scalar(select(Script).where(Script.id == script_id))


async def uses(session: AsyncSession, script_ids: Collection[int]) -> dict[int, Use]:
    """For whom scripts are."""
    people: dict[int, set[int]] = {}
    numbers: dict[int, set[int]] = {}
    if script_ids:
        for row in await session.scalars(select(ScriptAgent).where(ScriptAgent.script_id.in_(script_ids))):
            people.setdefault(row.script_id, set()).add(row.agent_id)
        for line in await session.scalars(select(ScriptNumber).where(ScriptNumber.script_id.in_(script_ids))):
            numbers.setdefault(line.script_id, set()).add(line.number_id)
    return {one: Use(frozenset(people.get(one, ())), frozenset(numbers.get(one, ()))) for one in script_ids}


async def outcomes(session: AsyncSession, script_id: int, *, retired: bool = False) -> list[ScriptOutcome]:
    """The outcomes of a script in their order; with ``retired`` also those that are offered no more, last."""
    statement = select(ScriptOutcome).where(ScriptOutcome.script_id == script_id)
    if not retired:
        statement = statement.where(~ScriptOutcome.retired)
    return list(
        await session.scalars(statement.order_by(ScriptOutcome.retired, ScriptOutcome.position, ScriptOutcome.id))
    )


async def outcome(session: AsyncSession, outcome_id: int) -> ScriptOutcome | None:
    """One outcome, or None."""
    return await session.scalar(select(ScriptOutcome).where(ScriptOutcome.id == outcome_id))


async def used_outcomes(session: AsyncSession, script_id: int) -> set[int]:
    """The outcomes of a script that stand in results."""
    rows = await session.scalars(select(ScriptResult.outcome_id).where(ScriptResult.script_id == script_id).distinct())
    return {one for one in rows if one is not None}


async def result_counts(session: AsyncSession) -> dict[int, int]:
    """How many talks each script has."""
    statement = select(ScriptResult.script_id, func.count()).group_by(ScriptResult.script_id)
    return {one: int(count) for one, count in await session.execute(statement)}


async def choice(session: AsyncSession, agent_id: int, line: int) -> ScriptChoice | None:
    """Which script an agent chose last for such calls."""
    return await session.scalar(
        select(ScriptChoice).where(ScriptChoice.agent_id == agent_id, ScriptChoice.line == line)
    )


async def result(session: AsyncSession, call_id: str, agent_id: int) -> ScriptResult | None:
    """What an agent said of his talk."""
    return await session.scalar(
        select(ScriptResult).where(ScriptResult.call_id == call_id, ScriptResult.agent_id == agent_id)
    )


async def results(session: AsyncSession, call_ids: Collection[str]) -> dict[str, list[Result]]:
    """How talks ended, by call, in the order in which it was said."""
    statement = (
        select(ScriptResult, ScriptOutcome)
        .outerjoin(ScriptOutcome, ScriptOutcome.id == ScriptResult.outcome_id)
        .where(ScriptResult.call_id.in_(call_ids))
    )
    found: dict[str, list[Result]] = {}
    rows = (await session.execute(statement)).all()
    for row, chosen in sorted(rows, key=lambda pair: (pair[0].at, pair[0].id)):
        found.setdefault(row.call_id, []).append(
            Result(
                row.script_id,
                row.agent_id,
                row.outcome_id,
                chosen.title if chosen is not None else "",
                chosen.kind if chosen is not None else "none",
                row.comment,
                row.at,
            )
        )
    return found


async def briefs(session: AsyncSession, call_ids: Collection[str]) -> dict[str, list[OutcomeBrief]]:
    """How talks ended, as calls show it."""
    found = await results(session, call_ids)
    names = await agents.by_ids(session, {one.agent_id for some in found.values() for one in some}) if found else {}
    return {
        call_id: [
            OutcomeBrief(
                title=one.title,
                kind=one.kind,
                comment=one.comment,
                agent=AgentBrief(id=one.agent_id, name=names[one.agent_id].name) if one.agent_id in names else None,
                tone=TONES.get(one.kind, "pause"),
            )
            for one in some
        ]
        for call_id, some in found.items()
    }


async def outcome_counts(session: AsyncSession) -> dict[int, int]:
    """How many outcomes each script offers."""
    statement = select(ScriptOutcome.script_id, func.count()).where(~ScriptOutcome.retired)
    return {one: int(count) for one, count in await session.execute(statement.group_by(ScriptOutcome.script_id))}


async def last_results(session: AsyncSession, contact_ids: Collection[int]) -> dict[int, LastResult]:
    """How the last talk with each client ended; a comment without an outcome does not count."""
    rows = await session.execute(
        select(ScriptResult, ScriptOutcome, Script.name)
        .join(ScriptOutcome, ScriptOutcome.id == ScriptResult.outcome_id)
        .join(Script, Script.id == ScriptResult.script_id)
        .where(ScriptResult.contact_id.in_(contact_ids))
    )
    found: dict[int, LastResult] = {}
    for row, chosen, name in sorted(rows.all(), key=lambda one: (one[0].at, one[0].id)):
        if row.contact_id is not None:
            found[row.contact_id] = LastResult(
                row.script_id, name, chosen.id, chosen.title, TONES.get(chosen.kind, "pause"), row.comment, row.at
            )
    return found
