"""What the wallboard shows, from the live snapshot: sums, tones, what needs attention, sparks.

web/wallboard/board.js has the same rules for the page that is already open; change both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

Tone = Literal["ready", "talk", "ring", "wrap", "pause", "over", "missed", "off"]

SERVICE_GOAL = 0.8
"""Share of callers that shall be answered within T."""
LATE, VERY_LATE = 1.0, 3.0
"""A wait of T seconds and more is late, of three times T very late."""
PAUSE_LIMIT = 15 * 60
WRAPUP_LIMIT = 3 * 60
"""Seconds after which a break without a reason and after-call work need attention."""
NO_ANSWER = "no_answer"
"""The reason of who was paused because he did not answer."""
LOST_PHONE = 20
"""Seconds after which an agent who wants to work but has no phone on line needs attention."""
DEFAULT_TARGET = 20

FIGURES = ("service_level", "asa", "aht", "occupancy", "abandonment")
TONES: Mapping[str, Tone] = {
    "ready": "ready",
    "ringing": "ring",
    "talking": "talk",
    "wrapup": "wrap",
    "paused": "pause",
    "offline": "off",
}
STATES = ("ringing", "talking", "ready", "wrapup", "paused", "offline")


class Proven(Protocol):
    """A figure with its proof, as live.views.Figure."""

    @property
    def value(self) -> float | None: ...
    @property
    def numerator(self) -> float: ...
    @property
    def denominator(self) -> float: ...


class Caller(Protocol):
    """Who waits, as live.views.Waiting."""

    @property
    def number(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def since(self) -> str: ...


class Queue(Protocol):
    """What the rules need of live.views.QueueView; its figures are read by name."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def waiting(self) -> Sequence[Caller]: ...
    @property
    def entered(self) -> int: ...
    @property
    def answered(self) -> int: ...
    @property
    def abandoned(self) -> int: ...


class Agent(Protocol):
    """What the rules need of live.views.AgentView."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def reason_id(self) -> int | None: ...
    @property
    def limit_at(self) -> str | None: ...
    @property
    def since(self) -> str: ...
    @property
    def wanted(self) -> str: ...
    @property
    def call_id(self) -> str | None: ...


class Named(Protocol):
    """Something with a name: a queue, a contact."""

    @property
    def name(self) -> str: ...


class Talk(Protocol):
    """What the rules need of live.views.CallView."""

    @property
    def client_number(self) -> str: ...
    @property
    def contact(self) -> Named | None: ...
    @property
    def queue(self) -> Named | None: ...


class Ratio(NamedTuple):
    """A sum of figures; ``value`` is None when the denominator is 0."""

    value: float | None
    numerator: float
    denominator: float


class Sums(NamedTuple):
    """The figures of several queues together: numerators and denominators are summed, never shares averaged."""

    waiting: int
    longest: str | None
    longest_tone: Tone
    entered: int
    answered: int
    abandoned: int
    figures: Mapping[str, Ratio]


class Concern(NamedTuple):
    """Something that needs attention; ``since`` when it began (ISO), a pause over its limit when that was reached."""

    kind: Literal["wait", "no_answer", "phone", "limit", "pause", "wrapup"]
    tone: Tone
    since: str
    name: str
    detail: str = ""


class Spark(NamedTuple):
    """A line and its area in a box of 120 by 32; ``values`` are (hour, share) for people who do not see it."""

    line: str
    area: str
    tone: Tone
    values: tuple[tuple[int, float], ...]


class Tile(NamedTuple):
    """An agent's tile: ``whom`` is who he talks with, ``queue`` the queue of that call."""

    agent: Agent
    tone: Tone
    whom: str
    queue: str
    seconds: float


