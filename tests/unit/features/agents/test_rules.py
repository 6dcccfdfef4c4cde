"""Short numbers and stretches of time, by value."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.features.agents.rules import Span, change_span, is_short_number, next_short_number


def test_the_next_short_number_is_the_smallest_free_one() -> None:
    assert next_short_number([]) == "101"
    assert next_short_number({"101", "102", "104"}) == "103"


def test_the_next_short_number_skips_emergency_numbers() -> None:
    assert next_short_number({str(n) for n in range(101, 112)}) == "113"


@pytest.mark.parametrize("text", ["101", "200", "999999"])
def test_short_numbers_that_can_be(text: str) -> None:
    assert is_short_number(text)


@pytest.mark.parametrize("text", ["", "12", "011", "112", "911", "1234567", "1a1", "101\n", "１０１"])
def test_short_numbers_that_cannot_be(text: str) -> None:
    assert not is_short_number(text)


def test_a_first_state_opens_a_stretch() -> None:
    step = change_span(None, "ready", "", 100.0)
    assert step.close_at is None
    assert step.opened == Span("ready", "", 100.0)


def test_the_same_state_again_changes_nothing() -> None:
    assert change_span(Span("paused", "lunch", 5.0), "paused", "lunch", 9.0) == (None, None)


def test_another_reason_is_another_stretch() -> None:
    step = change_span(Span("paused", "lunch", 5.0), "paused", "training", 9.0)
    assert step == (9.0, Span("paused", "training", 9.0))


CHANGES = st.lists(
    st.tuples(st.sampled_from(["offline", "ready", "ringing", "talking", "wrapup", "paused"]), st.floats(0, 1e6)),
    max_size=40,
)


@given(CHANGES)
def test_stretches_never_overlap_and_are_never_negative(changes: list[tuple[str, float]]) -> None:
    current: Span | None = None
    done: list[tuple[float, float]] = []
    for state, at in changes:
        step = change_span(current, state, "", at)
        if step.close_at is not None and current is not None:
            done.append((current.since, step.close_at))
        current = step.opened or current
    assert all(start <= end for start, end in done)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(done))
    if changes:
        assert current is not None
        assert current.state == changes[-1][0]
