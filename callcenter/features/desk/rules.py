"""The day's figures and the shift bar, from stretches of time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

# Time in these states counts as work with a client; with "ready" it makes the time on line.
BUSY = ("talking", "wrapup")
ON_LINE = ("ready", "ringing", *BUSY)
# Shorter stretches cannot be seen on a bar of a whole day.
THINNEST = 0.0015
SHORTEST_BAR = timedelta(hours=4)


class Stretch(NamedTuple):
    """A state from one moment to another."""

    state: str
    since: datetime
    until: datetime


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


def occupancy(seconds: dict[str, float]) -> float | None:
    """The part of the time on line that was work with clients, 0 to 1; None before there was any."""
    on_line = sum(seconds.get(state, 0.0) for state in ON_LINE)
    return sum(seconds.get(state, 0.0) for state in BUSY) / on_line if on_line >= 1 else None


def shift(stretches: Iterable[Stretch], now: datetime, timezone: ZoneInfo) -> Shift:
    """The bar from the first hour of work to now, at least four hours wide; offline time is a gap, not a state."""
    day = midnight(now, timezone)
    cut = [Stretch(one.state, max(one.since, day), min(one.until, now)) for one in stretches if one.until > day]
    cut = [one for one in cut if one.until > one.since]
    seconds: dict[str, float] = {}
    for one in cut:
        seconds[one.state] = seconds.get(one.state, 0.0) + (one.until - one.since).total_seconds()
    worked = [one for one in cut if one.state != "offline"]
    if not worked:
        return Shift([], [], seconds, None)
    first = worked[0].since.astimezone(timezone).replace(minute=0, second=0, microsecond=0)
    end = max(now, first + SHORTEST_BAR)
    return Shift(_pieces(worked, first, end), _marks(first, end), seconds, worked[0].since)


def _pieces(worked: list[Stretch], first: datetime, end: datetime) -> list[Piece]:
    whole = (end - first).total_seconds()
    pieces: list[Piece] = []
    at = first
    for one in worked:
        if (one.since - at).total_seconds() / whole > THINNEST:
            pieces.append(Piece("gap", _percent(one.since - at, whole)))
            at = one.since
        width = _percent(one.until - at, whole)
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
    return [first + (end - first) * n / 4 for n in range(5)]
