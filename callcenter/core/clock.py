"""Time as a dependency, so that rules and tests can be given any moment."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; ``now`` is a UTC datetime, ``epoch`` the same as seconds since 1970."""

    def now(self) -> datetime: ...

    def epoch(self) -> float: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def epoch(self) -> float:
        return time.time()


class FixedClock:
    """A clock for tests: stands still until ``advance`` is called."""

    def __init__(self, at: datetime) -> None:
        self._at = at.timestamp()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._at, UTC)

    def epoch(self) -> float:
        return self._at

    def advance(self, seconds: float) -> None:
        """Moves the clock forward by ``seconds``."""
        self._at += seconds


def utc(epoch: float) -> datetime:
    """The UTC datetime of ``epoch`` seconds."""
    return datetime.fromtimestamp(epoch, UTC)
