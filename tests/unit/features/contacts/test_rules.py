"""What a contact is called, and where its number is from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callcenter.core.errors import BadInput
from callcenter.features.contacts.rules.people import Known, best, full_name, like, limited, local_time, outside, place


@pytest.mark.parametrize("number", ["+79031182740", "+442079460000", "+12345"])
def test_outside_numbers(number: str) -> None:
    assert outside(number)


@pytest.mark.parametrize(
    "number", ["", "101", "anonymous", "+1234", "+7903\r\n", "79031182740", "+" + "1" * 16, "+7903a"]
)
def test_what_is_no_outside_number(number: str) -> None:
    assert not outside(number)


def test_a_client_comes_before_a_bare_number_and_the_older_before_the_newer() -> None:
    assert best([Known(1, False), Known(3, True), Known(2, True)]) == Known(2, True)
    assert best([Known(5, False), Known(4, False)]) == Known(4, False)
    assert best([]) is None


def test_names() -> None:
    assert full_name(" Ирина ", " Лаптева\n") == "Ирина Лаптева"
    assert full_name("", "Лаптева") == "Лаптева"
    for first, last in (("", " "), ("x" * 201, "")):
        with pytest.raises(BadInput) as found:
            full_name(first, last)
        assert list(found.value.fields) == ["first_name"]
    with pytest.raises(BadInput):
        limited("x" * 101, "city", 100)


def test_search_signs_are_taken_literally() -> None:
    assert like("50%_\\") == "%50\\%\\_\\\\%"


def test_places() -> None:
    city = place("+78126401509", "ru")
    assert "Петербург" in city.city
    assert city.zone == "Europe/Moscow"
    assert place("+79031182740", "ru").zone == ""
    assert place("nonsense", "ru") == ("", "")
    noon = datetime(2026, 3, 2, 9, 13, tzinfo=UTC)
    assert local_time("Asia/Yekaterinburg", noon) == "14:13"
    assert local_time("", noon) == ""
    assert local_time("No/Such", noon) == ""
