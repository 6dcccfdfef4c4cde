"""In which time zones a client may be."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from callcenter.features.contacts.rules import regions, zones

MOBILE, MOSCOW, VLADIVOSTOK = "+79161234567", "+74951234567", "+74232345678"
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.rule("OBD-06")
@pytest.mark.parametrize(
    ("numbers", "city", "address", "found"),
    [
        ([MOSCOW], "", "", ("Europe/Moscow",)),
        ([MOBILE], "г. Екатеринбург", "", ("Asia/Yekaterinburg",)),
        ([MOBILE], "", "650000, г. Кемерово, ул. Московская, 5", ("Asia/Novokuznetsk",)),
        ([MOBILE], "Ростов-на-Дону", "", ("Europe/Moscow",)),
        ([MOBILE], "Нигде", "Приморский край, посёлок", ("Asia/Vladivostok",)),
        # The city counts more than the address.
        ([MOBILE], "Омск", "Москва", ("Asia/Omsk",)),
        # Two places in one address say nothing.
        ([MOSCOW], "", "Омск или Чита", ("Europe/Moscow",)),
        # What contradicts itself has to fit both.
        ([MOSCOW], "Владивосток", "", ("Asia/Vladivostok", "Europe/Moscow")),
        # A landline tells where the mobile is.
        ([MOBILE, VLADIVOSTOK], "", "", ("Asia/Vladivostok",)),
        ([], "Самара", "", ("Europe/Samara",)),
        (["+7000", "none"], "", "", ()),
    ],
)
def test_where_a_client_is(numbers: list[str], city: str, address: str, found: tuple[str, ...]) -> None:
    assert zones.of_client(numbers, city, address) == found


def test_a_mobile_may_be_anywhere_in_its_country() -> None:
    found = zones.of_client([MOBILE], "", "")
    assert {"Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka"} <= set(found)
    clocks = [f"{one:%H:%M}" for one in zones.clocks(found, NINE)]
    assert (clocks[0], clocks[-1], len(clocks)) == ("11:00", "21:00", 11)


@pytest.mark.parametrize(
    ("first", "last", "within"),
    [("11:00", "20:00", True), ("12:30", "20:00", False), ("11:00", "19:00", False), ("18:00", "12:00", False)],
)
def test_within_hours(first: str, last: str, within: bool) -> None:
    both = ("Europe/Moscow", "Asia/Vladivostok")
    assert zones.within(both, time.fromisoformat(first), time.fromisoformat(last), NINE) is within


def test_hours_over_midnight_and_no_zone() -> None:
    night = time(18, 0), time(8, 0)
    assert zones.within(["Asia/Vladivostok"], *night, NINE)
    assert not zones.within(["Europe/Moscow"], *night, NINE)
    assert not zones.within([], time(0, 0), time(23, 59), NINE)


def test_every_place_has_a_zone_that_there_is() -> None:
    for name, zone in regions.PLACES.items():
        assert ZoneInfo(zone).key == zone
        assert zones.of_address(name, "") == zone, name
