"""What a virtual day is like: its people, calls and agents. Times are seconds. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

HOUR = 3600.0


class Lognormal(NamedTuple):
    """A lognormal length: its median in seconds, sigma of its logarithm, and the limits it is cut to."""

    median: float
    sigma: float
    least: float = 0.0
    most: float = math.inf

    def draw(self, dice: Random) -> float:
        """One length in seconds."""
        return min(max(self.median * math.exp(self.sigma * dice.gauss(0.0, 1.0)), self.least), self.most)


class Span(NamedTuple):
    """A length between two limits in seconds, any as likely as another."""

    least: float
    most: float

    def draw(self, dice: Random) -> float:
        """One length in seconds."""
        return self.least + (self.most - self.least) * dice.random()


RING = Lognormal(7.0, 0.5)
MACHINE_RING = Span(12.0, 25.0)
FAIL = Span(0.5, 3.0)
RING_OUT = Span(25.0, 30.0)
PERSON_ANALYSIS = Span(0.5, 2.0)
ANALYSIS = Span(1.5, 3.5)
PASSED_MACHINE_TALK = Span(3.0, 7.0)
REFUSAL = Lognormal(20.0, 0.5)
CONVERSATION = Lognormal(250.0, 0.35)
WRAPUP = Lognormal(12.0, 0.5, 3.0, 60.0)
PAUSE = Lognormal(360.0, 0.5)


@dataclass(frozen=True)
class Scenario:
    """A day, as `spec/pacing.md` describes it; shares are 0 … 1.

    ``answering`` is the share of calls that a person answers; with ``drifting`` it changes over the day. Measured are
    ``hours`` after ``warmup`` seconds. ``drop_after`` is how long an answered person may stay without an agent.
    """

    agents: int = 20
    answering: float = 0.30
    drifting: bool = False
    hours: float = 8.0
    warmup: float = 1800.0
    drop_after: float = 2.0
    # Of the calls that no person answers.
    machines: float = 0.25
    failing: float = 0.15
    # A person's ring is `ring_base` and then this, `ring_most` in all.
    ring_base: float = 4.0
    ring: Lognormal = RING
    ring_most: float = 25.0
    machine_ring: Span = MACHINE_RING
    fail: Span = FAIL
    ring_out: Span = RING_OUT
    # The detector listens so long to a machine and to a person (who says hello and falls silent); its two errors.
    analysis: Span = ANALYSIS
    person_analysis: Span = PERSON_ANALYSIS
    machine_passed: float = 0.08
    person_lost: float = 0.04
    passed_machine_talk: Span = PASSED_MACHINE_TALK
    patience: float = 10.0
    refusals: float = 0.65
    refusal: Lognormal = REFUSAL
    conversation: Lognormal = CONVERSATION
    wrapup: Lognormal = WRAPUP
    arriving: float = 900.0
    late: float = 0.10
    break_every: float = 3600.0
    pause: Lognormal = PAUSE
    leaving_early: float = 0.20
    leaving: float = 2400.0

    @property
    def lines(self) -> int:
        """How many calls can be under way at once."""
        return 8 * self.agents + 10

    @property
    def length(self) -> float:
        """Seconds from the first sign-in to the end."""
        return self.warmup + self.hours * HOUR


class Drift:
    """The share of calls that a person answers, over one day: constant, or in steps with a slow wave."""

    def __init__(self, scenario: Scenario, dice: Random) -> None:
        self._base = scenario.answering
        self._drifting = scenario.drifting
        self._phase = dice.uniform(0.0, 2 * math.pi)
        self._steps: list[tuple[float, float]] = [(0.0, dice.uniform(0.6, 1.4))]
        while self._steps[-1][0] < scenario.length:
            self._steps.append((self._steps[-1][0] + dice.expovariate(1 / 5400.0), dice.uniform(0.6, 1.4)))

    def at(self, second: float) -> float:
        """The share (0 … 0.95) at ``second`` of the day."""
        if not self._drifting:
            return self._base
        step = 1.0
        for begins, factor in self._steps:
            if begins > second:
                break
            step = factor
        wave = 1 + 0.25 * math.sin(2 * math.pi * second / (4 * HOUR) + self._phase)
        return min(max(self._base * step * wave, 0.0), 0.95)


class Fate(NamedTuple):
    """What will become of one call, drawn before it is placed so that every pacer meets the same calls.

    ``kind`` is person, machine, fail or noanswer; ``ring`` the seconds to the pick-up or the end. ``passed`` says
    whether the detector takes it for a person after ``analysis`` seconds; then it waits ``patience`` seconds at most,
    talks ``talk`` seconds and costs ``wrapup`` seconds.
    """

    kind: str
    ring: float
    analysis: float
    passed: bool
    patience: float
    talk: float
    wrapup: float


class Fates:
    """The calls of one day in the order they are placed."""

    def __init__(self, scenario: Scenario, dice: Random, drift: Drift) -> None:
        self._scenario = scenario
        self._dice = dice
        self._drift = drift

    def next(self, now: float) -> Fate:
        """The next call's, placed at ``now``. Each takes a generator of its own, so that none depends on others."""
        day, dice = self._scenario, Random(self._dice.getrandbits(64))
        luck, share = dice.random(), self._drift.at(now)
        if luck < share:
            ring = min(day.ring_base + day.ring.draw(dice), day.ring_most)
            talks = day.refusal if dice.random() < day.refusals else day.conversation
            return Fate(
                "person",
                ring,
                day.person_analysis.draw(dice),
                dice.random() >= day.person_lost,
                dice.expovariate(1 / day.patience),
                talks.draw(dice),
                day.wrapup.draw(dice),
            )
        rest = (luck - share) / (1 - share)
        if rest < day.machines:
            passed = dice.random() < day.machine_passed
            talk = day.passed_machine_talk.draw(dice)
            return Fate("machine", day.machine_ring.draw(dice), day.analysis.draw(dice), passed, math.inf, talk, 0.0)
        if rest < day.machines + day.failing:
            return Fate("fail", day.fail.draw(dice), 0.0, False, 0.0, 0.0, 0.0)
        return Fate("noanswer", day.ring_out.draw(dice), 0.0, False, 0.0, 0.0, 0.0)


SCENARIOS: dict[str, Scenario] = {
    "0.15": Scenario(answering=0.15),
    "0.30": Scenario(answering=0.30),
    "0.50": Scenario(answering=0.50),
    "drift": Scenario(answering=0.30, drifting=True),
}


def of_size(scenario: Scenario, agents: int) -> Scenario:
    """The same day with so many agents."""
    return replace(scenario, agents=agents)
