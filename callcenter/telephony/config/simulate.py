"""A simulated caller: the way of a call through the model, without a call. Pure.

It shares the model with the renderer, and a test holds the two together: the way that is found here is the way that the
real Asterisk takes, step by step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from callcenter.telephony.config.model import (
    ENDLESS,
    MENU_LIMIT,
    OVERFLOW_LIMIT,
    Agent,
    Hours,
    Menu,
    Model,
    Number,
    Queue,
    Target,
)
from callcenter.telephony.config.ways import WayOut, first_menu, unanswered, ways_out

QueueEnd = Literal["answered", "timeout", "empty", "full", "waiting"]
AgentEnd = Literal["answered", "no_answer", "away"]
ENDLESS_STEPS = 400
"""So many steps a simulated call takes; then it goes on without end."""


class Step(NamedTuple):
    """A step with the words of the call's story (CcStep), and beside them:

    ``queue`` (id) he stands in a queue, ``agent`` (id) an agent's phones ring, ``dial`` (E.164) a telephone outside
    rings, ``end`` the last one: answered, waiting, hangup, blocked, busy, failed, endless, or left for one who hung up.
    """

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class State:
    """What is so at that moment. What is not named answers.

    ``own`` is the agent whom the server would name for the caller (None = nobody); ``queues``, ``agents`` and
    ``outside`` say how a wait there ends.
    """

    blocked: frozenset[str] = frozenset()
    emergency: bool = False
    own: int | None = None
    queues: Mapping[int, QueueEnd] = field(default_factory=dict)
    agents: Mapping[int, AgentEnd] = field(default_factory=dict)
    outside: Mapping[str, bool] = field(default_factory=dict)


def is_open(hours: Hours | None, days: Mapping[str, tuple[tuple[int, int], ...]], at: datetime) -> bool:
    """Whether it is open at ``at`` (with a zone); ``days`` are special days by ISO date."""
    if hours is None:
        return True
    for zone in hours.zones:
        there = at.astimezone(ZoneInfo(zone))
        minute = there.hour * 60 + there.minute
        spans = days.get(there.date().isoformat(), hours.week[there.weekday()])
        if any(begin <= minute < end for begin, end in spans):
            return True
    return False


def simulate(
    model: Model,
    number_id: int,
    *,
    at: datetime,
    caller: str = "",
    keys: tuple[str, ...] = (),
    state: State | None = None,
) -> tuple[Step, ...]:
    """The steps of a call to a number at a moment.

    ``caller`` is E.164 ('' = hidden). Each of ``keys`` is pressed when a menu waits for one, '' lets it wait in vain;
    when they are used up nothing is pressed. Raises KeyError for a number that the model lacks.
    """
    walk = _Walk(model, number_id, at, caller, keys, state or State())
    steps: list[Step] = []
    for step in walk.call():
        steps.append(step)
        if len(steps) >= ENDLESS_STEPS:
            steps.append(Step("end", "endless"))
            break
    return tuple(steps)


class _Walk:
    def __init__(
        self, model: Model, number_id: int, at: datetime, caller: str, keys: tuple[str, ...], state: State
    ) -> None:
        self.number = {n.id: n for n in model.numbers}[number_id]
        self.business = {b.id: b for b in model.businesses}[self.number.business_id]
        self.first: Menu | None = first_menu(model, self.number)
        self.menus = {m.id: m for m in model.menus}
        self.queues: dict[int, Queue] = {q.id: q for q in model.queues}
        self.agents: dict[int, Agent] = {a.id: a for a in model.agents}
        self.ways: list[WayOut] = ways_out(model, self.business.id)
        self.arranged = any(n.business_id == self.business.id and unanswered(n) for n in model.numbers)
        self.at, self.caller, self.state = at, caller, state
        self.keys = iter(keys)
        self.passed = self.overflows = 0

    def call(self) -> Iterator[Step]:
        number = self.number
        if self.caller and self.caller in self.state.blocked:
            yield from (Step("blocked", ""), Step("end", "blocked"))
            return
        if self.state.emergency:
            yield Step("closed", "emergency")
            yield from self._prompt(self.business.emergency)
            yield Step("end", "hangup")
            return
        days = {day.day.isoformat(): day.spans for day in self.business.days}
        opened = is_open(number.hours, days, self.at)
        activity = self.first.activity if self.first else "never"
        if self.first and (activity == "always" or activity == ("open" if opened else "closed")):
            yield from self._menu(self.first)
        elif opened:
            yield from self._open(number)
        else:
            yield Step("closed", "hours")
            yield from self._prompt(number.closed)
            yield from self._go(number.closed_target)

    def _open(self, number: Number) -> Iterator[Step]:
        yield from self._prompt(number.greeting)
        own = self.agents.get(self.state.own or 0)
        if number.asks and own is not None and own.devices and own.business_id == number.business_id:
            end = self.state.agents.get(own.id, "answered")
            if end != "away":
                yield from (Step("own", f"agent:{own.id}"), Step("agent", str(own.id)))
            if end == "answered":
                yield Step("end", "answered")
                return
        yield from self._go(number.target)

    def _prompt(self, name: str) -> Iterator[Step]:
        if name:
            yield Step("prompt", name)

    def _go(self, target: Target) -> Iterator[Step]:
        kind, there = target.kind, target.id or 0
        if kind == "queue" and there in self.queues:
            yield from self._queue(self.queues[there])
        elif kind == "menu" and there in self.menus:
            yield from self._menu(self.menus[there])
        elif kind == "agent" and there in self.agents:
            yield from self._agent(self.agents[there])
        elif kind == "external":
            yield from self._outside(target.number)
        elif kind == "play" and target.prompt:
            yield from (Step("prompt", target.prompt), Step("end", "hangup"))
        elif kind == "voicemail" and (target.id is None or there in self.queues):
            yield from (Step("voicemail", f"q{there}" if target.id else "box"), Step("end", "hangup"))
        elif kind == "agent_voicemail" and there in self.agents:
            yield from (Step("voicemail", f"a{there}"), Step("end", "hangup"))
        elif kind == "hangup":
            yield Step("end", "hangup")
        else:
            yield from (Step("failed", "no_target"), Step("end", "failed"))

    def _menu(self, menu: Menu) -> Iterator[Step]:
        yield Step("menu", str(menu.id))
        self.passed += 1
        if self.passed > MENU_LIMIT:
            yield from (Step("failed", "loop"), Step("end", "hangup"))
            return
        by_key = {key.key: key.target for key in menu.keys}
        tries = 0
        while True:
            pressed = next(self.keys, None)
            target = by_key.get(pressed or "")
            if target is None:
                if menu.repeats == ENDLESS:
                    if pressed is None:
                        yield Step("end", "endless")
                        return
                    continue
                tries += 1
                if tries <= menu.repeats:
                    continue
                if menu.timeout.kind == "repeat":
                    yield from self._menu(menu)
                else:
                    yield from self._go(menu.timeout)
                return
            yield Step("key", pressed or "")
            if target.kind == "play":
                yield from self._prompt(target.prompt)
            elif target.kind != "repeat":
                yield from self._go(target)
                return

    def _queue(self, queue: Queue) -> Iterator[Step]:
        end = self.state.queues.get(queue.id, "answered")
        elsewhere = queue.overflow is not None or (self.arranged and unanswered(self.number))
        if end == "timeout" and not queue.max_wait:
            end = "waiting"
        if end == "full" and not queue.max_callers:
            end = "waiting"
        if end == "empty" and not elsewhere:
            # Nothing is arranged: he waits, so long as the queue lets him.
            end = "timeout" if queue.max_wait else "waiting"
        if end not in ("empty", "full"):
            yield Step("queue", str(queue.id))
        if end in ("answered", "waiting"):
            yield Step("end", end)
        elif queue.overflow is not None:
            self.overflows += 1
            if self.overflows > OVERFLOW_LIMIT:
                yield from (Step("failed", "loop"), Step("end", "hangup"))
                return
            yield Step("overflow", str(queue.id))
            yield from self._go(queue.overflow)
        elif elsewhere:
            yield from self._unanswered()
        else:
            yield Step("end", "busy" if end == "full" else "hangup")

    def _agent(self, agent: Agent) -> Iterator[Step]:
        end = self.state.agents.get(agent.id, "answered")
        if agent.devices and end != "away":
            yield Step("agent", str(agent.id))
        if agent.devices and end == "answered":
            yield Step("end", "answered")
        elif unanswered(self.number):
            yield from self._unanswered()
        else:
            yield Step("end", "hangup")

    def _unanswered(self) -> Iterator[Step]:
        number = self.number
        way = any(found.extension == str(number.id) for found in self.ways)
        if number.forward and number.forward.numbers and way:
            for _ in range(max(1, number.forward.attempts)):
                yield Step("forwarded", " ".join(number.forward.numbers))
                for to in number.forward.numbers:
                    yield Step("dial", to)
                if any(self.state.outside.get(to, True) for to in number.forward.numbers):
                    yield Step("end", "answered")
                    return
        yield from self._nobody()

    def _nobody(self) -> Iterator[Step]:
        yield from self._prompt(self.number.nobody)
        yield Step("end", "hangup")

    def _outside(self, to: str) -> Iterator[Step]:
        yield Step("forwarded", to)
        if not self.ways:
            yield from (Step("failed", "no_trunk"), Step("end", "failed"))
            return
        yield Step("dial", to)
        if self.state.outside.get(to, True):
            yield Step("end", "answered")
        else:
            yield from self._nobody()
