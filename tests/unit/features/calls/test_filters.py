"""Filters of the call list."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import BadInput
from callcenter.features.calls.rules.filters import MAX_PER_PAGE, asked, digits, filters, pages, span_of

NOW = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # already the third of March in Moscow
MOSCOW = ZoneInfo("Europe/Moscow")
RESULTS = ("answered", "busy")


def at(day: int, month: int = 3) -> datetime:
    """Midnight in Moscow."""
    return datetime(2026, month, day, tzinfo=MOSCOW).astimezone(UTC)


@pytest.mark.parametrize(
    ("query", "since", "until"),
    [
        ({}, None, None),
        ({"period": ["today"]}, at(3), None),
        ({"period": ["yesterday"]}, at(2), at(3)),
        ({"period": ["week"]}, at(25, 2), None),
        ({"period": ["month"]}, at(2, 2), None),
        ({"from": ["2026-03-01"]}, at(1), None),
        ({"to": ["2026-03-01"]}, None, at(2)),
        ({"from": ["2026-03-01"], "to": ["2026-03-01"]}, at(1), at(2)),
        ({"from": ["2026-03-02"], "to": ["2026-03-01"]}, at(1), at(3)),
        ({"from": ["2026-03-01"], "period": ["today"]}, at(1), None),
    ],
)
def test_periods_are_days_of_the_reader_s_zone(
    query: dict[str, list[str]], since: datetime | None, until: datetime | None
) -> None:
    assert tuple(span_of(asked(query, RESULTS), NOW, MOSCOW)) == (since, until)


def test_a_query_becomes_filters() -> None:
    form = asked(
        {
            "kind": ["missed"],
            "agent": ["1", "", "2"],
            "number": ["3"],
            "queue": ["4"],
            "result": ["busy"],
            "q": [" a "],
        },
        RESULTS,
    )
    found = filters(form, NOW, MOSCOW)
    assert (found.kind, found.agents, found.numbers, found.queues) == ("missed", (1, 2), (3,), (4,))
    assert (found.results, found.search) == (("busy",), "a")
    assert (form.page, form.per_page) == (1, 30)
    assert asked({"per_page": ["5000"], "page": ["0"]}, RESULTS).per_page == MAX_PER_PAGE


@pytest.mark.parametrize(
    "query",
    [{"kind": ["x"]}, {"period": ["x"]}, {"result": ["x"]}, {"agent": ["1e3"]}, {"page": ["٣"]}, {"contact": ["-1"]}],
)
def test_what_does_not_exist_is_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(BadInput):
        asked(query, RESULTS)


@pytest.mark.parametrize("text", ["2026-02-30", "yesterday", "1999-01-01", "20260301T00"])
def test_dates_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        filters(asked({"from": [text]}, RESULTS), NOW, MOSCOW)


@given(
    st.dictionaries(
        st.sampled_from(["kind", "period", "from", "to", "agent", "page", "q"]), st.lists(st.text(max_size=9))
    )
)
def test_any_query_is_understood_or_refused(query: dict[str, list[str]]) -> None:
    with contextlib.suppress(BadInput):
        filters(asked(query, RESULTS), NOW, MOSCOW)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("8 (495) 12", "49512"),
        ("+7 495", "7495"),
        ("7495123", "495123"),
        ("495-12", "49512"),
        ("+44", "44"),
        ("12", ""),
        ("Иванов 495", ""),
        ("", ""),
        ("800", "800"),
    ],
)
def test_pieces_of_numbers(typed: str, found: str) -> None:
    assert digits(typed) == found


def test_pages() -> None:
    assert [pages(total, 30) for total in (0, 1, 30, 31, 1_000_000)] == [1, 1, 1, 2, 33334]
