"""How long things take, learnt from those that ended: a chance of ending for each age, beside a prior. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

Share = Callable[[float], float]
"""The share (0 … 1) that has ended by an age in seconds."""


def lognormal(median: float, sigma: float) -> Share:
    """The share of a lognormal length that has ended by an age."""
    return lambda age: 0.5 * math.erfc(-math.log(age / median) / (sigma * math.sqrt(2))) if age > 0 else 0.0


def widening(first: float, growth: float, end: float) -> list[float]:
    """Edges of bins in seconds from 0 to ``end``, the first ``first`` wide, each ``growth`` times the one before."""
    edges, width = [0.0], first
    while edges[-1] < end:
        edges.append(edges[-1] + width)
        width *= growth
    return edges


class Lasting:
    """How long one thing lasts (a talk, a wrap-up).

    In each bin of age it counts how many came so far and how many ended there; ``weight`` is how many observations in
    that bin the prior is worth. Old observations fade by ``forget``.
    """

    def __init__(self, edges: Sequence[float], prior: Share, weight: float) -> None:
        self._edges = edges
        bins = len(edges) - 1
        self._weight = weight
        self._prior = [_hazard(prior, edges[k], edges[k + 1]) for k in range(bins)]
        self._came = [0.0] * bins
        self._ended = [0.0] * bins
        self._left = [0.0] * len(edges)
        self.learn()

    def saw(self, seconds: float) -> None:
        """One that ended after so many seconds."""
        last = min(bisect_right(self._edges, seconds), len(self._ended)) - 1
        for k in range(last + 1):
            self._came[k] += 1
        self._ended[last] += 1

    def forget(self, keep: float) -> None:
        """Lets what was seen count for ``keep`` (0 … 1) of what it did."""
        self._came = [count * keep for count in self._came]
        self._ended = [count * keep for count in self._ended]

    def learn(self) -> None:
        """Works the curve out anew from what was seen."""
        kept = 1.0
        weight = self._weight
        for k, (came, ended, prior) in enumerate(zip(self._came, self._ended, self._prior, strict=True)):
            self._left[k] = kept
            kept *= 1 - min((weight * prior + ended) / (weight + came), 0.999)
        self._left[-1] = kept

    def left(self, age: float) -> float:
        """The share that lasts longer than ``age`` seconds; beyond the last bin it halves with each of its widths."""
        edges = self._edges
        if age <= 0:
            return 1.0
        k = bisect_right(edges, age) - 1
        if k >= len(edges) - 1:
            return self._left[-1] * math.pow(0.5, (age - edges[-1]) / (edges[-1] - edges[-2]))
        share = (age - edges[k]) / (edges[k + 1] - edges[k])
        return math.pow(self._left[k], 1 - share) * math.pow(self._left[k + 1], share)


def _hazard(prior: Share, begins: float, ends: float) -> float:
    left = 1 - prior(begins)
    return min((prior(ends) - prior(begins)) / left, 0.95) if left > 1e-6 else 0.5
