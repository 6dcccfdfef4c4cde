"""The adaptive rule of VICIdial, from its description: a level driven by ready agents less waiting persons. Pure."""

from __future__ import annotations

from collections import deque
from typing import Literal, NamedTuple

from callcenter.features.dialer.rules.pacing.baselines import in_flight
from callcenter.features.dialer.rules.pacing.seen import BREAK, OUT, READY, TALK, Seen, Setting

Method = Literal["hard", "average", "tapered"]

SAMPLES = 15
SAMPLE, PLACE, ADAPT, COUNT, SUDDEN = 1.0, 2.5, 15.0, 60.0, 60.0
"""Seconds from one sample, placing, new level, count of drops to the next; how far back sudden drops are seen."""


class Options(NamedTuple):
    """How the rule is set.

    ``target``: persons that may wait (+) or agents that shall be ready (−); ``intensity`` in percent; ``highest``
    level; ``ends``: second of the day when calling ends, for tapered.
    """

    method: Method = "average"
    target: float = 0.0
    intensity: float = 0.0
    highest: float = 3.0
    ends: float = 86400.0


class Vicidial:
    """``level`` calls for each agent who is ready or in a call."""

    def __init__(self, setting: Setting, options: Options | None = None) -> None:
        self._setting = setting
        self._options = options or Options()
        self.level = 1.0
        self._samples: deque[tuple[int, int, int]] = deque(maxlen=SAMPLES)
        self._next = {"sample": 0.0, "adapt": ADAPT, "count": COUNT, "place": 0.0}
        self._answered = self._dropped = self._calls = 0
        self._share = 0.0
        self._lately: deque[tuple[float, str]] = deque()

    def place(self, seen: Seen) -> int:
        """How many calls to place now."""
        self._hear(seen)
        if self._due("sample", SAMPLE, seen.now):
            signed_in = sum(state != OUT for state in seen.state)
            self._samples.append((seen.state.count(READY), len(seen.waiting), signed_in))
        if self._due("count", COUNT, seen.now):
            self._share = self._dropped / self._answered if self._answered else 0.0
        if self._due("adapt", ADAPT, seen.now):
            self._adapt(seen.now)
        if not self._due("place", PLACE, seen.now):
            return 0
        active = sum(state not in (BREAK, OUT) for state in seen.state)
        talking = seen.state.count(TALK)
        working = seen.state.count(READY) + talking
        if not active:
            return 0
        return max(0, min(round(self.level * working) - in_flight(seen) - talking, seen.trunk_free))

    def _due(self, what: str, period: float, now: float) -> bool:
        if now < self._next[what]:
            return False
        self._next[what] = now + period
        return True

    def _hear(self, seen: Seen) -> None:
        for at, kind, _, _ in seen.events:
            if kind == "answer":
                self._answered += 1
            elif kind == "drop":
                self._dropped += 1
            elif kind == "placed":
                self._calls += 1
            if kind in ("placed", "drop"):
                self._lately.append((at, kind))
        while self._lately and self._lately[0][0] < seen.now - SUDDEN:
            self._lately.popleft()

    def _adapt(self, now: float) -> None:
        options = self._options
        self.level = next_level(self.level, difference(self._samples, options.target), options)
        calls = sum(kind == "placed" for _, kind in self._lately)
        drops = len(self._lately) - calls
        if calls > 20 and drops > 0.5 * calls:
            self.level = max(1.0, self.level / 2)
        if self._calls > 50 and self._share > self._setting.cap:
            self.level = held_back(self.level, options, now)


def difference(samples: deque[tuple[int, int, int]], target: float) -> float:
    """m: (ready − waiting + target) ÷ signed-in agents, of the samples' means; 0 when either is 0."""
    if not samples:
        return 0.0
    ready, waiting, agents = (sum(column) / len(samples) for column in zip(*samples, strict=True))
    top = ready - waiting + target
    return top / agents if agents else 0.0


def next_level(level: float, m: float, options: Options) -> float:
    """The level after one step: m, weighted by the intensity, within 1 … ``highest``."""
    share = options.intensity / 100
    m *= abs(share - 1) if m < 0 else share + 1
    return min(max(level * (1 + m), 1.0), options.highest)


def held_back(level: float, options: Options, now: float) -> float:
    """The level when more than the cap is dropped; ``now`` is the second of the day."""
    if options.method == "hard":
        return 1.0
    if options.method == "average":
        return max(1.0, level / 2)
    left = _clock(options.ends) - _clock(now)
    return max(1.0, level * min(1.0, max(left, 0) / 1000))


def _clock(second: float) -> int:
    """HHMM as a number: half past nine is 930."""
    minutes = int(second // 60)
    return minutes // 60 * 100 + minutes % 60
