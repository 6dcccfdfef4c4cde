"""AGD-04: which rings count as not answered, and how many there were in a row."""

from __future__ import annotations

from typing import Any

import pytest

from callcenter.core.calls import Call, Leg
from callcenter.features.agents.rules import Rings, unanswered

ANNA, IGOR = 1, 2
CLIENT = Leg(id="c", channel="PJSIP/t3-1", role="client", state="up", started_at=0.0, answered_at=0.0)


def rang(agent_id: int, since: float, until: float | None, *, at: float | None = None, cause: int | None = None) -> Leg:
    """A phone of an agent that rang from ``since`` to ``until`` (None = still), or was answered ``at``."""
    return Leg(
        id=f"{agent_id}.{since}",
        channel=f"PJSIP/a{agent_id}s-1",
        role="agent",
        state="ended" if until is not None else "ringing",
        started_at=since,
        ringing_at=since,
        answered_at=at,
        ended_at=until,
        agent_id=agent_id,
        cause=cause,
    )


def call(*legs: Leg, name: str = "c", ended: float | None = None, **more: Any) -> Call:
    """An incoming call with the client and these phones."""
    return Call(
        id=name,
        business_id=1,
        direction="in",
        state="ended" if ended is not None else "ringing",
        started_at=0.0,
        ended_at=ended,
        legs=(CLIENT, *legs),
        **more,
    )


@pytest.mark.rule("AGD-04")
@pytest.mark.parametrize(
    ("legs", "found"),
    [
        ([rang(ANNA, 1, 21)], {ANNA}),
        ([rang(ANNA, 1, None)], set()),
        ([rang(ANNA, 1, 40, at=5)], set()),
        ([rang(ANNA, 1, 21, cause=17)], set()),
        ([rang(ANNA, 1, 21, cause=21)], set()),
        ([rang(ANNA, 1, 21, cause=26)], set()),
        ([rang(ANNA, 1, 21, cause=19)], {ANNA}),
        # The caller hung up at once: nobody could have answered.
        ([rang(ANNA, 1, 5.9)], set()),
        ([rang(ANNA, 1, 6)], {ANNA}),
        # A short ring after which the queue went on to ring somebody is a whole one.
        ([rang(ANNA, 1, 4), rang(IGOR, 4.5, None)], {ANNA}),
        # A colleague answered while both rang, or the moment after.
        ([rang(ANNA, 1, 12), rang(IGOR, 1, 60, at=12)], set()),
        ([rang(ANNA, 1, 12), rang(IGOR, 1, 60, at=12.9)], set()),
        # He answered at the next ring, which says nothing of who was rung before.
        ([rang(ANNA, 1, 12), rang(IGOR, 13, 60, at=20)], {ANNA}),
        ([rang(ANNA, 1, 21), rang(IGOR, 1, 21)], {ANNA, IGOR}),
    ],
)
def test_which_rings_count(legs: list[Leg], found: set[int]) -> None:
    assert unanswered(call(*legs)) == found


def test_a_phone_that_never_rang_and_a_call_dialled_by_the_agent_do_not_count() -> None:
    silent = Leg(
        id="x", channel="PJSIP/a1s-1", role="agent", state="ended", started_at=1, ended_at=30, agent_id=ANNA, cause=20
    )
    assert unanswered(call(silent)) == set()
    own = Leg(
        id="c", channel="PJSIP/a1s-1", role="agent", state="ended", started_at=1, ringing_at=1, ended_at=30,
        agent_id=ANNA,
    )  # fmt: skip
    assert unanswered(Call(id="c", business_id=1, direction="internal", state="ended", started_at=1, legs=(own,))) == (
        set()
    )


@pytest.mark.rule("AGD-04")
def test_one_call_counts_once_however_often_it_rings() -> None:
    rings = Rings()
    first, second = rang(ANNA, 1, 21), rang(ANNA, 22, 42)
    assert rings.look(call(first)) == {ANNA: 1}
    assert rings.look(call(first)) == {}, "the same picture once more"
    assert rings.look(call(first, rang(ANNA, 22, None))) == {}
    assert rings.look(call(first, second)) == {}
    assert rings.look(call(first, second, ended=43.0)) == {}
    assert rings.look(call(rang(ANNA, 50, 70), name="d")) == {ANNA: 2}
    assert rings.look(call(rang(ANNA, 80, 99), name="e", ended=99.0)) == {ANNA: 3}


@pytest.mark.rule("AGD-04")
def test_an_answer_and_a_choice_begin_the_row_anew() -> None:
    rings = Rings()
    for n, name in enumerate("ab", 1):
        assert rings.look(call(rang(ANNA, 1, 21), name=name, ended=22.0)) == {ANNA: n}
    assert rings.look(call(rang(ANNA, 1, None, at=5), name="c")) == {}
    assert rings.look(call(rang(ANNA, 1, 21), name="d", ended=22.0)) == {ANNA: 1}
    rings.forget(ANNA)
    assert rings.look(call(rang(ANNA, 1, 21), rang(IGOR, 1, 21), name="e", ended=22.0)) == {ANNA: 1, IGOR: 1}


def test_a_ring_that_was_let_go_and_then_answered_in_the_same_call_is_an_answer() -> None:
    rings = Rings()
    assert rings.look(call(rang(ANNA, 1, 21))) == {ANNA: 1}
    assert rings.look(call(rang(ANNA, 1, 21), rang(ANNA, 22, 60, at=25))) == {}
    assert rings.look(call(rang(ANNA, 1, 21), name="d", ended=22.0)) == {ANNA: 1}
