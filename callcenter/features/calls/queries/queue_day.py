"""What queues did since a moment, by hour: one grouped query over the call log, for the wallboard and its counters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Integer, and_, case, cast, extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.calls.models import CallRecord


class QueueHour(msgspec.Struct, frozen=True, kw_only=True):
    """Ended calls of a queue that began in one hour (``start`` is UTC); times in seconds.

    ``in_time`` were answered within the queue's T; ``lost`` hung up while waiting, of these ``gave_up_early`` within S
    and ``gave_up_in_time`` within T.
    """

    queue_id: int
    start: datetime
    entered: int
    answered: int
    in_time: int
    lost: int
    gave_up_early: int
    gave_up_in_time: int
    wait_seconds: float
    talk_seconds: float
    hold_seconds: float


async def queue_hours(
    session: AsyncSession,
    since: datetime,
    targets: Mapping[int, int],
    shorts: Mapping[int, int],
    until: datetime | None = None,
    ended_by: datetime | None = None,
) -> list[QueueHour]:
    """The hours from ``since`` to ``until`` (None = a day and an hour later, for a day when the clock is put back).

    ``ended_by`` leaves out calls that ended later. ``targets`` is T and ``shorts`` S of each queue in seconds; a queue
    that is in neither counts with 20 and 5.
    """
    until = until or since + timedelta(hours=25)
    waited, answered = CallRecord.wait_seconds, CallRecord.answered_at.is_not(None)
    lost = CallRecord.result == "abandoned"
    bucket = _hours_after(session, since)
    query = (
        select(
            CallRecord.queue_id,
            bucket.label("hour"),
            func.count(),
            _count(answered),
            _count(and_(answered, waited <= _setting(targets, 20))),
            _count(lost),
            _count(and_(lost, waited <= _setting(shorts, 5))),
            _count(and_(lost, waited <= _setting(targets, 20))),
            _total(answered, waited),
            _total(answered, CallRecord.talk_seconds),
            _total(answered, CallRecord.hold_seconds),
        )
        .where(
            CallRecord.started_at >= since,
            CallRecord.started_at < until,
            CallRecord.queue_id.is_not(None),
            CallRecord.queued_at.is_not(None),
            CallRecord.ended_at.is_not(None),
        )
        .where(*([] if ended_by is None else [CallRecord.ended_at <= ended_by]))
        .group_by(CallRecord.queue_id, bucket)
        .order_by(CallRecord.queue_id, bucket)
    )
    return [
        QueueHour(
            queue_id=queue_id,
            start=since + timedelta(hours=int(hour)),
            entered=entered,
            answered=int(taken),
            in_time=int(in_time),
            lost=int(gone),
            gave_up_early=int(early),
            gave_up_in_time=int(in_target),
            wait_seconds=float(wait),
            talk_seconds=float(talk),
            hold_seconds=float(hold),
        )
        for queue_id, hour, entered, taken, in_time, gone, early, in_target, wait, talk, hold in await session.execute(
            query
        )
    ]


class QueueCall(msgspec.Struct, frozen=True, kw_only=True):
    """An ended call of a queue: who talked in it (None = nobody) and when it ended."""

    id: str
    queue_id: int
    agent_id: int | None
    ended_at: datetime


async def queue_calls(session: AsyncSession, since: datetime, ended_by: datetime | None = None) -> list[QueueCall]:
    """The queue calls that began since ``since`` and have ended (by ``ended_by``), in the order of their ends."""
    query = (
        select(CallRecord.id, CallRecord.queue_id, CallRecord.agent_id, CallRecord.answered_at, CallRecord.ended_at)
        .where(
            CallRecord.started_at >= since,
            CallRecord.queue_id.is_not(None),
            CallRecord.queued_at.is_not(None),
            CallRecord.ended_at.is_not(None),
        )
        .where(*([] if ended_by is None else [CallRecord.ended_at <= ended_by, CallRecord.started_at <= ended_by]))
        .order_by(CallRecord.ended_at, CallRecord.id)
    )
    return [
        QueueCall(id=call_id, queue_id=queue_id, agent_id=agent_id if answered_at else None, ended_at=ended_at)
        for call_id, queue_id, agent_id, answered_at, ended_at in await session.execute(query)
        if queue_id is not None and ended_at is not None
    ]


def _hours_after(session: AsyncSession, since: datetime) -> ColumnElement[int]:
    """Full hours from ``since`` to a call's start."""
    begin = since.astimezone(UTC)
    if session.get_bind().dialect.name == "sqlite":
        days = func.julianday(CallRecord.started_at) - func.julianday(begin.replace(tzinfo=None).isoformat(" "))
        # Half a millisecond more: a day's fraction is not exact, and a full hour must not fall one short.
        return cast(days * 24 + 1.4e-7, Integer)
    return cast(func.floor(extract("epoch", CallRecord.started_at - begin) / 3600), Integer)


def _setting(values: Mapping[int, int], otherwise: int) -> Any:
    return case(dict(values), value=CallRecord.queue_id, else_=otherwise) if values else otherwise


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _total(condition: ColumnElement[bool], value: Any) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, value), else_=0.0)), 0.0)
