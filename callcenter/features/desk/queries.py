"""What the desk shows, gathered from the other features' apis."""

from __future__ import annotations

from datetime import datetime

import msgspec

from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.desk import rules
from callcenter.http.current import Current
from callcenter.http.formats import zone
from callcenter.http.permissions import CALLS_ALL
from callcenter.plugin import Services

MOST_CALL_BACKS = 12


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's day: ``average_talk`` (seconds) and ``occupancy`` (0 to 1) are None before there is any."""

    talked: int
    average_talk: float | None
    missed: int
    occupancy: float | None
    work_seconds: float


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the desk; ``figures`` is None for people without a phone."""

    today: datetime
    figures: Figures | None
    shift: rules.Shift
    call_backs: list[calls.CallBack]
    demo: bool


async def desk(services: Services, person: Current) -> Desk:
    """The desk of a person now."""
    now = services.clock.now()
    timezone = zone(person.timezone)
    since = rules.midnight(now, timezone)
    agent_id = person.agent_id
    async with services.db.system() as session:
        business = await accounts.business(session, person.business_id)
    async with services.db.business(person.business_id) as session:
        spans = await agents.spans(session, agent_id, since, now) if agent_id is not None else []
        day = await calls.agent_day(session, agent_id, since, now) if agent_id is not None else None
        scope = calls.Scope(everything=person.can(CALLS_ALL), agent_id=agent_id)
        waiting = await calls.to_call_back(session, scope, since, MOST_CALL_BACKS)
    shift = rules.shift(stretches(spans, now), since, now)
    return Desk(
        today=now,
        figures=_figures(day, shift.seconds) if day else None,
        shift=shift,
        call_backs=waiting,
        demo=bool(business and business.demo),
    )


def stretches(spans: list[agents.StateSpan], now: datetime) -> list[rules.Stretch]:
    """What an agent did; what still lasts ends now."""
    return [rules.Stretch(one.state, one.since, one.until or now) for one in spans]


def _figures(day: calls.AgentDay, seconds: dict[str, float]) -> Figures:
    return Figures(
        talked=day.talked,
        average_talk=day.talk_seconds / day.talked if day.talked else None,
        missed=day.missed,
        occupancy=rules.occupancy(seconds),
        work_seconds=sum(seconds.get(state, 0.0) for state in rules.COUNTED),
    )
