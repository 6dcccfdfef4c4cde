"""The shift bar and the occupancy of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from callcenter.features.desk.rules import COUNTED, Stretch, midnight, occupancy, shift

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    """A moment of that day, Moscow time."""
    return datetime.fromisoformat(f"2026-03-02T{text}+03:00")


def test_a_day_begins_at_midnight_of_the_persons_zone() -> None:
    assert midnight(NOW, MOSCOW) == datetime(2026, 3, 1, 21, 0, tzinfo=UTC)
    assert midnight(NOW, ZoneInfo("UTC")) == datetime(2026, 3, 2, tzinfo=UTC)


def test_occupancy_is_work_with_clients_over_time_on_line() -> None:
    assert occupancy({"talking": 60, "wrapup": 20, "ready": 20, "ringing": 50, "paused": 500, "offline": 900}) == 0.8
    assert occupancy({"paused": 500}) is None
    assert occupancy({}) is None


def test_the_bar_shows_states_in_their_order_and_a_gap_for_time_off_line() -> None:
    found = shift(
        [
            Stretch("ready", at("09:00"), at("10:00")),
            Stretch("offline", at("10:00"), at("10:30")),
            Stretch("talking", at("10:30"), at("11:00")),
            Stretch("wrapup", at("11:00"), at("12:00")),
        ],
        midnight(NOW, MOSCOW),
        NOW,
    )
    assert [piece.state for piece in found.pieces] == ["ready", "gap", "talking", "wrapup"]
    assert [piece.width for piece in found.pieces] == [25.0, 12.5, 12.5, 25.0]
    assert [mark.strftime("%H:%M") for mark in found.marks] == ["09:00", "10:00", "11:00", "12:00", "13:00"]
    assert found.seconds == {"ready": 3600, "offline": 1800, "talking": 1800, "wrapup": 3600}
    assert found.since == at("09:00")


def test_what_was_before_midnight_is_not_of_today() -> None:
    found = shift(
        [Stretch("ready", at("00:00") - timedelta(hours=2), at("01:00"))], midnight(at("01:30"), MOSCOW), at("01:30")
    )
    assert found.seconds == {"ready": 3600}
    assert found.marks[0] == at("00:00")


def test_nobody_who_stayed_off_line_has_a_shift() -> None:
    assert shift([], midnight(NOW, MOSCOW), NOW).pieces == []
    assert shift([Stretch("offline", at("01:00"), at("11:00"))], midnight(NOW, MOSCOW), NOW).pieces == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ready", "ringing", "talking", "wrapup", "paused", "offline"]),
            st.integers(0, 7200),
        ),
        max_size=40,
    )
)
def test_the_bar_never_overflows(parts: list[tuple[str, int]]) -> None:
    moment, stretches = at("00:10"), []
    for state, seconds in parts:
        stretches.append(Stretch(state, moment, moment + timedelta(seconds=seconds)))
        moment += timedelta(seconds=seconds)
    found = shift(stretches, midnight(min(NOW, moment), MOSCOW), min(NOW, moment))
    assert sum(piece.width for piece in found.pieces) <= 100.1
    assert all(piece.width > 0 for piece in found.pieces)
    share = occupancy(found.seconds)
    assert share is None or 0 <= share <= 1
    assert set(COUNTED).isdisjoint({"paused", "offline"})
