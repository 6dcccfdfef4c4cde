"""The day's figures from the call log, and the alerts of the shift."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callcenter.core.calls import Call
from callcenter.core.events import Alert
from callcenter.core.i18n import N_
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.wallboard import rules
from callcenter.live.figures import Counters, Spent, count, service_level, total
from callcenter.live.views import Figure
from callcenter.plugin import Services

Hours = Mapping[int, Sequence[tuple[int, float, float]]]
"""By queue: (hour 0–23 in the business's zone, answered within T, answered and lost without the early ones)."""

KEEP = 15.0
"""Seconds that the hours are kept: two hundred open wallboards are four questions a minute to the database."""
REMEMBERED = 500
"""So many of a queue's latest calls are named, so that the journal's completion after a break counts none twice."""
RECENT = 3000
"""So many ended calls are kept in memory: more than can end while the database is locked."""
PRIME_EVERY, PRIME_AFTER_LINK = 60.0, 4.0
"""Seconds between looks at the log, and from a restored link to the first one: the journal is read meanwhile."""
AWAY_GRACE = 5.0
"""Seconds that Asterisk may be away before the wallboard says so; a reload of its configuration is no alarm."""
ASTERISK, UNSERVED = "asterisk-away", "queue-unserved"


class Shift:
    """What the wallboard keeps in memory in this process: the hours of each business, and which alerts are on."""

    def __init__(self, services: Services) -> None:
        self.hours: dict[int, tuple[float, Hours]] = {}
        self.primed: set[int] = set()
        self.prime_at = 0.0
        self.recent: deque[Call] = deque(maxlen=RECENT)
        self.unserved: dict[int, int] = {}
        self.away_since: float | None = services.clock.epoch()
        self.away_said = False


def shift(services: Services) -> Shift:
    """The process's one."""
    return services.part(Shift, Shift)


def zone(services: Services, business_id: int) -> ZoneInfo:
    """The business's time zone; UTC when the machine does not know it."""
    business = services.telephony.directory.businesses.get(business_id)
    try:
        return ZoneInfo(business.timezone if business else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def midnight(now: datetime, where: ZoneInfo) -> datetime:
    """The moment (UTC) at which the day of ``where`` began."""
    return now.astimezone(where).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


async def today(services: Services, business_id: int) -> list[calls.QueueHour]:
    """The ended queue calls of a business's day by hour: one grouped query."""
    queues = [q for q in services.telephony.directory.queues.values() if q.business_id == business_id]
    since = midnight(services.clock.now(), zone(services, business_id))
    async with services.db.business(business_id) as session:
        return await calls.queue_hours(
            session, since, {q.id: q.answer_target for q in queues}, {q.id: q.short_abandon for q in queues}
        )


async def hours_today(services: Services, business_id: int) -> Hours:
    """The service level by hour, at most ``KEEP`` seconds old."""
    kept, now = shift(services).hours, services.clock.epoch()
    found = kept.get(business_id)
    if found is not None and now - found[0] < KEEP:
        return found[1]
    where = zone(services, business_id)
    hours: dict[int, list[tuple[int, float, float]]] = {}
    for row in await today(services, business_id):
        level = service_level(counters_of(row), variant(services, business_id))
        hours.setdefault(row.queue_id, []).append(
            (row.start.astimezone(where).hour, level.numerator, level.denominator)
        )
    kept[business_id] = (now, hours)
    return hours


def variant(services: Services, business_id: int) -> str:
    """The formula of the service level that the business chose."""
    business = services.telephony.directory.businesses.get(business_id)
    return business.service_level if business else "standard"


async def past_service_level(
    services: Services,
    business_id: int,
    since: datetime,
    until: datetime,
    *,
    formula: str | None = None,
    target: int | None = None,
    short: int | None = None,
) -> dict[int, Figure]:
    """The service level of a past period for each queue, under any formula, T and S (None = as they are set now)."""
    queues = {q.id: q for q in services.telephony.directory.queues.values() if q.business_id == business_id}
    targets = {q: target if target is not None else queues[q].answer_target for q in queues}
    shorts = {q: short if short is not None else queues[q].short_abandon for q in queues}
    async with services.db.business(business_id) as session:
        rows = await calls.queue_hours(session, since, targets, shorts, until)
    sums = {q: total(counters_of(row) for row in rows if row.queue_id == q) for q in queues}
    chosen = formula or variant(services, business_id)
    return {q: service_level(found, chosen) for q, found in sums.items()}


async def prime(services: Services) -> None:
    """Brings live's counters of the day in line with the call log: at the start, after a break, and once a minute.

    The log is complete in the end (the journal adds what the server did not see), so it has the last word.
    """
    own, now = shift(services), services.clock.epoch()
    businesses = set(services.telephony.directory.businesses)
    fresh = businesses - own.primed
    due = businesses if now >= own.prime_at else fresh
    for business_id in due:
        await prime_queues(services, business_id)
    for business_id in fresh:
        await _prime_agents(services, business_id)
    own.primed |= fresh
    if now >= own.prime_at:
        own.prime_at = now + PRIME_EVERY


async def prime_queues(services: Services, business_id: int) -> None:
    """One grouped query for the counters, two small ones for the calls' ids and after-call work."""
    now = services.clock.now()
    since = midnight(now, zone(services, business_id))
    for _ in range(3):
        hours = await today(services, business_id)
        async with services.db.business(business_id) as session:
            ended = await calls.queue_calls(session, since)
        if sum(row.entered for row in hours) == len(ended):
            break
    else:
        # Calls were written between each pair of reads: the next look is soon enough.
        return
    async with services.db.business(business_id) as session:
        wrapups = await agents.stretches(session, "wrapup", since, now, closed=True)
    after = rules.wrapup_by_queue(
        [(c.queue_id, c.agent_id, c.ended_at.timestamp()) for c in ended if c.agent_id is not None],
        [(agent_id, begin.timestamp(), end.timestamp()) for agent_id, begin, end in wrapups],
    )
    # From here on nothing waits: a call that ends now is either in ``ended`` or in ``recent``.
    known = {call.id for call in ended}
    kept = shift(services)
    kept.recent = deque((c for c in kept.recent if c.id not in known), maxlen=RECENT)
    recent = [c for c in kept.recent if c.business_id == business_id and (c.ended_at or 0) >= since.timestamp()]
    for queue in services.telephony.directory.queues.values():
        if queue.business_id != business_id:
            continue
        unwritten = [c for c in recent if c.queue_id == queue.id]
        found = total(
            (
                Counters(wrapup_seconds=after.get(queue.id, 0.0)),
                *(counters_of(row) for row in hours if row.queue_id == queue.id),
                *(count(call, queue) for call in unwritten),
            )
        )
        latest = [c.id for c in ended if c.queue_id == queue.id][-REMEMBERED:]
        services.live.prime(queue.id, found, [*latest, *(c.id for c in unwritten)])


async def _prime_agents(services: Services, business_id: int) -> None:
    """What agents spent in their states before this process began."""
    now = services.clock.now()
    async with services.db.business(business_id) as session:
        states = await agents.seconds_in_states(session, midnight(now, zone(services, business_id)), now)
    services.live.prime_agents(
        {
            agent_id: Spent(
                talking=spent.get("talking", 0.0), wrapup=spent.get("wrapup", 0.0), ready=spent.get("ready", 0.0)
            )
            for agent_id, spent in states.items()
        }
    )


def remember_ended(services: Services, call: Call) -> None:
    """Keeps an ended call in memory until the log surely has it."""
    if call.queued_at is not None:
        shift(services).recent.append(call)


def counters_of(row: calls.QueueHour) -> Counters:
    """An hour of the log as live counts it."""
    return Counters(
        entered=row.entered,
        answered=row.answered,
        in_target=row.in_time,
        abandoned=row.lost,
        short_abandoned=row.gave_up_early,
        abandoned_in_target=row.gave_up_in_time,
        handled=row.answered,
        wait_seconds=row.wait_seconds,
        talk_seconds=row.talk_seconds,
        hold_seconds=row.hold_seconds,
    )


def check_link(services: Services, up: bool) -> None:
    """Says that Asterisk is away once it has been for ``AWAY_GRACE`` seconds, and clears it when it is back."""
    own, now = shift(services), services.clock.epoch()
    if up:
        if own.away_since is not None:
            own.prime_at = min(own.prime_at, now + PRIME_AFTER_LINK)
        own.away_since = None
        if own.away_said:
            own.away_said = False
            services.bus.publish(Alert(at=now, key=ASTERISK, active=False))
        return
    if own.away_since is None:
        own.away_since = now
    if not own.away_said and now - own.away_since >= AWAY_GRACE:
        own.away_said = True
        message = N_("The exchange (Asterisk) does not answer. Calls go on without us; this picture stands still.")
        services.bus.publish(Alert(at=own.away_since, key=ASTERISK, active=True, message=message))


def check_queues(services: Services) -> None:
    """Says where callers wait and nobody is there to take them, and clears what is over."""
    directory, own, now = services.telephony.directory, shift(services), services.clock.epoch()
    waiting: Counter[int] = Counter()
    for business_id in directory.businesses:
        for call in services.live.calls_of(business_id):
            if call.state == "queued" and call.queue_id is not None:
                waiting[call.queue_id] += 1
    at_work = {
        queue_id: sum(_at_work(services, queue.business_id, a) for a in queue.members)
        for queue_id in waiting
        if (queue := directory.queues.get(queue_id))
    }
    empty = rules.unserved({q: n for q, n in waiting.items() if q in at_work}, at_work)
    for queue_id in empty - own.unserved.keys():
        queue = directory.queues[queue_id]
        own.unserved[queue_id] = queue.business_id
        services.bus.publish(
            Alert(
                at=now,
                key=f"{UNSERVED}:{queue_id}",
                active=True,
                message=N_("Callers wait in «%(queue)s», and no agent is there to take them."),
                values={"queue": queue.name},
                business_id=queue.business_id,
            )
        )
    for queue_id in own.unserved.keys() - empty:
        business_id = own.unserved.pop(queue_id)
        services.bus.publish(Alert(at=now, key=f"{UNSERVED}:{queue_id}", active=False, business_id=business_id))


def _at_work(services: Services, business_id: int, agent_id: int) -> bool:
    view = services.live.agent(business_id, agent_id)
    return view is not None and view.state in ("ready", "ringing", "talking", "wrapup")
