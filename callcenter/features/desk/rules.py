"""The day's figures and the shift bar, from stretches of time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

# Time in these states counts as work with a client; with "ready" it is what occupancy looks at (SUP-02): a phone that
# rings is neither.
BUSY = ("talking", "wrapup")
COUNTED = ("ready", *BUSY)
# Shorter stretches cannot be seen on a bar of a whole day.
THINNEST = 0.0015
SHORTEST_BAR = timedelta(hours=4)


class Stretch(NamedTuple):
    """A state from one moment to another."""

    state: str
    since: datetime
    until: datetime


class Pause(NamedTuple):
    """A stretch on a break: why (``reason`` is a name or a key), and when its limit was over (None = no limit)."""

    reason: str
    reason_id: int | None
    since: datetime
    until: datetime
    due_at: datetime | None


class PauseTotal(NamedTuple):
    """All breaks of a day for one reason; seconds. ``over_times`` of them went over their limit."""

    reason: str
    reason_id: int | None
    times: int
    seconds: float
    over_times: int
    over_seconds: float


class Piece(NamedTuple):
    """A piece of the bar: its state and its width in per cent of the bar."""

    state: str
    width: float


class Shift(NamedTuple):
    """The bar of a day: pieces from left to right, hours below it, seconds in each state."""

    pieces: list[Piece]
    marks: list[datetime]
    seconds: dict[str, float]
    since: datetime | None


def midnight(now: datetime, timezone: ZoneInfo) -> datetime:
    """When the day of ``now`` began in ``timezone``."""
    return now.astimezone(timezone).replace(hour=0, minute=0, second=0, microsecond=0)


def length(since: datetime, until: datetime) -> timedelta:
    """The time that really passed between two moments."""
    # Python subtracts two moments of one zone by the wall clock: wrong by an hour when clocks change between them.
    return until.astimezone(UTC) - since.astimezone(UTC)


def day_of(day: date, timezone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of a day and of the next one in ``timezone``; clocks may have been changed between them."""
    first = datetime.combine(day, time(), timezone)
    return first, datetime.combine(day + timedelta(days=1), time(), timezone)


def pauses(stretches: Iterable[Pause], since: datetime, until: datetime) -> list[PauseTotal]:
    """Breaks of a day by reason, the longest first. What lies before or after the day does not count."""
    found: dict[tuple[int | None, str], PauseTotal] = {}
    for one in stretches:
        first, last = max(one.since, since), min(one.until, until)
        if last <= first:
            continue
        over = max(0.0, length(max(first, one.due_at), last).total_seconds()) if one.due_at else 0.0
        key = (one.reason_id, "" if one.reason_id is not None else one.reason)
        old = found.get(key) or PauseTotal(one.reason, one.reason_id, 0, 0.0, 0, 0.0)
        found[key] = PauseTotal(
            one.reason,
            one.reason_id,
            old.times + 1,
            old.seconds + length(first, last).total_seconds(),
            old.over_times + (over > 0),
            old.over_seconds + over,
        )
    return sorted(found.values(), key=lambda one: (-one.seconds, one.reason))


def occupancy(seconds: dict[str, float]) -> float | None:
    """(talk + wrap-up) ÷ (talk + wrap-up + ready), 0 to 1; None before there was any."""
    on_line = sum(seconds.get(state, 0.0) for state in COUNTED)
    return sum(seconds.get(state, 0.0) for state in BUSY) / on_line if on_line >= 1 else None


def shift(stretches: Iterable[Stretch], since: datetime, until: datetime) -> Shift:
    """The bar of a day from ``since`` to ``until`` (now, or ``last_hour``), four hours wide at least.

    It begins with the first hour of work. Offline time is a gap, not a state.
    """
    cut = [Stretch(one.state, max(one.since, since), min(one.until, until)) for one in stretches]
    cut = [one for one in cut if one.until > one.since]
    seconds: dict[str, float] = {}
    for one in cut:
        seconds[one.state] = seconds.get(one.state, 0.0) + length(one.since, one.until).total_seconds()
    worked = [one for one in cut if one.state != "offline"]
    if not worked:
        return Shift([], [], seconds, None)
    first = worked[0].since.astimezone(since.tzinfo).replace(minute=0, second=0, microsecond=0)
    end = max(until, first + SHORTEST_BAR)
    return Shift(_pieces(worked, first, end), _marks(first, end), seconds, worked[0].since)


def last_hour(stretches: Iterable[Stretch], until: datetime) -> datetime:
    """The end of the last hour of work before ``until``, which is the end of a day that is over."""
    ends = [min(one.until, until) for one in stretches if one.state != "offline" and one.since < until]
    if not ends:
        return until
    last = max(ends).astimezone(until.tzinfo)
    whole = last.replace(minute=0, second=0, microsecond=0)
    return min(until, whole if whole == last else whole + timedelta(hours=1))


def _pieces(worked: list[Stretch], first: datetime, end: datetime) -> list[Piece]:
    whole = length(first, end).total_seconds()
    pieces: list[Piece] = []
    at = first
    for one in worked:
        if length(at, one.since).total_seconds() / whole > THINNEST:
            pieces.append(Piece("gap", _percent(length(at, one.since), whole)))
            at = one.since
        width = _percent(length(at, one.until), whole)
        if width < 100 * THINNEST:
            continue
        if pieces and pieces[-1].state == one.state:
            pieces[-1] = Piece(one.state, round(pieces[-1].width + width, 3))
        else:
            pieces.append(Piece(one.state, width))
        at = one.until
    return pieces


def _percent(part: timedelta, whole: float) -> float:
    return round(100 * part.total_seconds() / whole, 3)


def _marks(first: datetime, end: datetime) -> list[datetime]:
    """Five moments at equal distances."""
    return [(first.astimezone(UTC) + length(first, end) * n / 4).astimezone(first.tzinfo) for n in range(5)]
