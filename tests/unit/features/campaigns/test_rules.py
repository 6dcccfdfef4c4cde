"""What a campaign's form may say."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import BadInput
from callcenter.features.campaigns.rules import budget, day, name, period, state

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (date(2026, 3, 3), None, "planned"),
        (TODAY, None, "active"),
        (date(2026, 1, 1), date(2026, 3, 3), "active"),
        (date(2026, 1, 1), TODAY, "finished"),
        (date(2026, 1, 1), date(2026, 2, 1), "finished"),
    ],
)
def test_states(starts: date, ends: date | None, expected: str) -> None:
    assert state(starts, ends, TODAY) == expected


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("", None), ("12500", 1250000), ("12 500,50", 1250050), ("0", 0), ("0.5", 50), ("1\xa0000", 100000)],
)
def test_budgets(typed: str, minor: int | None) -> None:
    assert budget(typed, 2) == minor


@given(st.text(max_size=12))
def test_any_text_is_a_sum_or_refused(typed: str) -> None:
    try:
        found = budget(typed, 2)
    except BadInput:
        return
    assert found is None or 0 <= found <= 10**12


def test_periods_and_names() -> None:
    assert period(TODAY, None) == TODAY
    assert day("2026-03-02", "starts_on") == TODAY
    assert day(" ", "ends_on") is None
    assert name("  Осень   2026 ") == "Осень 2026"
    for wrong in (
        lambda: period(None, None),
        lambda: period(TODAY, date(2026, 3, 1)),
        lambda: day("x", "a"),
        lambda: name(""),
    ):
        with pytest.raises(BadInput):
            wrong()
