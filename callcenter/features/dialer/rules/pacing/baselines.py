"""The rules that others use, to compare with. Pure."""

from __future__ import annotations

from callcenter.features.dialer.rules.pacing.seen import READY, TALK, Seen


class OnePerAgent:
    """One call for each ready agent who has none yet: nobody is abandoned while agents stay."""

    def place(self, seen: Seen) -> int:
        """How many calls to place now."""
        ready = sum(state == READY for state in seen.state)
        return max(0, min(ready - in_flight(seen), seen.trunk_free))


class FixedRatio:
    """``ratio`` calls for each agent who is ready."""

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio

    def place(self, seen: Seen) -> int:
        """How many calls to place now."""
        ready = sum(state == READY for state in seen.state)
        return max(0, min(round(self.ratio * ready) - in_flight(seen), seen.trunk_free))


class FixedLevel:
    """So many calls under way, ringing and in talk, for each agent who is ready or in talk."""

    def __init__(self, level: float) -> None:
        self.level = level

    def place(self, seen: Seen) -> int:
        """How many calls to place now."""
        ready, talking = seen.state.count(READY), seen.state.count(TALK)
        goal = round(self.level * (ready + talking))
        return max(0, min(goal - in_flight(seen) - talking, seen.trunk_free)) if ready + talking else 0


def in_flight(seen: Seen) -> int:
    """Calls that may still want an agent."""
    return len(seen.dialing) + len(seen.in_amd) + len(seen.waiting)
