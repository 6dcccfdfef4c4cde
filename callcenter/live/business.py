"""One business in the live picture: its calls, the day's counters of its queues, what changed since the last delta."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callcenter.core.calls import Call
from callcenter.core.directory import QueueRef
from callcenter.live.figures import Counters, count
from callcenter.live.views import ContactBrief

# So many ended calls are remembered, so that one that is told twice (live, then by the journal) counts once.
_REMEMBERED = 3_000


class BusinessNow:
    """One business: its calls, what its queues counted today, and what changed since the last delta."""

    def __init__(self, business_id: int) -> None:
        self.id = business_id
        self.rev = 0
        self.calls: dict[str, Call] = {}
        self.contacts: dict[str, ContactBrief] = {}
        self.concerned: dict[str, set[int]] = {}
        self.counters: dict[int, Counters] = {}
        self.counted: dict[str, tuple[int, Counters] | None] = {}
        self.day_begins = 0.0
        self.day_ends = 0.0
        self.dirty_calls: set[str] = set()
        self.dirty_agents: set[int] = set()
        self.dirty_queues: set[int] = set()
        self.dirty_alerts = False
        self.dirty_link = False
        self.dirty_parked = False

    @property
    def dirty(self) -> bool:
        """Whether anything changed since the last delta."""
        return bool(self.dirty_calls or self.dirty_agents or self.dirty_queues or self.dirty_alerts or self.dirty_link)

    def clean(self) -> None:
        """A delta was made of all changes."""
        for call_id in self.dirty_calls:
            if call_id not in self.calls:
                self.concerned.pop(call_id, None)
        self.dirty_calls.clear()
        self.dirty_agents.clear()
        self.dirty_queues.clear()
        self.dirty_alerts = self.dirty_link = self.dirty_parked = False

    def fold(self, call: Call, queue: QueueRef | None) -> None:
        """Counts an ended call in its queue's day; one that is told again replaces what it counted before."""
        if queue is None or queue.business_id != self.id or call.queued_at is None:
            return
        if call.ended_at is None or call.ended_at < self.day_begins:
            return
        if call.id in self.counted:
            before = self.counted[call.id]
            if before is None:
                return
            queue_id, counted = before
            self.counters[queue_id] = self.counters.get(queue_id, Counters()) - counted
            self.dirty_queues.add(queue_id)
        part = count(call, queue)
        self.add(queue.id, part)
        self._remember(call.id, (queue.id, part))

    def add(self, queue_id: int, part: Counters) -> None:
        """Counts something in a queue's day."""
        self.counters[queue_id] = self.counters.get(queue_id, Counters()) + part
        self.dirty_queues.add(queue_id)

    def prime(self, queue_id: int, counters: Counters, calls: Iterable[str]) -> None:
        """Sets what a queue counted today; ``calls`` are in it and may be told again."""
        self.counters[queue_id] = counters
        # What was counted here before is in the new counters, or is not meant to be: it must not be taken off again.
        for call_id, counted in self.counted.items():
            if counted is not None and counted[0] == queue_id:
                self.counted[call_id] = None
        for call_id in calls:
            self._remember(call_id, None)
        self.dirty_queues.add(queue_id)

    def _remember(self, call_id: str, what: tuple[int, Counters] | None) -> None:
        self.counted[call_id] = what
        if len(self.counted) > _REMEMBERED:
            del self.counted[next(iter(self.counted))]


def day_of(at: float, timezone: str) -> tuple[float, float]:
    """The beginning and the end of the day of ``timezone`` in which ``at`` lies, as epoch seconds."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    today = datetime.fromtimestamp(at, zone).date()
    midnights = (datetime.combine(day, time.min, zone) for day in (today, today + timedelta(days=1)))
    begins, ends = (midnight.timestamp() for midnight in midnights)
    return begins, ends
