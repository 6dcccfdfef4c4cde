"""Which calls in flight will be answered by a person, and when: by the age of each, learnt as the day goes. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from callcenter.features.dialer.rules.pacing.curves import lognormal
from callcenter.features.dialer.rules.pacing.odds import Coins
from callcenter.features.dialer.rules.pacing.seen import Id, Seen

AGES = 60
"""Ages of ringing calls are told apart by the second, up to here."""
FINE = 0.25
"""Seconds: ages of analyses are told apart by these …"""
FINES = 40
"""… up to so many of them."""
PRIOR_CALLS = 25.0
PRIOR_ANALYSES = 6.0
LONG = 6.0
"""How many times as long the long memory of people's willingness is …"""
CHANGED = 2.5
"""… which holds until the short one differs by so many standard deviations."""


@dataclass(slots=True)
class Memory:
    """Answers expected by the curves and observed, each fading as ``length`` more were expected."""

    length: float
    expected: float = 8.0
    observed: float = 8.0

    def pass_by(self, due: float) -> None:
        """So many answers were to be expected."""
        keep = 1 - min(due / self.length, 0.5)
        self.expected = self.expected * keep + due
        self.observed *= keep

    @property
    def factor(self) -> float:
        """Observed by expected, near 1 while little is known."""
        return min(max((self.observed + 4.0) / (self.expected + 4.0), 0.1), 5.0)


