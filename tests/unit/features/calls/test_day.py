"""The 24-hour picture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.features.calls.rules.day import chart, first_hour, hours, round_up

ZONES = ("Europe/Moscow", "Asia/Kolkata", "UTC", "Europe/Berlin")


@given(st.integers(1_767_225_600, 1_798_675_200), st.sampled_from(ZONES))
def test_there_are_twenty_four_hours_and_the_last_holds_now(epoch: int, name: str) -> None:
    now, zone = datetime.fromtimestamp(epoch, UTC), ZoneInfo(name)
    first = first_hour(now, zone)
    assert first.astimezone(zone).minute == 0
    assert first + timedelta(hours=23) <= now < first + timedelta(hours=24)
    assert len(hours([], first, zone)) == 24


def test_counts_stand_in_their_hours() -> None:
    zone = ZoneInfo("Europe/Moscow")
    first = datetime(2026, 3, 1, 10, tzinfo=UTC)
    found = hours(
        [(0, "answered", 3), (23, "missed", 2), (23, "out", 1), (24, "out", 9), (-1, "out", 9), (1, "x", 9)],
        first,
        zone,
    )
    assert (found[0].answered, found[0].start.hour) == (3, 13)
    assert (found[23].missed, found[23].out, found[23].total) == (2, 1, 3)
    assert sum(hour.total for hour in found) == 6


@given(
    st.lists(
        st.tuples(st.integers(0, 23), st.sampled_from(["answered", "missed", "out"]), st.integers(0, 500)), max_size=40
    )
)
def test_bars_stay_inside_and_are_in_proportion(counts: list[tuple[int, str, int]]) -> None:
    zone = ZoneInfo("UTC")
    picture = chart(hours(counts, datetime(2026, 3, 1, 10, tzinfo=UTC), zone), width=720, height=96)
    assert len(picture.columns) == 24
    assert picture.answered + picture.missed + picture.out == sum(number for _, _, number in counts)
    for column in picture.columns:
        assert sum(bar.height for bar in column.bars) == pytest.approx(column.hour.total / picture.top * 96, abs=0.1)
        for bar in column.bars:
            assert -0.1 <= bar.y <= bar.y + bar.height <= 96.1
            assert 0 <= bar.x < bar.x + bar.width <= 720


@given(st.integers(0, 10**7))
def test_the_scale_is_a_round_figure_above(number: int) -> None:
    top = round_up(number)
    assert top >= max(number, 5)
    assert str(top).rstrip("0") in ("1", "2", "5")
    assert number < 5 or top < number * 2.5 + 1
