"""When agents become free: by the age of each talk and wrap-up, breaks and their ends. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from callcenter.features.dialer.rules.pacing.curves import Lasting, lognormal, widening
from callcenter.features.dialer.rules.pacing.odds import Coins
from callcenter.features.dialer.rules.pacing.seen import BREAK, READY, TALK, WRAP, Seen

STEP = 1.0
"""Seconds between the points at which a curve is read."""
LONGEST = 900
"""Seconds: longer talks and wrap-ups are taken for such."""


def _talk_prior(age: float) -> float:
    return 0.65 * lognormal(20.0, 0.6)(age) + 0.35 * lognormal(220.0, 0.6)(age)


class Freeing:
    """The chance that each agent is free within each of ``horizons`` (seconds from now, rising)."""

    def __init__(self, horizons: Sequence[float]) -> None:
        self._horizons = horizons
        self._talks = Lasting(widening(4.0, 1.12, LONGEST), _talk_prior, 12.0)
        self._wraps = Lasting(widening(2.0, 1.15, 120.0), lognormal(12.0, 0.6), 12.0)
        talk_ages, wrap_ages = widening(2.0, 1.06, LONGEST), widening(1.0, 1.05, 120.0)
        self._talk_ages, self._wrap_ages = _middles(talk_ages), _middles(wrap_ages)
        self._talk_row_at, self._wrap_row_at = _rows_at(talk_ages), _rows_at(wrap_ages)
        # Ends of breaks, the time spent in breaks, breaks, and the time spent at work: shares with a prior.
        self._returns, self._rested = 3.0, 3.0 * 450.0
        self._breaks, self._worked = 3.0, 3.0 * 4000.0
        self._talked = 100.0
        self.learn()

    def talked(self, seconds: float) -> None:
        """A talk ended."""
        self._talks.saw(seconds)
        self._talked += 1

    def wrapped_up(self, seconds: float) -> None:
        """A wrap-up ended."""
        self._wraps.saw(seconds)

    def left(self) -> None:
        """An agent went on a break, or signed out."""
        self._breaks += 1

    def passed(self, seconds: float, working: int, resting: int) -> None:
        """So many seconds went by with so many agents at work and on a break."""
        self._worked += seconds * working
        self._rested += seconds * resting

    def returned(self, agents: int) -> None:
        """So many agents came back from a break."""
        self._returns += agents

    def learn(self) -> None:
        """Works the tables out anew, and lets the old fade."""
        wraps, talks = self._wraps, self._talks
        wraps.learn()
        talks.learn()
        # A break mostly begins when a talk is over.
        self._stays = max(0.5, 1 - self._breaks / self._talked)
        steps = int(self._horizons[-1] / STEP) + 2
        wrapped = [1 - wraps.left((step - 0.5) * STEP) for step in range(1, steps + 1)]
        self._talk_rows = [self._talk_row(age, wrapped) for age in self._talk_ages]
        self._wrap_rows = [self._wrap_row(age) for age in self._wrap_ages]
        rests, leaves = self._returns / self._rested, self._breaks / self._worked
        self._rest_row = [1 - math.exp(-rests * horizon) for horizon in self._horizons]
        self._leave_row = [1 - math.exp(-leaves * horizon) for horizon in self._horizons]

    def forget(self, keep: float) -> None:
        """Lets what was seen count for ``keep`` (0 … 1) of what it did."""
        self._talks.forget(keep)
        self._wraps.forget(keep)

    def _talk_row(self, age: float, wrapped: Sequence[float]) -> list[float]:
        """For an agent who has talked for ``age`` seconds: the chance of being free by each horizon."""
        left = [self._talks.left(age + step * STEP) for step in range(int(self._horizons[-1] / STEP) + 2)]
        row = []
        for horizon in self._horizons:
            steps = int(horizon / STEP)
            ended = sum((left[k] - left[k + 1]) * wrapped[steps - k - 1] for k in range(steps))
            row.append(self._stays * ended / left[0] if left[0] > 1e-12 else 0.0)
        return row

    def _wrap_row(self, age: float) -> list[float]:
        left = max(self._wraps.left(age), 1e-12)
        return [self._stays * (1 - self._wraps.left(age + horizon) / left) for horizon in self._horizons]

    def coins(self, seen: Seen) -> tuple[int, list[Coins]]:
        """How many are ready now, and who becomes free when."""
        now, talk_row, wrap_row = seen.now, self._talk_row_at, self._wrap_row_at
        talks, wraps = [0] * len(self._talk_rows), [0] * len(self._wrap_rows)
        ready = resting = 0
        for state, since in zip(seen.state, seen.since, strict=True):
            if state == TALK:
                talks[talk_row[min(int(now - since), LONGEST)]] += 1
            elif state == WRAP:
                wraps[wrap_row[min(int(now - since), LONGEST)]] += 1
            elif state == READY:
                ready += 1
            elif state == BREAK:
                resting += 1
        coins = [Coins(count, row) for count, row in zip(talks, self._talk_rows, strict=True) if count]
        coins += [Coins(count, row) for count, row in zip(wraps, self._wrap_rows, strict=True) if count]
        if resting:
            coins.append(Coins(resting, self._rest_row))
        return ready, coins

    def leaving(self) -> list[float]:
        """The chance that a ready agent has gone on a break by each horizon."""
        return self._leave_row


def _middles(edges: Sequence[float]) -> list[float]:
    return [(low + high) / 2 for low, high in pairwise(edges)]


def _rows_at(edges: Sequence[float]) -> list[int]:
    """The bin of each whole second up to `LONGEST`."""
    return [min(bisect_right(edges, age + 0.5), len(edges) - 1) - 1 for age in range(LONGEST + 1)]
