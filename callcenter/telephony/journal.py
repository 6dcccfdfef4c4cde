"""Rebuilds calls from Asterisk's own durable records (CEL), so that no break leaves a hole in the call log.

Rows become the tracker's facts (``cel_facts``) and go through a tracker of their own: what comes out is what the live
tracker would have said. A call is given once all of its channels have ended, or when Asterisk is known to have lost it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from callcenter.core.calls import Call
from callcenter.core.directory import Directory
from callcenter.core.events import CallEnded, CallUpdated, Event
from callcenter.telephony import facts as f
from callcenter.telephony.cel_facts import CallFacts
from callcenter.telephony.cel_file import JournalPosition, Row, rotate, rows, tail
from callcenter.telephony.tracker import Tracker
from callcenter.telephony.tracker.tracker import CAUSE_ASTERISK_GONE

__all__ = ["Alive", "Journal", "JournalPosition", "completed_calls"]

log = logging.getLogger(__name__)

# Rows are written a moment after things happen: a call that is gone and has no end after so long will get none.
_SETTLED = 2.0
# Written after a channel's HANGUP, which has told all: a call is given before these come.
_EPILOGUE = frozenset({"CHAN_END", "LINKEDID_END"})
# Asterisk tells its uptime in whole seconds.
_UPTIME_STEP = 1.0


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """What Asterisk had at ``at`` (epoch seconds): the Linkedids and Uniqueids of all channels.

    ``started_at`` is when that Asterisk had started. ``down_at`` is when the link was lost before, if it was: until
    then lost calls are known to have lived.
    """

    at: float
    ids: frozenset[str]
    started_at: float | None = None
    down_at: float | None = None


def completed_calls(
    found: Iterable[Row], directory: Directory, alive: Alive | None = None, now: float = 0.0
) -> list[Call]:
    """Pictures of all calls that ended within ``found`` (what is there at ``now``), in the order of their ends."""
    return _complete(_groups(found), directory, alive, now)[0]


def _groups(found: Iterable[Row]) -> list[list[Row]]:
    """Rows that belong together: of one Linkedid, and of those that share a channel (transfers join calls)."""
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = name = parent[above]
        return name

    kept = [row for row in found if row.linkedid and row.uniqueid and row.kind not in _EPILOGUE]
    for row in kept:
        one, two = top("l" + row.linkedid), top("u" + row.uniqueid)
        if one != two:
            parent[two] = one
    groups: dict[str, list[Row]] = {}
    for row in kept:
        groups.setdefault(top("l" + row.linkedid), []).append(row)
    return list(groups.values())


def _complete(
    groups: Iterable[list[Row]], directory: Directory, alive: Alive | None, now: float
) -> tuple[list[Call], list[list[Row]]]:
    """Calls of the groups that have ended, and the groups that have not."""
    calls: list[Call] = []
    left: list[list[Row]] = []
    for group in groups:
        facts = CallFacts(group)
        if facts.alive():
            lost_at = _lost_at(group, alive, now)
            if lost_at is None:
                left.append(group)
                continue
        else:
            lost_at = None
        calls.extend(_ended(_events(facts, directory, lost_at)))
    calls.sort(key=lambda call: call.ended_at or 0.0)
    return calls, left


def _lost_at(group: Sequence[Row], alive: Alive | None, now: float) -> float | None:
    """When a call ended whose end was never written: it is not in Asterisk any more. None = it goes on."""
    last = max(row.time for row in group)
    if alive is None or last > alive.at or any(row.uniqueid in alive.ids or row.linkedid in alive.ids for row in group):
        return None
    of_another_run = alive.started_at is not None and last < alive.started_at - _UPTIME_STEP
    if not of_another_run and now < alive.at + _SETTLED:
        return None
    return max(last, alive.down_at) if alive.down_at is not None and alive.down_at < alive.at else last


def _events(facts: CallFacts, directory: Directory, lost_at: float | None = None) -> list[Event]:
    tracker = Tracker(directory)
    events: list[Event] = []
    for fact in facts:
        events.extend(tracker.take(fact))
    if lost_at is not None:
        for uniqueid in facts.alive():
            events.extend(tracker.take(f.HungUp(lost_at, uniqueid, CAUSE_ASTERISK_GONE)))
    return events


def _ended(events: Iterable[Event]) -> list[Call]:
    return [event.call for event in events if isinstance(event, CallEnded)]


class Journal:
    """The CEL file ``file``. Not thread-safe; may be used in a thread of its own."""

    def __init__(self, file: Path, directory: Directory) -> None:
        self.file = file
        self.directory = directory
        self._given: JournalPosition | None = None
        self._read = JournalPosition()
        self._left: list[Row] = []

    def since(
        self, position: JournalPosition, alive: Alive | None = None, now: float = 0.0
    ) -> tuple[list[Call], JournalPosition]:
        """Calls that ended since ``position``, and the position to go on from; raises OSError.

        The position returned stands before the first row of the oldest call that goes on, so that it may be kept over a
        restart; as long as this object lives, nothing is read twice. A large file comes in pieces.
        """
        if position != self._given:
            self._read, self._left = position, []
        fresh, self._read = rows(self.file, self._read)
        calls, groups = _complete(_groups([*self._left, *fresh]), self.directory, alive, now)
        self._left = sorted((row for group in groups for row in group), key=_order)
        self._given = self._left[0].at if self._left else self._read
        if not self._left and not fresh and rotate(self.file, self._read):
            log.info("the call journal was rotated")
        return calls, self._given

    def open_calls(self, ids: frozenset[str], began_at: float) -> list[Call]:
        """Pictures of the calls (Linkedids) ``ids`` that go on; the oldest began at ``began_at``. Raises OSError.

        ``talk_seconds`` counts up to the moment of the last step.
        """
        calls: dict[str, Call] = {}
        for group in _groups(tail(self.file, began_at, ids)):
            tracker = Tracker(self.directory)
            for fact in CallFacts(group):
                for event in tracker.take(fact):
                    if isinstance(event, CallUpdated):
                        calls[event.call.id] = event.call
                    elif isinstance(event, CallEnded):
                        calls.pop(event.call.id, None)
            for call in tracker.calls.values():
                if call.id in calls:
                    picture = call.picture()
                    last = picture.steps[-1].at if picture.steps else call.at
                    more = max(0.0, last - call.mode_since)
                    calls[call.id] = msgspec.structs.replace(
                        picture,
                        talk_seconds=call.talk_seconds + (more if call.mode == "talk" else 0.0),
                        hold_seconds=call.hold_seconds + (more if call.mode == "hold" else 0.0),
                    )
        return [call for call in calls.values() if call.id in ids]


def _order(row: Row) -> tuple[float, int]:
    return row.time, row.at.offset
