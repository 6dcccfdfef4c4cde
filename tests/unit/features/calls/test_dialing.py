"""Who may dial and what number the client sees."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.calls import Call
from callcenter.features.calls.rules.cards import Party, card, ringing
from callcenter.features.calls.rules.dialing import (
    FAILURES,
    PER_MINUTE,
    WINDOW,
    OwnNumber,
    caller_number,
    failure_text,
    retry_after,
)


def own(number_id: int, kind: str = "multichannel", agent_id: int | None = None, active: bool = True) -> OwnNumber:
    return OwnNumber(number_id, f"+7495000000{number_id}", kind, agent_id, active, None)


def test_the_personal_number_comes_first_then_the_chosen_then_the_default() -> None:
    numbers = [own(1), own(2), own(3), own(4, "personal", 7), own(5, "personal", 8)]

    def shown(agent: int, chosen: int | None = None, default: int | None = None) -> int | None:
        found = caller_number(numbers, agent, chosen, default)
        return found.id if found else None

    assert shown(7, chosen=2, default=3) == 4
    assert shown(9, chosen=2, default=3) == 2
    assert shown(9, default=3) == 3
    assert shown(9) == 1
    # Somebody else's personal number, a deleted one: not to be shown.
    assert shown(9, chosen=5) == 1
    assert shown(9, chosen=99, default=98) == 1
    assert caller_number([own(1, active=False)], 9, 1, 1) is None
    assert caller_number([], 9, None, None) is None


@given(st.lists(st.floats(0, 1000), max_size=60), st.floats(0, 1000))
def test_after_the_wait_one_more_call_is_allowed(times: list[float], now: float) -> None:
    times = [at for at in times if at <= now]
    wait = retry_after(times, now)
    assert 0 <= wait <= WINDOW + 1
    assert (wait == 0) == (sum(now - at < WINDOW for at in times) < PER_MINUTE)
    assert retry_after(times, now + wait) == 0


def test_every_failure_has_words() -> None:
    for reason in ("busy", "no_answer", "rejected", "offline", "wrong_number", "failed"):
        assert failure_text(reason) == FAILURES[reason]
    assert failure_text("something new") == FAILURES["failed"]


def test_a_card_without_anything_known_still_has_the_number() -> None:
    call = Call(id="1", business_id=1, direction="in", state="ringing", started_at=0, from_number="+7")
    found = card(call, Party(), line=None, queue=None, waited_since="", local_time="")
    assert (found["number"], found["name"], found["line"], found["last_calls"]) == ("+7", "", None, [])
    assert ringing(call) == frozenset()
    inside = Call(
        id="1", business_id=1, direction="internal", state="ringing", started_at=0, from_number="101", from_name="Анна"
    )
    found = card(inside, Party(), line=None, queue=None, waited_since="", local_time="")
    assert (found["number"], found["name"]) == ("101", "Анна")


def test_only_numbers_count_by_which_he_may_call() -> None:
    first, second = own(1), own(2)
    assert caller_number([first._replace(outgoing=False), second], 7, 1, 1) == second
    theirs = first._replace(callers=frozenset({7}))
    assert caller_number([theirs, second], 7, None, None) == theirs
    assert caller_number([theirs, second], 8, 1, 1) == second
    assert caller_number([theirs], 8, None, None) is None
    mine = own(3, "personal", 8)._replace(callers=frozenset())
    assert caller_number([mine, second], 8, None, None) == second
