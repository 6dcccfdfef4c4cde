"""The 24-hour picture: answered, missed and outgoing calls per hour, as counts and as the geometry of a bar chart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOURS = 24
KINDS = ("answered", "missed", "out")


class Hour(NamedTuple):
    """Calls that began in the hour from ``start`` (aware, in the reader's zone)."""

    start: datetime
    answered: int = 0
    missed: int = 0
    out: int = 0

    @property
    def total(self) -> int:
        """All calls of the hour."""
        return self.answered + self.missed + self.out


class Bar(NamedTuple):
    """A piece of a column in the chart's own units: ``kind`` answered, missed or out."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Column(NamedTuple):
    """An hour with its bars; ``label`` is set on every sixth hour."""

    hour: Hour
    x: float
    label: str
    bars: tuple[Bar, ...]


class Chart(NamedTuple):
    """The picture: ``top`` is the count that the full height stands for."""

    width: int
    height: int
    top: int
    columns: tuple[Column, ...]
    answered: int
    missed: int
    out: int


def first_hour(now: datetime, zone: ZoneInfo) -> datetime:
    """The UTC moment at which the picture begins: 23 full hours before the current one of the reader's zone."""
    local = now.astimezone(zone)
    # Counted back in UTC: a night when the clocks change still has 24 columns of one hour.
    offset = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return (local - offset).astimezone(UTC) - timedelta(hours=HOURS - 1)


def hours(counts: Iterable[tuple[int, str, int]], first: datetime, zone: ZoneInfo) -> tuple[Hour, ...]:
    """``counts`` gives (hour from ``first``, kind, number of calls); hours without calls are there too."""
    table = [dict.fromkeys(KINDS, 0) for _ in range(HOURS)]
    for index, kind, number in counts:
        if 0 <= index < HOURS and kind in KINDS:
            table[index][kind] += number
    starts = (first + timedelta(hours=index) for index in range(HOURS))
    return tuple(Hour(start.astimezone(zone), **row) for start, row in zip(starts, table, strict=True))


def chart(picture: tuple[Hour, ...], width: int = 720, height: int = 96, gap: float = 4.0) -> Chart:
    """Stacked columns: answered at the bottom, then outgoing, missed on top; the tallest reaches the full height."""
    top = round_up(max((hour.total for hour in picture), default=0))
    step = width / max(1, len(picture))
    columns = []
    for index, hour in enumerate(picture):
        x, y = index * step + gap / 2, float(height)
        bars = []
        for kind, number in (("answered", hour.answered), ("out", hour.out), ("missed", hour.missed)):
            if number:
                tall = number / top * height
                y -= tall
                bars.append(Bar(kind, round(x, 2), round(y, 2), round(step - gap, 2), round(tall, 2)))
        text = hour.start.strftime("%H:%M") if hour.start.hour % 6 == 0 else ""
        columns.append(Column(hour, round(x, 2), text, tuple(bars)))
    return Chart(
        width,
        height,
        top,
        tuple(columns),
        sum(hour.answered for hour in picture),
        sum(hour.missed for hour in picture),
        sum(hour.out for hour in picture),
    )


def round_up(number: int) -> int:
    """A round figure not below ``number`` for the top of the scale: 5, 10, 20, 50, 100 …"""
    top = 5
    while top < number:
        top = top * 2 if str(top)[0] != "2" else top * 5 // 2
    return top
