"""How likely a person who is called now will meet no free agent. Pure.

At each horizon some of the calls in flight will have been answered and some of the agents have become free. Each is a
coin of its own, so the number of agents who are free then is a sum of coins: worked out exactly for a small floor, by
the normal distribution for a large one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import repeat
from operator import mul
from typing import NamedTuple, Protocol

Row = Sequence[float]
"""A chance for each horizon."""


class Coins(NamedTuple):
    """``number`` equal ones, and the chance of one of them by each horizon."""

    number: int
    row: Row


class Outlook(Protocol):
    """The floor of the next seconds, with the calls that were placed in thought."""

    def risk(self) -> float:
        """The chance that one more call, once a person has answered, finds nobody free."""
        ...

    def place(self) -> None:
        """Places one more call in thought."""
        ...


class Exact:
    """The whole distribution: for up to some tens of coins.

    ``free`` agents are ready now; ``busy`` become free and ``calls`` want an agent with the chances of their coins;
    ``fresh`` is the row of a call that is placed now.
    """

    def __init__(self, free: float, busy: Sequence[Coins], calls: Sequence[Coins], fresh: Row) -> None:
        self._shares = arriving(fresh)
        self._fresh = fresh
        self._seats = math.ceil(free) + sum(coins.number for coins in busy)
        self._wanted: list[list[float]] = []
        for horizon, share in enumerate(self._shares):
            counts = [1.0]
            if share > 0.01:
                for coins in calls:
                    for _ in repeat(None, coins.number):
                        counts = _with(counts, coins.row[horizon])
                for coins in busy:
                    for _ in repeat(None, coins.number):
                        counts = _with(counts, 1 - coins.row[horizon])
            self._wanted.append(counts)

    def risk(self) -> float:
        """As in `Outlook`."""
        seats = max(self._seats, 0)
        return sum(
            share * sum(counts[seats:])
            for share, counts in zip(self._shares, self._wanted, strict=True)
            if share > 0.01
        )  # fmt: skip

    def place(self) -> None:
        """As in `Outlook`."""
        self._wanted = [_with(counts, chance) for counts, chance in zip(self._wanted, self._fresh, strict=True)]


class Normal:
    """The normal distribution with the same mean and variance: for any number of coins. Arguments as for `Exact`."""

    def __init__(self, free: float, busy: Sequence[Coins], calls: Sequence[Coins], fresh: Row) -> None:
        self._shares = arriving(fresh)
        self._fresh = fresh
        counts = [coins.number for coins in busy] + [-coins.number for coins in calls]
        sizes = [abs(count) for count in counts]
        self._mean, self._spread = [], []
        for column in zip(*(coins.row for coins in (*busy, *calls)), strict=True) if counts else [()] * len(fresh):
            self._mean.append(free + sum(map(mul, counts, column)))
            squares = sum(map(mul, sizes, map(mul, column, column)))
            self._spread.append(0.02 + sum(map(mul, sizes, column)) - squares)

    def risk(self) -> float:
        """As in `Outlook`."""
        erfc, sqrt = math.erfc, math.sqrt
        return sum(
            0.5 * share * erfc((mean - 0.5) / sqrt(2 * spread))
            for share, mean, spread in zip(self._shares, self._mean, self._spread, strict=True)
        )

    def place(self) -> None:
        """As in `Outlook`."""
        for horizon, chance in enumerate(self._fresh):
            self._mean[horizon] -= chance
            self._spread[horizon] += chance * (1 - chance)


def arriving(fresh: Row) -> list[float]:
    """Of the answers that a call brings, the share that falls between each horizon and the one before."""
    whole = fresh[-1]
    return [(ends - begins) / whole for begins, ends in zip([0.0, *fresh], fresh, strict=False)] if whole else []


def _with(counts: Sequence[float], chance: float) -> list[float]:
    """The distribution of a count after one more coin."""
    stays = 1 - chance
    made = [count * stays for count in counts]
    made.append(0.0)
    for index, count in enumerate(counts, 1):
        made[index] += count * chance
    return made
