"""Working hours as people type them: a week of spans, over midnight too. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from callcenter.core import routing
from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.routing import DAY, WEEK, Hours

EMPLOYEES = "employees"
"""The zone that stands for each employee's own."""
DAYS: tuple[str, ...] = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
Typed = tuple[str, str]
Span = tuple[int, int]


def from_form(days: Sequence[Sequence[Typed]], zone: str) -> Hours:
    """The week as it was typed: for each day, Monday first, pairs of times; empty pairs do not count.

    22:00 – 06:00 goes on after midnight: it becomes a span of each of the two days. Raises BadInput that names the
    days (``day0`` …) whose times cannot be used.
    """
    week: list[list[Span]] = [[] for _ in range(WEEK)]
    wrong: dict[str, tuple[str, dict[str, Any]]] = {}
    for number, typed in enumerate(days):
        for begin, end in typed:
            if not begin.strip() and not end.strip():
                continue
            try:
                _put(week, number, begin, end)
            except BadInput as error:
                wrong.setdefault(f"day{number}", (error.message, error.values))
    for number, spans in enumerate(week):
        try:
            week[number] = list(routing.spans(spans))
        except BadInput as error:
            wrong.setdefault(f"day{number}", (error.message, error.values))
    if wrong:
        raise _fault(wrong)
    return checked(Hours(week=tuple(tuple(spans) for spans in week), zone=zone))


def checked(hours: Hours) -> Hours:
    """Hours that may be kept: seven days in order, a zone that there is. Raises BadInput."""
    if len(hours.week) != WEEK:
        message = N_("Working hours need seven days, Monday first.")
        raise BadInput(message, fields={"hours": message})
    if hours.zone not in ("", EMPLOYEES) and hours.zone not in available_timezones():
        message = N_("There is no such time zone.")
        raise BadInput(message, fields={"zone": message})
    week: list[tuple[Span, ...]] = []
    wrong: dict[str, tuple[str, dict[str, Any]]] = {}
    for number, spans in enumerate(hours.week):
        try:
            week.append(routing.spans(spans))
        except BadInput as error:
            wrong[f"day{number}"] = (error.message, error.values)
    if wrong:
        raise _fault(wrong)
    if not any(week):
        message = N_("There are no working hours at all. To close the number for good, switch its menu or line off.")
        raise BadInput(message, fields={"hours": message})
    return Hours(week=tuple(week), zone=hours.zone)


def shown(hours: Hours | None) -> list[list[Typed]]:
    """The week as it is typed: what goes on after midnight is one span of the day on which it begins."""
    if hours is None:
        return [[("09:00", "18:00")] if number < 5 else [] for number in range(WEEK)]
    taken = {
        (number + 1) % WEEK
        for number in range(WEEK)
        if _over_midnight(hours.week[number], hours.week[(number + 1) % WEEK])
    }
    days: list[list[Typed]] = []
    for number, spans in enumerate(hours.week):
        rows = list(spans[1:] if number in taken else spans)
        after = (number + 1) % WEEK
        typed = [(routing.clock(begin), routing.clock(end)) for begin, end in rows]
        if after in taken:
            typed[-1] = (typed[-1][0], routing.clock(hours.week[after][0][1]))
        days.append(typed)
    return days


def open_at(
    hours: Hours | None, days: Mapping[date, Sequence[Span]], at: datetime, zone: str, *, company: str = "UTC"
) -> bool:
    """Whether it is open at ``at`` by the clocks of ``zone`` ('' = the company's); ``days`` have hours of their own."""
    if hours is None:
        return True
    there = at.astimezone(zone_of(zone, company))
    minute = there.hour * 60 + there.minute
    spans = days.get(there.date(), hours.week[there.weekday()])
    return any(begin <= minute < end for begin, end in spans)


def zone_of(*names: str) -> ZoneInfo:
    """The first zone that there is; UTC when there is none."""
    for name in names:
        if name:
            try:
                return ZoneInfo(name)
            except (OSError, ValueError):
                continue
    return ZoneInfo("UTC")


def zones() -> tuple[str, ...]:
    """The names of all time zones."""
    return tuple(sorted(available_timezones()))


def spans_of(typed: Sequence[Typed]) -> tuple[Span, ...]:
    """The spans of one special day; they end at midnight. Raises BadInput (field ``spans``)."""
    try:
        found = [(routing.minutes(b), _end(e)) for b, e in typed if b.strip() or e.strip()]
        return routing.spans(found)
    except BadInput as error:
        raise BadInput(
            error.message, fields={"spans": error.message}, field_values={"spans": error.values}, **error.values
        ) from None


def _put(week: list[list[Span]], number: int, begin: str, end: str) -> None:
    first, last = routing.minutes(begin), _end(end)
    if first == DAY:
        raise BadInput(N_("“%(text)s” is no time of day. Write it like 9:30."), text=begin.strip())
    if first < last:
        week[number].append((first, last))
    elif first == last:
        message = N_("Working hours must end after they begin: %(begin)s – %(end)s.")
        raise BadInput(message, begin=routing.clock(first), end=routing.clock(last))
    else:
        week[number].append((first, DAY))
        week[(number + 1) % WEEK].append((0, last))


def _end(text: str) -> int:
    """The end of a span: midnight ends the day."""
    return routing.minutes(text) or DAY


def _over_midnight(today: Sequence[Span], tomorrow: Sequence[Span]) -> bool:
    if not today or not tomorrow:
        return False
    (begin, end), (first, last) = today[-1], tomorrow[0]
    return end == DAY and first == 0 and 0 < last <= begin


def _fault(wrong: Mapping[str, tuple[str, dict[str, Any]]]) -> BadInput:
    """One error in which every day has its own message."""
    message, values = next(iter(wrong.values()))
    return BadInput(
        message,
        fields={field: text for field, (text, _) in wrong.items()},
        field_values={field: own for field, (_, own) in wrong.items()},
        **values,
    )
