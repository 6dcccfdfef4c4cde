"""The wallboard of a past moment, rebuilt from the call log and the agents' stretches (SUP-11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.directory import QueueRef
from callcenter.core.errors import BadInput
from callcenter.core.events import AgentState
from callcenter.core.i18n import N_
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.wallboard import rules
from callcenter.features.wallboard.usecases import Hours, counters_of, midnight, variant, zone
from callcenter.live import past
from callcenter.live.figures import Counters, service_level, total
from callcenter.live.views import Snapshot
from callcenter.plugin import Services

NOT_YET = N_("This moment has not come yet.")
OLDEST = timedelta(days=3 * 366)


async def board_at(services: Services, business_id: int, at: datetime, language: str = "ru") -> Snapshot:
    """What the wallboard showed at ``at``. Raises BadInput for a moment that has not come."""
    check(services, at)
    where = zone(services, business_id)
    since = midnight(at, where)
    queues = {q.id: q for q in services.telephony.directory.queues.values() if q.business_id == business_id}
    async with services.db.business(business_id) as session:
        hours = await _hours(session, queues, since, at)
        ended = await calls.queue_calls(session, since, at)
        going_on = await calls.going_on(session, at)
    async with services.db.business(business_id) as session:
        spans = await agents.all_spans(session, since, at)
    wrapups = [
        (agent_id, max(span.since, since).timestamp(), span.until.timestamp())
        for agent_id, span in spans
        if span.state == "wrapup" and span.until is not None and span.until <= at
    ]
    after = rules.wrapup_by_queue(
        [(c.queue_id, c.agent_id, c.ended_at.timestamp()) for c in ended if c.agent_id is not None], wrapups
    )
    counters = {
        q: total(
            (
                Counters(wrapup_seconds=after.get(q, 0.0)),
                *(counters_of(row) for row in hours if row.queue_id == q),
            )
        )
        for q in queues
    }
    return past.snapshot_at(
        services.telephony.directory,
        business_id,
        at.timestamp(),
        calls=[(one.call, one.contact) for one in going_on],
        spans=[
            past.Span(
                agent_id,
                cast(AgentState, span.state),
                span.reason,
                span.since.timestamp(),
                span.until.timestamp() if span.until else None,
            )
            for agent_id, span in spans
        ],
        counters=counters,
        language=language,
    )


async def _hours(
    session: AsyncSession, queues: Mapping[int, QueueRef], since: datetime, at: datetime
) -> list[calls.QueueHour]:
    targets = {q.id: q.answer_target for q in queues.values()}
    shorts = {q.id: q.short_abandon for q in queues.values()}
    return await calls.queue_hours(session, since, targets, shorts, at, at)


async def hours_at(services: Services, business_id: int, at: datetime) -> Hours:
    """The service level by hour of the day of ``at``, up to then."""
    where = zone(services, business_id)
    queues = {q.id: q for q in services.telephony.directory.queues.values() if q.business_id == business_id}
    async with services.db.business(business_id) as session:
        rows = await _hours(session, queues, midnight(at, where), at)
    found: dict[int, list[tuple[int, float, float]]] = {}
    for row in rows:
        level = service_level(counters_of(row), variant(services, business_id))
        hour = row.start.astimezone(where).hour
        found.setdefault(row.queue_id, []).append((hour, level.numerator, level.denominator))
    return found


def check(services: Services, at: datetime) -> None:
    """Raises BadInput for a moment in the future or before there was anything."""
    now = services.clock.now()
    if at > now:
        raise BadInput(NOT_YET, fields={"at": NOT_YET})
    if at < now - OLDEST:
        message = N_("This is too long ago.")
        raise BadInput(message, fields={"at": message})
