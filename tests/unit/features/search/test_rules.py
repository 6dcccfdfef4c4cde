"""What was typed into the search."""

from __future__ import annotations

import pytest

from callcenter.features.search import rules


@pytest.mark.parametrize(
    ("query", "text", "digits", "people"),
    [
        ("  Иван   Сок ", "иван сок", "", False),
        ("8 (912) 34", "8 (912) 34", "91234", False),
        ("+7 912", "+7 912", "7912", False),
        ("12", "12", "", False),
        ("дом 5", "дом 5", "", False),
        ("*ив", "ив", "", True),
        ("*", "", "", True),
    ],
)
def test_typed(query: str, text: str, digits: str, people: bool) -> None:
    assert rules.typed(query) == (text, digits, people)


def test_saved_ones_and_beginnings_come_first() -> None:
    names = [(False, "иван", 1), (True, "анна иванова", 2), (True, "иван петров", 3), (True, "иван", 4)]
    assert rules.best_first(names, "иван") == [4, 3, 2, 1]


def test_words_by_their_beginnings() -> None:
    assert rules.fits("мар ив", "Мария Иванова")
    assert not rules.fits("арья", "Мария Иванова")
