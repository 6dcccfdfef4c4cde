"""An agent's day from the call log: his figures, and the clients who could not reach anybody and wait to be called."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from callcenter.features.calls.models import CallAgent, CallRecord
from callcenter.features.calls.queries.lists import Scope
from callcenter.features.contacts import api as contacts
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.live.views import ContactBrief, NumberBrief, QueueBrief

UNREACHED = ("missed", "abandoned")


class AgentDay(NamedTuple):
    """Calls in which the agent talked, the seconds he talked, and the calls that count as his and were missed."""

    talked: int
    talk_seconds: float
    missed: int


class CallBack(msgspec.Struct, frozen=True, kw_only=True):
    """An outside number whose last call was missed and who has not been talked to since."""

    call_id: str
    number: str
    contact: ContactBrief | None
    line: NumberBrief | None
    queue: QueueBrief | None
    at: datetime
    wait_seconds: float
    result: str
    times: int


async def agent_day(session: AsyncSession, agent_id: int, since: datetime) -> AgentDay:
    """The agent's figures since a moment."""
    mine = (CallAgent.agent_id == agent_id, CallAgent.started_at >= since)
    together = CallAgent.call_id == CallRecord.id
    talked, seconds = (
        await session.execute(
            select(func.count(), func.coalesce(func.sum(CallRecord.talk_seconds), 0.0))
            .select_from(CallAgent)
            .join(CallRecord, together)
            .where(*mine, CallAgent.talked)
        )
    ).one()
    missed = await session.scalar(
        select(func.count())
        .select_from(CallAgent)
        .join(CallRecord, together)
        .where(*mine, CallAgent.own, CallRecord.direction == "in", CallRecord.result.in_(UNREACHED))
    )
    return AgentDay(int(talked), float(seconds), missed or 0)


async def to_call_back(session: AsyncSession, scope: Scope, since: datetime, limit: int) -> list[CallBack]:
    """Whom to call back, the last missed first; one entry for a number however often it called."""
    if not scope.everything and scope.agent_id is None:
        return []
    later = aliased(CallRecord)
    reached = (
        select(later.id)
        .where(
            later.business_id == CallRecord.business_id,
            later.client_number == CallRecord.client_number,
            later.started_at > CallRecord.started_at,
            later.result == "answered",
        )
        .exists()
    )
    where = [
        CallRecord.started_at >= since,
        CallRecord.direction == "in",
        CallRecord.result.in_(UNREACHED),
        CallRecord.client_number != "",
        ~CallRecord.spam,
        ~reached,
    ]
    if not scope.everything:
        own = select(CallAgent.call_id).where(
            CallAgent.agent_id == scope.agent_id, CallAgent.own, CallAgent.started_at >= since
        )
        where.append(CallRecord.id.in_(own))
    grouped = (
        select(
            CallRecord.client_number.label("number"),
            func.max(CallRecord.started_at).label("at"),
            func.count().label("times"),
        )
        .where(*where)
        .group_by(CallRecord.client_number)
        .order_by(func.max(CallRecord.started_at).desc())
        .limit(limit)
        .subquery()
    )
    rows = await session.execute(
        select(CallRecord, grouped.c.times)
        .join(
            grouped,
            and_(CallRecord.client_number == grouped.c.number, CallRecord.started_at == grouped.c.at),
        )
        .order_by(CallRecord.started_at.desc())
    )
    return await _dressed(session, [(record, int(times)) for record, times in rows])


async def _dressed(session: AsyncSession, found: list[tuple[CallRecord, int]]) -> list[CallBack]:
    records = [record for record, _ in found]
    cards = await contacts.briefs(session, {r.contact_id for r in records if r.contact_id is not None})
    lines = await numbers.briefs(session, {r.number_id for r in records if r.number_id is not None})
    waited = await queues.briefs(session, {r.queue_id for r in records if r.queue_id is not None})
    return [
        CallBack(
            call_id=record.id,
            number=record.client_number,
            contact=cards.get(record.contact_id or 0),
            line=lines.get(record.number_id or 0),
            queue=waited.get(record.queue_id or 0),
            at=record.started_at,
            wait_seconds=record.wait_seconds,
            result=record.result or "",
            times=times,
        )
        for record, times in found
    ]