class Answers:
    """The chance that each call in flight is judged a person within each of ``horizons`` (seconds from now, rising).

    A ringing call of a given age may be picked up by somebody who is then judged a person, be picked up by somebody who
    is not, or end. Shares of those who came to that age are kept for each second. How willing people are to
    answer changes faster than how long they take to: ``keen`` is that factor, of answers beside those expected.
    """

    def __init__(self, horizons: Sequence[float], memory: float) -> None:
        self._horizons = horizons
        self._persons, self._machines, self._ends, self._came = _prior()
        self._placed: dict[Id, float] = {}
        self._picked: dict[Id, tuple[float, int]] = {}
        span = range(FINES)
        self._person_took = [PRIOR_ANALYSES / 12 if 2 <= k < 14 else 0.0 for k in span]
        self._machine_took = [PRIOR_ANALYSES / 12 if 2 <= k < 14 else 0.0 for k in span]
        self._lately, self._long = Memory(memory), Memory(LONG * memory)
        self.keen = 1.0
        self._ringing_now = [0] * AGES
        self.learn()

    def resize(self, memory: float) -> None:
        """How many answers the short memory of people's willingness holds from now on."""
        self._lately.length, self._long.length = memory, LONG * memory

    # --- what happens

    def placed(self, call: Id, at: float) -> None:
        """A call was placed."""
        self._placed[call] = at

    def picked_up(self, call: Id, at: float) -> None:
        """Somebody, or something, took it."""
        rang = at - self._placed.pop(call, at)
        self._picked[call] = (at, min(int(max(rang, 0.0)), AGES - 1))

    def answered(self, call: Id, at: float) -> None:
        """It was judged a person."""
        if call not in self._picked:
            self.picked_up(call, at)
        begins, age = self._picked.pop(call)
        self._person_took[min(int(max(at - begins, 0.0) / FINE), FINES - 1)] += 1
        self._saw(age, self._persons)
        self._lately.observed += 1
        self._long.observed += 1

    def ended(self, call: Id, at: float) -> bool:
        """It ended; whether that was before it was passed on as a person."""
        if call in self._picked:
            begins, age = self._picked.pop(call)
            self._machine_took[min(int(max(at - begins, 0.0) / FINE), FINES - 1)] += 1
            self._saw(age, self._machines)
        elif call in self._placed:
            self._saw(min(int(max(at - self._placed.pop(call), 0.0)), AGES - 1), self._ends)
        else:
            return False
        return True

    def _saw(self, age: int, what: list[float]) -> None:
        for k in range(age + 1):
            self._came[k] += 1
        what[age] += 1

    def passed(self, seconds: float, seen: Seen) -> None:
        """So many seconds went by, and these calls are in flight: how many answers were to be expected of them."""
        now = seen.now
        counts = self._ringing_now = [0] * AGES
        for began in seen.dialing.values():
            counts[min(int(now - began), AGES - 1)] += 1
        due = sum(map(mul, counts, self._person_rate)) * seconds
        self._lately.pass_by(due)
        self._long.pass_by(due)
        # The long memory is the more exact one until people have changed.
        likely = self._lately.expected * self._long.factor
        if abs(self._lately.observed - likely) > CHANGED * math.sqrt(likely + 1):
            self._long.expected, self._long.observed = self._lately.expected, self._lately.observed
        self.keen = self._long.factor

    # --- what is learnt

    def forget(self, keep: float) -> None:
        """Lets what was seen count for ``keep`` (0 … 1) of what it did."""
        for counts in (self._persons, self._machines, self._ends, self._came, self._person_took, self._machine_took):
            counts[:] = [count * keep for count in counts]

    def learn(self) -> None:
        """Works the tables out anew."""
        came = [max(count, 1e-9) for count in self._came]
        self._person_share = [count / n for count, n in zip(self._persons, came, strict=True)]
        self._other_share = [(a + b) / n for a, b, n in zip(self._machines, self._ends, came, strict=True)]
        # Who leaves within a second was there for a part of it only.
        self._person_rate = [
            a * -math.log(1 - min(a + b, 0.95)) / (a + b) if a + b > 0 else 0.0
            for a, b in zip(self._person_share, self._other_share, strict=True)
        ]
        self._machine_share = [count / n for count, n in zip(self._machines, came, strict=True)]
        self._person_left, self._machine_left = _left(self._person_took), _left(self._machine_took)
        self._learnt_for = self.keen
        self._rows = self._ringing()
        self._fresh = self._rows[0]

    def _ringing(self) -> list[list[float]]:
        """For each age of a ringing call, the chance of an answer by each horizon."""
        judged = [1 - self._person_left[min(int((k + 0.5) / FINE), FINES - 1)] for k in range(AGES)]
        person = [min(share * self.keen, 0.9) for share in self._person_share]
        stays = [max(1 - a - b, 0.0) for a, b in zip(person, self._other_share, strict=True)]
        rows = []
        for age in range(AGES):
            row, picks, left = [], [], 1.0
            for k in range(age, min(AGES, age + int(self._horizons[-1]) + 1)):
                picks.append(left * person[k])
                left *= stays[k]
            for horizon in self._horizons:
                steps = min(int(horizon + 0.5), len(picks))
                row.append(sum(picks[k] * judged[int(horizon + 0.5) - k - 1] for k in range(steps)))
            rows.append(row)
        return rows

    # --- what is to be expected

    @property
    def fresh(self) -> list[float]:
        """The chance that a call placed now is answered by each horizon."""
        factor = self.keen / self._learnt_for
        return [min(chance * factor, 1.0) for chance in self._fresh]

    def coins(self, seen: Seen) -> list[Coins]:
        """Which of the calls in flight will be answered by when; after `passed` with the same ``seen``."""
        factor = self.keen / self._learnt_for
        coins = [
            Coins(count, [min(chance * factor, 1.0) for chance in row])
            for count, row in zip(self._ringing_now, self._rows, strict=True)
            if count
        ]
        coins += [Coins(1, self._analysed(call, seen.now)) for call in seen.in_amd]
        return coins

    def _analysed(self, call: Id, now: float) -> list[float]:
        begins, age = self._picked.get(call, (now, 10))
        since = min(int((now - begins) / FINE), FINES - 1)
        person, machine = self._person_share[age] * self.keen, self._machine_share[age]
        person, machine = person * self._person_left[since], machine * self._machine_left[since]
        if person <= 0:
            return [0.0] * len(self._horizons)
        share, left = person / (person + machine), self._person_left
        return [
            share * (1 - left[min(since + int(horizon / FINE), FINES - 1)] / left[since]) for horizon in self._horizons
        ]


def _left(took: Sequence[float]) -> list[float]:
    """The share that takes longer than each age."""
    total = rest = sum(took) + 1e-9
    left = []
    for count in took:
        left.append(max(rest / total, 1e-9))
        rest -= count
    return left


def _prior() -> tuple[list[float], list[float], list[float], list[float]]:
    """Persons, other pick-ups, ends and calls that came so far, for each second, of `PRIOR_CALLS` calls."""
    rings, machines = lognormal(8.0, 0.6), lognormal(18.0, 0.4)
    persons, others, ends, came, left = [], [], [], [], 1.0
    for k in range(AGES):
        came.append(PRIOR_CALLS * left)
        person = 0.35 * (rings(k - 2.0) - rings(k - 3.0))
        other = 0.15 * (machines(k + 1.0) - machines(float(k)))
        end = 0.04 if k < 3 else 0.38 / 8 if 24 <= k < 32 else 0.0
        gone = min(person + other + end, left * 0.99)
        share = PRIOR_CALLS * gone / (person + other + end) if person + other + end else 0.0
        persons.append(person * share)
        others.append(other * share)
        ends.append(end * share)
        left -= gone
    return persons, others, ends, came
