"""Breaks of a day, and where a day begins and ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.core.errors import BadInput
from callcenter.features.desk.rules import Pause, PauseTotal, Stretch, day_of, last_hour, pauses, shift
from callcenter.features.desk.usecases import asked_date

MOSCOW = ZoneInfo("Europe/Moscow")
SINCE, UNTIL = day_of(date(2026, 3, 2), MOSCOW)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{text}+03:00")


def pause(since: datetime, until: datetime, reason_id: int | None = 1, due_at: datetime | None = None) -> Pause:
    return Pause("lunch" if reason_id else "no_answer", reason_id, since, until, due_at)


def test_a_day_has_as_many_hours_as_the_clocks_give_it() -> None:
    def hours(day: date) -> float:
        first, last = day_of(day, ZoneInfo("Europe/Berlin"))
        return (last.astimezone(UTC) - first.astimezone(UTC)) / timedelta(hours=1)

    assert [hours(date(2026, 3, 28)), hours(date(2026, 3, 29)), hours(date(2026, 10, 25))] == [24, 23, 25]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_what_lasts_a_whole_day_has_the_hours_of_that_day(day: date, hours: int) -> None:
    first, last = day_of(day, ZoneInfo("Europe/Berlin"))
    before, after = first.astimezone(UTC) - timedelta(hours=1), last.astimezone(UTC) + timedelta(hours=1)
    found = shift([Stretch("ready", before, after)], first, last)
    assert found.seconds == {"ready": hours * 3600}
    assert [piece.width for piece in found.pieces] == [100]
    assert pauses([pause(before, after)], first, last)[0].seconds == hours * 3600


@pytest.mark.rule("AGD-15")
def test_breaks_are_added_up_by_reason_and_what_is_over_the_limit_is_told() -> None:
    found = pauses(
        [
            pause(at("10:00"), at("10:20"), due_at=at("10:30")),
            pause(at("12:00"), at("12:50"), due_at=at("12:30")),
            pause(at("14:00"), at("14:05"), reason_id=None),
        ],
        SINCE,
        UNTIL,
    )
    assert found == [PauseTotal("lunch", 1, 2, 4200.0, 1, 1200.0), PauseTotal("no_answer", None, 1, 300.0, 0, 0.0)]


@pytest.mark.rule("AGD-15")
def test_a_break_over_midnight_belongs_to_each_day_with_its_part() -> None:
    night = pause(SINCE - timedelta(hours=1), SINCE + timedelta(minutes=30), due_at=SINCE - timedelta(minutes=30))
    assert pauses([night], SINCE, UNTIL) == [PauseTotal("lunch", 1, 1, 1800.0, 1, 1800.0)]
    before = day_of(date(2026, 3, 1), MOSCOW)
    assert pauses([night], *before) == [PauseTotal("lunch", 1, 1, 3600.0, 1, 1800.0)]
    assert pauses([night], *day_of(date(2026, 3, 3), MOSCOW)) == []


def test_the_bar_of_a_day_that_is_over_ends_with_its_last_hour_of_work() -> None:
    worked = [Stretch("ready", at("09:00"), at("17:10")), Stretch("offline", at("17:10"), at("23:59"))]
    assert last_hour(worked, UNTIL) == at("18:00")
    assert last_hour([Stretch("ready", at("09:00"), at("17:00"))], UNTIL) == at("17:00")
    assert last_hour([Stretch("ready", at("09:00"), UNTIL + timedelta(hours=3))], UNTIL) == UNTIL
    assert last_hour([], UNTIL) == UNTIL


@pytest.mark.parametrize("text", ["26.11.2026", "2026-13-01", "20260302", "2026-03-03", "1815-06-18", "x" * 10])
def test_what_is_no_day_until_today_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        asked_date(text, date(2026, 3, 2))


def test_no_date_is_today() -> None:
    assert asked_date("", date(2026, 3, 2)) == date(2026, 3, 2)
    assert asked_date("2026-03-02", date(2026, 3, 2)) == date(2026, 3, 2)
    assert asked_date("2025-12-31", date(2026, 3, 2)) == date(2025, 12, 31)
