"""Calls as they stand in the log, with their legs, agents and story, and the same as core pictures."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call, Direction, Leg, LegRole, Result, Step
from callcenter.features.calls.models import CallAgent, CallLeg, CallRecord, CallStep
from callcenter.features.calls.rules.merging import Picture, Source


class Stored(NamedTuple):
    """A call's rows; the story in its order."""

    record: CallRecord
    agents: list[CallAgent]
    legs: list[CallLeg]
    steps: list[CallStep]


async def stored(session: AsyncSession, ids: Collection[str]) -> dict[str, Stored]:
    """The calls of the session's business with these ids; four reads, however many calls."""
    found = {
        record.id: Stored(record, [], [], [])
        for record in await session.scalars(select(CallRecord).where(CallRecord.id.in_(ids)))
    }
    if not found:
        return found
    # Sorted here: asked for in the order of ids, SQLite would go through whole tables.
    agents = await session.scalars(select(CallAgent).where(CallAgent.call_id.in_(found)))
    for agent in sorted(agents, key=lambda row: row.id):
        found[agent.call_id].agents.append(agent)
    legs = await session.scalars(select(CallLeg).where(CallLeg.call_id.in_(found)))
    for leg in sorted(legs, key=lambda row: (row.started_at, row.id)):
        found[leg.call_id].legs.append(leg)
    steps = await session.scalars(select(CallStep).where(CallStep.call_id.in_(found)))
    for step in sorted(steps, key=lambda row: (row.at, row.id)):
        found[step.call_id].steps.append(step)
    return found


async def one(session: AsyncSession, call_id: str) -> Stored | None:
    """The call, or None when this business has no such."""
    return (await stored(session, [call_id])).get(call_id)


async def with_step(session: AsyncSession, ids: Collection[str], kind: str) -> list[str]:
    """Ids of those calls in whose story there is a step of ``kind``."""
    query = select(CallStep.call_id).where(CallStep.call_id.in_(ids), CallStep.kind == kind)
    return list(dict.fromkeys(await session.scalars(query)))


async def ended_with_step(session: AsyncSession, kind: str, since: datetime) -> list[tuple[int, str]]:
    """Businesses and ids of ended calls that began after ``since`` and have a step of ``kind``; a system session."""
    query = (
        select(CallRecord.business_id, CallRecord.id)
        .join(CallStep, CallStep.call_id == CallRecord.id)
        .where(CallStep.kind == kind, CallRecord.started_at > since, CallRecord.result.is_not(None))
        .distinct()
    )
    return [(business_id, call_id) for business_id, call_id in await session.execute(query)]


async def going_on(session: AsyncSession, at: datetime) -> list[str]:
    """Ids of the calls that went on at a moment; a call of more than a day is none."""
    query = select(CallRecord.id).where(
        CallRecord.started_at <= at,
        CallRecord.started_at > at - timedelta(days=1),
        (CallRecord.ended_at > at) | (CallRecord.result.is_(None)),
    )
    return list(await session.scalars(query))


async def open_calls(session: AsyncSession, before: datetime) -> list[str]:
    """Ids of calls that began before ``before`` and have not ended as far as the log knows."""
    return list(
        await session.scalars(
            select(CallRecord.id).where(CallRecord.result.is_(None), CallRecord.started_at < before).limit(1000)
        )
    )


def picture(rows: Stored) -> Picture:
    """The rows as the tracker's own picture, as far as the log keeps it."""
    record = rows.record
    call = Call(
        id=record.id,
        business_id=record.business_id,
        direction=cast(Direction, record.direction),
        state="started" if record.result is None else "ended",
        started_at=record.started_at.timestamp(),
        from_number=record.from_number,
        from_name=record.from_name,
        to_number=record.to_number,
        number_id=record.number_id,
        trunk_id=record.trunk_id,
        queue_id=record.queue_id,
        queued_at=_epoch(record.queued_at),
        agent_id=record.agent_id,
        agents=tuple(agent.agent_id for agent in rows.agents if agent.talked),
        rung=tuple(agent.agent_id for agent in rows.agents),
        answered_at=_epoch(record.answered_at),
        ended_at=_epoch(record.ended_at),
        wait_seconds=record.wait_seconds,
        talk_seconds=record.talk_seconds,
        hold_seconds=record.hold_seconds,
        result=cast(Result | None, record.result),
        cause=record.cause,
        hangup_by=cast(Any, record.hangup_by),
        click_to_dial=record.click_to_dial,
        legs=tuple(_leg(leg) for leg in rows.legs),
        steps=tuple(_step(step) for step in rows.steps),
    )
    return Picture(call, cast(Source, record.source))


def _leg(leg: CallLeg) -> Leg:
    return Leg(
        id=leg.id,
        channel=leg.channel,
        role=cast(LegRole, leg.role),
        state="new" if leg.ended_at is None else "ended",
        started_at=leg.started_at.timestamp(),
        agent_id=leg.agent_id,
        address=leg.address,
        ringing_at=_epoch(leg.ringing_at),
        answered_at=_epoch(leg.answered_at),
        ended_at=_epoch(leg.ended_at),
        cause=leg.cause,
    )


def _step(step: CallStep) -> Step:
    return Step(at=step.at.timestamp(), kind=step.kind, agent_id=step.agent_id, queue_id=step.queue_id, text=step.text)


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


async def last_agent(session: AsyncSession, number: str, since: datetime) -> int | None:
    """The agent who talked last with an outside number in calls that began after ``since``."""
    statement = (
        select(CallAgent.agent_id)
        .join(CallRecord, CallRecord.id == CallAgent.call_id)
        .where(
            CallRecord.client_number == number,
            CallRecord.started_at >= since,
            CallRecord.direction != "internal",
            CallAgent.talked,
        )
        .order_by(CallRecord.started_at.desc(), CallAgent.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def last_out(session: AsyncSession, agent_id: int, contact_id: int, since: datetime) -> str | None:
    """The id of the last call that an agent made to a contact, begun at ``since`` or later."""
    return await session.scalar(
        select(CallRecord.id)
        .where(
            CallRecord.contact_id == contact_id,
            CallRecord.started_at >= since,
            CallRecord.direction == "out",
            CallRecord.agent_id == agent_id,
        )
        .order_by(CallRecord.started_at.desc())
        .limit(1)
    )


class Made(NamedTuple):
    """A call that somebody made to a contact; ``ended`` False = it goes on."""

    call_id: str
    contact_id: int
    ended: bool


async def last_made(session: AsyncSession, agent_id: int, since: datetime) -> Made | None:
    """The last call that an agent made to a contact, begun at ``since`` or later."""
    row = (
        await session.execute(
            select(CallRecord.id, CallRecord.contact_id, CallRecord.result)
            .where(
                CallRecord.started_at >= since,
                CallRecord.direction == "out",
                CallRecord.agent_id == agent_id,
                CallRecord.contact_id.is_not(None),
            )
            .order_by(CallRecord.started_at.desc())
            .limit(1)
        )
    ).one_or_none()
    return Made(row.id, row.contact_id, row.result is not None) if row is not None else None
