"""Two pictures of one call become one, whatever order they come in."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from callcenter.core.calls import Call, Leg, Step
from callcenter.features.calls.rules.merging import LOST_CAUSE, Picture, clean, close_lost, merge, normal, weight

AT = 1_772_442_000.0


def call(**more: Any) -> Call:
    return Call(**{"id": "1.1", "business_id": 1, "direction": "in", "state": "ended", "started_at": AT, **more})


def leg(name: str, **more: Any) -> Leg:
    return Leg(**{"id": name, "channel": f"PJSIP/{name}", "role": "client", "state": "ended", "started_at": AT, **more})


moments = st.none() | st.floats(min_value=AT, max_value=AT + 5000)
legs = st.lists(st.sampled_from("abcd"), unique=True, max_size=3).map(lambda names: tuple(leg(name) for name in names))
steps = st.lists(
    st.builds(
        Step, at=st.integers(0, 100).map(lambda n: AT + n), kind=st.sampled_from(["started", "rang", "key", "hangup"])
    ),
    max_size=4,
).map(lambda found: tuple(sorted(found, key=lambda step: step.at)))
calls = st.builds(
    Call,
    id=st.just("1.1"),
    business_id=st.just(1),
    direction=st.just("in"),
    state=st.just("ended"),
    started_at=st.floats(min_value=AT, max_value=AT + 10),
    from_name=st.sampled_from(["", "Ирина"]),
    from_number=st.sampled_from(["", "+79031182740"]),
    queue_id=st.none() | st.integers(1, 3),
    answered_at=moments,
    ended_at=moments,
    agents=st.lists(st.integers(1, 3), unique=True, max_size=2).map(tuple),
    rung=st.lists(st.integers(1, 3), unique=True, max_size=2).map(tuple),
    result=st.none() | st.sampled_from(["answered", "missed"]),
    talk_seconds=st.sampled_from([0.0, 12.5]),
    cause=st.none() | st.just(16),
    legs=legs,
    steps=steps,
)
pictures = st.builds(Picture, calls, st.sampled_from(["live", "journal", "resync"]))


@given(pictures)
def test_a_picture_merged_with_itself_stays_itself(one: Picture) -> None:
    once = merge(None, one)
    assert merge(once, one).call.legs == tuple(sorted(one.call.legs, key=lambda found: (found.started_at, found.id)))
    assert merge(merge(once, one), one) == merge(once, one)


@given(pictures, pictures)
def test_what_one_of_them_knows_is_not_lost(one: Picture, two: Picture) -> None:
    merged = merge(one, two).call
    for known in (one.call, two.call):
        assert set(known.agents) <= set(merged.agents)
        assert set(known.rung) <= set(merged.rung)
        assert {found.id for found in known.legs} <= {found.id for found in merged.legs}
        assert {step.kind for step in known.steps} <= {step.kind for step in merged.steps}
        assert known.result is None or merged.result is not None
        assert known.answered_at is None or merged.answered_at is not None
        assert known.from_name == "" or merged.from_name != ""
        assert merged.started_at <= known.started_at


@given(pictures, pictures)
def test_the_order_does_not_matter_unless_both_weigh_the_same(one: Picture, two: Picture) -> None:
    if weight(one) != weight(two):
        assert _same(merge(one, two), merge(two, one))


def _same(one: Picture, two: Picture) -> bool:
    return replace(one.call, agents=(), rung=()) == replace(two.call, agents=(), rung=()) and one.source == two.source


def test_an_ended_picture_wins_over_a_running_one_with_more_legs() -> None:
    running = Picture(call(state="talking", legs=(leg("a"), leg("b")), answered_at=AT + 1), "live")
    ended = Picture(call(result="missed", legs=(leg("a"),), ended_at=AT + 9), "journal")
    for merged in (merge(running, ended), merge(ended, running)):
        assert (merged.call.result, merged.call.state, merged.source) == ("missed", "ended", "journal")
        assert len(merged.call.legs) == 2


def test_what_was_closed_as_lost_gives_way_to_what_was_seen() -> None:
    begun = call(state="talking", answered_at=AT + 5, agents=(7,), legs=(leg("a"), leg("b", ended_at=AT + 8)), steps=())
    lost = close_lost(begun)
    assert (lost.call.result, lost.call.ended_at, lost.call.cause) == ("answered", AT + 8, LOST_CAUSE)
    assert all(found.ended_at is not None for found in lost.call.legs)
    seen = Picture(call(result="answered", ended_at=AT + 60, cause=16, legs=(leg("a"),)), "journal")
    for merged in (merge(lost, seen), merge(seen, lost)):
        assert (merged.call.ended_at, merged.call.cause, merged.source) == (AT + 60, 16, "journal")
    assert close_lost(call(state="queued")).call.result == "failed"


@given(st.text(alphabet=string.printable + "\x00\ud800я😀", max_size=300), st.integers(1, 100))
def test_cleaned_text_fits_and_holds_nothing_that_a_database_refuses(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert not any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in cleaned)
    cleaned.encode()


def test_a_picture_is_made_fit_for_the_log() -> None:
    strange = call(
        from_name="x" * 500,
        from_number="1\r\n2",
        wait_seconds=-3.0,
        talk_seconds=1.23456,
        legs=(leg("a", channel="c" * 500, address="\x00"),),
        steps=(Step(at=AT, kind="k" * 50, text="t" * 500),),
    )
    fit = normal(Picture(strange, "live")).call
    assert (len(fit.from_name), fit.from_number, fit.wait_seconds, fit.talk_seconds) == (200, "1 2", 0.0, 1.235)
    assert (len(fit.legs[0].channel), fit.legs[0].address) == (120, "")
    assert (len(fit.steps[0].kind), len(fit.steps[0].text)) == (20, 200)
