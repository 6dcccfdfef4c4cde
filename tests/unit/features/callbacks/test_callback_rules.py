"""Whom to call back now."""

from __future__ import annotations

import pytest

from callcenter.features.callbacks.rules import PAUSES, TRIES, Wish, choose, pause_after


@pytest.mark.rule("INQ-02")
def test_who_has_waited_longest_is_called_first() -> None:
    assert choose([Wish(20, 7, 2), Wish(10, 7, 1), Wish(30, 7, 3)], [], {7: [11, 12]}) == [1, 2]


@pytest.mark.rule("INQ-02")
def test_never_more_are_called_than_agents_are_free() -> None:
    wishes = [Wish(n, 7, n) for n in range(1, 9)]
    assert choose(wishes, [], {7: []}) == []
    assert choose(wishes, [], {7: [11, 12, 13]}) == [1, 2, 3]
    # Each call-back that is under way keeps an agent.
    assert choose(wishes, [7, 7], {7: [11, 12, 13]}) == [1]
    assert choose(wishes, [7, 7, 7], {7: [11, 12]}) == []


@pytest.mark.rule("INQ-02")
def test_an_agent_of_two_queues_is_one_agent() -> None:
    assert choose([Wish(1, 7, 1), Wish(2, 8, 2)], [], {7: [11], 8: [11]}) == [1]
    # Who serves one queue only is taken first, so that the other call-back has somebody, too.
    assert choose([Wish(1, 7, 1), Wish(2, 8, 2)], [], {7: [11, 12], 8: [11]}) == [1, 2]


@pytest.mark.rule("INQ-02")
def test_a_place_is_kept_between_those_who_stayed_on_the_line() -> None:
    waits = Wish(10, 7)
    assert choose([waits, Wish(20, 7, 1)], [], {7: [11]}) == []
    assert choose([waits, Wish(20, 7, 1)], [], {7: [11, 12]}) == [1]
    assert choose([waits, Wish(5, 7, 1)], [], {7: [11]}) == [1]


@pytest.mark.rule("INQ-02")
def test_who_does_not_answer_is_called_again_and_then_given_up() -> None:
    assert [pause_after(n) for n in range(1, TRIES)] == list(PAUSES)
    assert pause_after(TRIES) is None
