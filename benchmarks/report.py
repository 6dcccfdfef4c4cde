"""What every benchmark hands back, and the one table of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measure beside its floor.

    ``value`` and ``floor`` are in ``unit``; ``ratio`` is value ÷ floor of the same run (or another share that
    ``target`` speaks of); ``target`` says in words what ``ratio`` or ``value`` shall be; ``ok`` whether it is.
    """

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    target: str
    ok: bool


def at_most(name: str, value: float, unit: str, floor: float, limit: float) -> Row:
    """A row whose value may be ``limit`` times the floor at most."""
    ratio = value / floor
    return Row(name, value, unit, floor, ratio, f"≤ {limit:g} × floor", ratio <= limit)


def table(rows: Iterable[Row]) -> str:
    """All rows as one table of text."""
    head = ("measure", "value", "unit", "floor", "ratio", "target", "")
    lines = [head]
    for row in rows:
        lines.append(
            (
                row.name,
                _number(row.value),
                row.unit,
                "" if row.floor is None else _number(row.floor),
                "" if row.ratio is None else f"{row.ratio:.2f}",
                row.target,
                "ok" if row.ok else "MISSED",
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    made = []
    for line in lines:
        cells = [
            cell.rjust(width) if column in (1, 3, 4) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        made.append("  ".join(cells).rstrip())
    made.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(made)


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
