"""An agent's day from the call log: his figures, and the clients who could not reach anybody and wait to be called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from callcenter.features.calls.models import CallAgent, CallLeg, CallRecord
from callcenter.features.calls.queries.lists import Scope
from callcenter.features.contacts import api as contacts
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.live.views import ContactBrief, NumberBrief, QueueBrief

UNREACHED = ("missed", "abandoned")


class ResultCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls of one direction ended so; ``result`` is None while they go on."""

    direction: str
    result: str | None
    count: int


class AgentDay(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's calls between two moments.

    ``came``, ``dialled`` and ``internal`` count calls in which he talked (a call out counts once the client answered);
    ``missed`` calls that rang at him and that nobody answered, ``elsewhere`` those that a colleague answered;
    ``unreached`` calls out that were not answered. ``talk_seconds`` is his own time in calls, of a transferred one only
    his part. ``results`` says how the calls ended that count as his.
    """

    came: int
    dialled: int
    internal: int
    missed: int
    elsewhere: int
    unreached: int
    talk_seconds: float
    results: list[ResultCount]

    @property
    def talked(self) -> int:
        """Conversations."""
        return self.came + self.dialled + self.internal


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


async def agent_day(session: AsyncSession, agent_id: int, since: datetime, until: datetime) -> AgentDay:
    """The agent's figures of the calls that began between two moments."""
    mine = (CallAgent.agent_id == agent_id, CallAgent.started_at >= since, CallAgent.started_at < until)
    query = (
        select(CallRecord.direction, CallRecord.result, CallAgent.talked, CallAgent.own, func.count())
        .join(CallRecord, CallAgent.call_id == CallRecord.id)
        .where(*mine)
        .group_by(CallRecord.direction, CallRecord.result, CallAgent.talked, CallAgent.own)
    )
    groups = [(*row,) for row in await session.execute(query)]
    counts: dict[str, int] = {}
    results: dict[tuple[str, str | None], int] = {}
    for direction, result, talked, own, count in groups:
        kind = _kind(direction, result, talked=talked, own=own)
        counts[kind] = counts.get(kind, 0) + count
        if own and kind != "elsewhere":
            results[direction, result] = results.get((direction, result), 0) + count
    return AgentDay(
        **{one: counts.get(one, 0) for one in ("came", "dialled", "internal", "missed", "elsewhere", "unreached")},
        talk_seconds=await _talk(session, agent_id, mine),
        results=[
            ResultCount(direction=direction, result=result, count=count)
            for (direction, result), count in sorted(results.items(), key=lambda one: (one[0][0], -one[1]))
        ],
    )


def _kind(direction: str, result: str | None, *, talked: bool, own: bool) -> str:
    """What a call was for the agent; '' for one that goes on or tells nothing of him."""
    if result is None:
        return ""
    if direction == "out":
        if result == "answered" and talked:
            return "dialled"
        return "unreached" if own and result != "answered" else ""
    if talked:
        return "internal" if direction == "internal" else "came"
    if direction == "in" and result == "answered":
        return "elsewhere"
    return "missed" if direction == "in" and own and result in UNREACHED else ""


async def _talk(session: AsyncSession, agent_id: int, mine: Sequence[ColumnElement[bool]]) -> float:
    """Seconds that the agent's own channels were in answered calls; of a call without any, its talk."""
    calls = (
        select(CallRecord.id, CallRecord.answered_at, CallRecord.talk_seconds)
        .join(CallAgent, CallAgent.call_id == CallRecord.id)
        .where(*mine, CallAgent.talked, CallRecord.answered_at.is_not(None), CallRecord.result.is_not(None))
    )
    found = {row.id: row for row in await session.execute(calls)}
    legs = (
        select(CallLeg.call_id, CallLeg.answered_at, CallLeg.ended_at)
        .join(CallAgent, CallAgent.call_id == CallLeg.call_id)
        .where(*mine, CallAgent.talked, CallLeg.agent_id == agent_id)
        .where(CallLeg.answered_at.is_not(None), CallLeg.ended_at.is_not(None))
    )
    seconds: dict[str, float] = {}
    whole = 0.0
    for leg in await session.execute(legs):
        if call := found.get(leg.call_id):
            lasted = (leg.ended_at - max(leg.answered_at, call.answered_at)).total_seconds()
            seconds[leg.call_id] = seconds.get(leg.call_id, 0.0) + max(0.0, lasted)
    for call in found.values():
        whole += seconds.get(call.id, call.talk_seconds)
    return whole


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
