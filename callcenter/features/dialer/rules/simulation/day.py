"""A virtual day, event by event: agents, calls in flight, people who wait, and the pacer that is asked. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from callcenter.features.dialer.rules.pacing.seen import BREAK, OUT, READY, TALK, WRAP, Event, Id, Pacer, Seen, Setting
from callcenter.features.dialer.rules.simulation.scenario import HOUR, Drift, Fate, Fates, Scenario
from callcenter.features.dialer.rules.simulation.tally import Hour, Tally

PERIOD = 1.0
"""Seconds between two questions to the pacer …"""
SOON = 0.25
"""… and the least time to one more when an agent became ready or a person answered."""


def setting(scenario: Scenario, cap: float = 0.03) -> Setting:
    """What a pacer is told of a scenario before the day begins."""
    return Setting(agents=scenario.agents, trunks=scenario.lines, drop_after=scenario.drop_after, cap=cap)


def run(scenario: Scenario, seed: int, pacer: Pacer) -> Tally:
    """One day from the first sign-in to the end. The same seed gives every pacer the same agents and calls."""
    return Day(scenario, seed, pacer).run()


class Day:
    """One day under way."""

    def __init__(self, scenario: Scenario, seed: int, pacer: Pacer) -> None:
        self._day = scenario
        self._pacer = pacer
        calls, people, drift = (Random(f"{seed} {part}") for part in ("calls", "people", "drift"))
        self._fates = Fates(scenario, calls, Drift(scenario, drift))
        self._people = [Random(people.getrandbits(64)) for _ in range(scenario.agents)]
        self._heap: list[tuple[float, int, Callable[[int], None], int]] = []
        self._number = 0
        self._now = 0.0
        self._calls: dict[int, Fate] = {}
        self._placed = 0
        self._events: list[Event] = []
        self._state = [OUT] * scenario.agents
        self._since = [0.0] * scenario.agents
        self._leaves = [scenario.length + HOUR] * scenario.agents
        self._break_at = [0.0] * scenario.agents
        self._serves: list[Fate | None] = [None] * scenario.agents
        self._idle: deque[int] = deque()
        self._dialing: dict[Id, float] = {}
        self._analysed: dict[Id, float] = {}
        self._waiting: dict[Id, float] = {}
        self._on_line: set[int] = set()
        self._asked = -1.0
        self._asks_soon = False
        self._tally = Tally(hours=[Hour() for _ in range(max(1, round(scenario.hours)))])

    def run(self) -> Tally:
        """Plays the day."""
        for agent, dice in enumerate(self._people):
            self._plan_shift(agent, dice)
        self._at(0.0, self._every_second, 0)
        heap, end = self._heap, self._day.length
        while heap and heap[0][0] <= end:
            self._now, _, happens, who = heappop(heap)
            happens(who)
        self._now = end
        for agent, state in enumerate(self._state):
            self._book(agent, state)
        return self._tally

    def _at(self, second: float, happens: Callable[[int], None], who: int) -> None:
        self._number += 1
        heappush(self._heap, (second, self._number, happens, who))

    # --- agents

    def _plan_shift(self, agent: int, dice: Random) -> None:
        day = self._day
        late, early = dice.random() < day.late, dice.random() < day.leaving_early
        arrives, leaves = dice.random() * day.arriving, dice.random() * day.leaving
        if early:
            self._leaves[agent] = day.length - leaves
            self._at(self._leaves[agent], self._rest, agent)
        self._at(arrives + (day.arriving if late else 0.0), self._sign_in, agent)

    def _sign_in(self, agent: int) -> None:
        self._plan_break(agent)
        self._free(agent)

    def _plan_break(self, agent: int) -> None:
        self._break_at[agent] = self._now + self._people[agent].expovariate(1 / self._day.break_every)
        self._at(self._break_at[agent], self._rest, agent)

    def _rest(self, agent: int) -> None:
        """A break or the end of the shift is due: at once when nothing is going on, else after the wrap-up."""
        if self._state[agent] == READY:
            self._idle.remove(agent)
            self._free(agent)

    def _free(self, agent: int) -> None:
        """Nothing keeps this agent: the next person, a break, or the end."""
        if self._now >= self._leaves[agent]:
            self._turn(agent, OUT)
            self._tell("agent_out", agent)
        elif self._now >= self._break_at[agent]:
            self._turn(agent, BREAK)
            self._tell("agent_break", agent)
            self._at(self._now + self._day.pause.draw(self._people[agent]), self._back, agent)
        else:
            self._turn(agent, READY)
            if self._waiting:
                self._connect(int(next(iter(self._waiting))), agent)
            else:
                self._idle.append(agent)
            self._ask_soon()

    def _back(self, agent: int) -> None:
        self._plan_break(agent)
        self._free(agent)

    def _turn(self, agent: int, state: int) -> None:
        self._book(agent, self._state[agent])
        self._state[agent] = state
        self._since[agent] = self._now

    def _book(self, agent: int, state: int) -> None:
        seconds = self._now - max(self._since[agent], self._day.warmup)
        if seconds > 0:
            tally = self._tally
            if state == TALK:
                tally.talk += seconds
            elif state == WRAP:
                tally.wrapup += seconds
            elif state == READY:
                tally.ready += seconds

    # --- calls

    def _place(self) -> None:
        self._placed += 1
        call, now = self._placed, self._now
        fate = self._calls[call] = self._fates.next(now)
        self._dialing[call] = now
        self._on_line.add(call)
        self._tell("placed", call)
        if now >= self._day.warmup:
            self._tally.placed += 1
        self._at(now + fate.ring, self._picked_up if fate.kind in ("person", "machine") else self._failed, call)

    def _failed(self, call: int) -> None:
        del self._dialing[call]
        self._tell("end", call, self._calls[call].kind)
        self._gone(call)

    def _picked_up(self, call: int) -> None:
        del self._dialing[call]
        self._analysed[call] = self._now
        self._tell("pickup", call)
        self._at(self._now + self._calls[call].analysis, self._judged, call)

    def _judged(self, call: int) -> None:
        del self._analysed[call]
        fate = self._calls[call]
        if not fate.passed:
            self._tell("end", call, "machine")
            if fate.kind == "person" and self._now >= self._day.warmup:
                self._tally.lost += 1
            self._gone(call)
            return
        self._tell("answer", call)
        self._count(abandoned=False)
        self._waiting[call] = self._now
        if self._idle:
            self._connect(call, self._idle.popleft())
        else:
            self._at(self._now + min(fate.patience, self._day.drop_after), self._given_up, call)
        self._ask_soon()

    def _given_up(self, call: int) -> None:
        if self._waiting.pop(call, None) is not None:
            self._tell("drop" if self._calls[call].patience > self._day.drop_after else "hangup", call)
            self._count(abandoned=True)
            self._gone(call)

    def _connect(self, call: int, agent: int) -> None:
        del self._waiting[call]
        self._serves[agent] = self._calls[call]
        self._tell("connect", call, agent)
        self._turn(agent, TALK)
        self._at(self._now + self._calls[call].talk, self._talked, agent)
        self._at(self._now + self._calls[call].talk, self._gone, call)

    def _talked(self, agent: int) -> None:
        fate = self._serves[agent]
        assert fate is not None
        self._tell("talk_end", agent, self._now - self._since[agent])
        if fate.wrapup:
            self._turn(agent, WRAP)
            self._at(self._now + fate.wrapup, self._wrapped_up, agent)
        else:
            self._free(agent)

    def _wrapped_up(self, agent: int) -> None:
        self._tell("wrap_end", agent, self._now - self._since[agent])
        self._free(agent)

    def _gone(self, call: int) -> None:
        del self._calls[call]
        self._on_line.discard(call)

    def _count(self, *, abandoned: bool) -> None:
        hour = int((self._now - self._day.warmup) / HOUR)
        if self._now >= self._day.warmup and hour < len(self._tally.hours):
            if abandoned:
                self._tally.hours[hour].abandoned += 1
            else:
                self._tally.hours[hour].passed += 1

    # --- the pacer

    def _tell(self, kind: str, who: int, data: object = None) -> None:
        self._events.append((self._now, kind, who, data))

    def _every_second(self, _: int) -> None:
        self._at(self._now + PERIOD, self._every_second, 0)
        self._ask()

    def _ask_soon(self) -> None:
        if not self._asks_soon:
            # In the queue, so that all of this moment has happened before the pacer looks.
            self._at(max(self._now, self._asked + SOON), self._ask_now, 0)
            self._asks_soon = True

    def _ask_now(self, _: int) -> None:
        if self._asks_soon and self._now >= self._asked + SOON:
            self._ask()

    def _ask(self) -> None:
        self._asked = self._now
        self._asks_soon = False
        free = self._day.lines - len(self._on_line)
        seen = Seen(
            self._now, self._state, self._since, self._dialing, self._analysed, self._waiting, free, self._events
        )
        wanted = self._pacer.place(seen)
        self._events = []
        for _ in range(min(wanted, free)):
            self._place()
