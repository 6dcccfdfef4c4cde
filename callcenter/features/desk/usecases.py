"""An agent's own day: states, breaks and calls (AGD-15)."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.desk import queries, rules
from callcenter.http.current import Current
from callcenter.http.formats import zone
from callcenter.plugin import Services

NO_DATE = N_("Choose a day as year, month and day: 2026-11-26.")


class PauseLine(msgspec.Struct, frozen=True, kw_only=True):
    """Breaks for one reason. ``reason`` is a name, or a key that is translated where it is shown; seconds."""

    reason: str
    counts_as_work: bool
    limit_minutes: int | None
    times: int
    seconds: float
    over_times: int
    over_seconds: float


class StateLine(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the day in one state; the last one of today still lasts."""

    state: str
    reason: str
    since: datetime
    until: datetime


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day of an agent from midnight to midnight in his own ``timezone``, whoever looks at it: his shift is one day.

    ``seconds`` are those in each state; ``occupancy`` (0 to 1) is ``busy_seconds`` (talk and wrap-up) ÷
    ``counted_seconds`` (these and ready), None before there are any. ``first`` and ``last`` say when he was on line
    for the first and for the last time.
    """

    agent_id: int
    name: str
    date: date
    timezone: str
    first: datetime | None
    last: datetime | None
    seconds: dict[str, float]
    busy_seconds: float
    counted_seconds: float
    occupancy: float | None
    calls: calls.AgentDay
    pauses: list[PauseLine]
    states: list[StateLine]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A day with its bar; ``today`` is the date now where the agent is, ``elsewhere`` whether the company's clocks show
    another time.
    """

    day: Day
    shift: rules.Shift
    today: date
    elsewhere: bool


def asked_date(text: str, today: date) -> date:
    """The day that was asked for; '' is today. Raises BadInput for what is no date, and for days to come."""
    if not text:
        return today
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        found = None
    if found is None or found.year < 2000:
        raise BadInput(NO_DATE, fields={"date": NO_DATE})
    if found > today:
        message = N_("This day is yet to come. Choose today or an earlier day.")
        raise BadInput(message, fields={"date": message})
    return found


async def day(services: Services, person: Current, agent_id: int, wanted: str = "") -> Shown:
    """The day ``wanted`` (YYYY-MM-DD, '' = today) of an agent. Raises NotFound, BadInput."""
    now = services.clock.now()
    async with services.db.business(person.business_id) as session:
        agent = await agents.get(session, agent_id)
        company = await accounts.business(session, person.business_id)
        if agent is None or company is None:
            raise NotFound(N_("This agent is not there."))
        name = await accounts.timezone_of(session, agent.membership_id) or company.timezone
        timezone = zone(name)
        today = now.astimezone(timezone).date()
        chosen = asked_date(wanted, today)
        since, until = rules.day_of(chosen, timezone)
        end = min(until, now)
        spans = await agents.spans(session, agent_id, since, end)
        of_calls = await calls.agent_day(session, agent_id, since, until)
    reasons = await agents.pause_reasons(services, person.business_id)
    done = queries.stretches(spans, now)
    shift = rules.shift(done, since, end if chosen == today else rules.last_hour(done, until))
    return Shown(
        day=Day(
            agent_id=agent_id,
            name=agent.name,
            date=chosen,
            timezone=name,
            first=shift.since,
            last=max((min(one.until, end) for one in done if one.state != "offline"), default=None),
            seconds=shift.seconds,
            busy_seconds=sum(shift.seconds.get(state, 0.0) for state in rules.BUSY),
            counted_seconds=sum(shift.seconds.get(state, 0.0) for state in rules.COUNTED),
            occupancy=rules.occupancy(shift.seconds),
            calls=of_calls,
            pauses=[_pause(one, reasons) for one in _pauses(spans, since, end)],
            states=[
                StateLine(
                    state=one.state, reason=one.reason, since=max(one.since, since), until=min(one.until or now, end)
                )
                for one in spans
                if one.state != "offline"
            ],
        ),
        shift=shift,
        today=today,
        elsewhere=since.astimezone(timezone).utcoffset() != since.astimezone(zone(company.timezone)).utcoffset(),
    )


def _pauses(spans: list[agents.StateSpan], since: datetime, until: datetime) -> list[rules.PauseTotal]:
    paused = [
        rules.Pause(one.reason, one.reason_id, one.since, one.until or until, one.due_at)
        for one in spans
        if one.state == "paused"
    ]
    return rules.pauses(paused, since, until)


def _pause(one: rules.PauseTotal, reasons: dict[int, agents.ReasonInfo]) -> PauseLine:
    reason = reasons.get(one.reason_id or 0)
    return PauseLine(
        reason=reason.name if reason else one.reason,
        counts_as_work=reason.counts_as_work if reason else False,
        limit_minutes=reason.limit_minutes if reason else None,
        times=one.times,
        seconds=one.seconds,
        over_times=one.over_times,
        over_seconds=one.over_seconds,
    )