def seconds_between(since: str, now: str) -> float:
    """Seconds from one ISO moment to another, never negative."""
    return max(0.0, (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds())


def wait_tone(seconds: float, target: int) -> Tone:
    """Amber within T, orange when late, red when very late."""
    if seconds >= VERY_LATE * target:
        return "missed"
    return "over" if seconds >= LATE * target else "ring"


def sums(queues: Iterable[Queue], targets: Mapping[int, int], now: str) -> Sums:
    """The queues together."""
    chosen = list(queues)
    worst: tuple[float, str, Tone] | None = None
    for queue in chosen:
        for caller in queue.waiting:
            seconds = seconds_between(caller.since, now)
            if worst is None or seconds > worst[0]:
                worst = (seconds, caller.since, wait_tone(seconds, targets.get(queue.id, DEFAULT_TARGET)))
    return Sums(
        waiting=sum(len(q.waiting) for q in chosen),
        longest=worst[1] if worst else None,
        longest_tone=worst[2] if worst else "off",
        entered=sum(q.entered for q in chosen),
        answered=sum(q.answered for q in chosen),
        abandoned=sum(q.abandoned for q in chosen),
        figures={name: sum_figures([getattr(q, name) for q in chosen]) for name in FIGURES},
    )


def sum_figures(figures: Sequence[Proven]) -> Ratio:
    """Σ numerators ÷ Σ denominators; the value is None when the denominator is 0."""
    top = sum(f.numerator for f in figures)
    bottom = sum(f.denominator for f in figures)
    return Ratio(top / bottom if bottom else None, top, bottom)


def counts(agents: Iterable[Agent]) -> dict[str, int]:
    """How many agents are in each state."""
    found = dict.fromkeys(STATES, 0)
    for agent in agents:
        found[agent.state] += 1
    return found


def tiles(agents: Iterable[Agent], calls: Mapping[str, Talk], now: str) -> list[Tile]:
    """One tile per agent, by name, those off line last: a tile keeps its place when its state changes."""
    found = [_tile(agent, calls, now) for agent in agents]
    return sorted(found, key=lambda t: (t.agent.state == "offline", t.agent.name.casefold(), t.agent.id))


def _tile(agent: Agent, calls: Mapping[str, Talk], now: str) -> Tile:
    call = calls.get(agent.call_id) if agent.call_id else None
    seconds = seconds_between(agent.since, now)
    tone = TONES.get(agent.state, "off")
    if paused_too_long(agent, now) is not None:
        tone = "over"
    return Tile(agent, tone, whom(call), call.queue.name if call and call.queue else "", seconds)


def paused_too_long(agent: Agent, now: str) -> Literal["no_answer", "limit", "pause"] | None:
    """Why a pause needs attention: nobody answered, it is over its reason's limit, or it is long and has no reason."""
    if agent.state != "paused":
        return None
    if agent.reason_id is None and agent.reason == NO_ANSWER:
        return "no_answer"
    if agent.limit_at is not None:
        return "limit" if datetime.fromisoformat(agent.limit_at) <= datetime.fromisoformat(now) else None
    if agent.reason_id is None and seconds_between(agent.since, now) >= PAUSE_LIMIT:
        return "pause"
    return None


def whom(call: Talk | None) -> str:
    """The other party's name, else the number."""
    if call is None:
        return ""
    return (call.contact.name if call.contact and call.contact.name else "") or call.client_number


def concerns(queues: Iterable[Queue], agents: Iterable[Agent], targets: Mapping[int, int], now: str) -> list[Concern]:
    """What needs attention, the worst first: long waits, lost phones, long breaks, long wrap-ups."""
    found: list[Concern] = []
    for queue in queues:
        target = targets.get(queue.id, DEFAULT_TARGET)
        for caller in queue.waiting:
            tone = wait_tone(seconds_between(caller.since, now), target)
            if tone == "missed":
                found.append(Concern("wait", tone, caller.since, queue.name, caller.name or caller.number))
    for agent in agents:
        seconds = seconds_between(agent.since, now)
        if agent.state == "offline" and agent.wanted == "ready" and seconds >= LOST_PHONE:
            found.append(Concern("phone", "over", agent.since, agent.name))
        elif (kind := paused_too_long(agent, now)) is not None:
            since = (agent.limit_at if kind == "limit" else None) or agent.since
            found.append(Concern(kind, "over", since, agent.name, "" if kind == "no_answer" else agent.reason))
        elif agent.state == "wrapup" and seconds >= WRAPUP_LIMIT:
            found.append(Concern("wrapup", "wrap", agent.since, agent.name))
    order = ("wait", "no_answer", "phone", "limit", "pause", "wrapup")
    return sorted(found, key=lambda c: (order.index(c.kind), c.since))


def unserved(waiting: Mapping[int, int], at_work: Mapping[int, int]) -> set[int]:
    """Queues (ids) where callers wait and no agent is there to take them.

    ``waiting`` counts callers per queue; ``at_work`` counts its agents who are ready, ringing, talking or in wrap-up:
    while all of them are busy the callers only wait their turn, which is no alarm.
    """
    return {queue for queue, callers in waiting.items() if callers and not at_work.get(queue)}


def height(share: float) -> float:
    """A share's place in the spark's box: 100 % at the top, a half and less at the bottom."""
    return 29.0 - 52.0 * (max(0.5, share) - 0.5)


def spark(hours: Sequence[tuple[int, float, float]]) -> Spark | None:
    """The service level by hour as a line; ``hours`` are (hour, numerator, denominator).

    Hours without callers are left out; None when no hour had any.
    """
    values = tuple((hour, top / bottom) for hour, top, bottom in hours if bottom)
    if not values:
        return None
    first, last = values[0][0], values[-1][0]
    width = max(1, last - first)
    points = [(120.0 * (hour - first) / width, height(share)) for hour, share in values]
    if len(points) == 1:
        points = [(0.0, points[0][1]), (120.0, points[0][1])]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    tone: Tone = "talk" if values[-1][1] >= SERVICE_GOAL else "over"
    return Spark(line, f"{line}L120 32L0 32z", tone, values)


def wrapup_by_queue(
    calls: Iterable[tuple[int, int, float]], wrapups: Iterable[tuple[int, float, float]], slack: float = 3.0
) -> dict[int, float]:
    """Seconds of after-call work by queue.

    ``calls`` are (queue, agent, end) of calls that an agent talked in, ``wrapups`` (agent, beginning, end).
    After-call work belongs to the queue of the agent's last call that ended before it began (``slack`` seconds
    forgive two clocks).
    """
    ends: dict[int, list[tuple[float, int]]] = {}
    for queue, agent, end in calls:
        ends.setdefault(agent, []).append((end, queue))
    for found in ends.values():
        found.sort()
    total: dict[int, float] = {}
    for agent, begin, end in wrapups:
        own = ends.get(agent, [])
        place = bisect_right(own, (begin + slack, 2**63))
        if place:
            queue = own[place - 1][1]
            total[queue] = total.get(queue, 0.0) + max(0.0, end - begin)
    return total
