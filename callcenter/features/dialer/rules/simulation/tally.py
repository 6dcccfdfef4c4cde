"""What a virtual day came to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Hour:
    """One hour: how many calls were passed on as persons, and how many of them no agent took."""

    passed: int = 0
    abandoned: int = 0

    @property
    def share(self) -> float:
        """Abandoned ÷ passed on (0 when nobody was)."""
        return self.abandoned / self.passed if self.passed else 0.0


@dataclass(slots=True)
class Tally:
    """What was counted after the warm-up.

    Agents' seconds: ``talk`` and ``wrapup`` (machines that were passed on count as talk), ``ready``. Counts: ``placed``
    calls, ``lost`` persons whom the detector took for machines, ``hours`` in order.
    """

    talk: float = 0.0
    wrapup: float = 0.0
    ready: float = 0.0
    placed: int = 0
    lost: int = 0
    hours: list[Hour] = field(default_factory=list)

    @property
    def occupancy(self) -> float:
        """(Talk + wrap-up) ÷ (talk + wrap-up + ready), 0 … 1."""
        busy = self.talk + self.wrapup
        return busy / (busy + self.ready) if busy else 0.0

    @property
    def passed(self) -> int:
        """Calls passed on as persons."""
        return sum(hour.passed for hour in self.hours)

    @property
    def abandoned(self) -> int:
        """Calls passed on that no agent took in time, or that were hung up before."""
        return sum(hour.abandoned for hour in self.hours)

    @property
    def share(self) -> float:
        """Abandoned ÷ passed on, of the day."""
        return self.abandoned / self.passed if self.passed else 0.0

    @property
    def worst_hour(self) -> float:
        """The largest share of an hour."""
        return max((hour.share for hour in self.hours), default=0.0)
