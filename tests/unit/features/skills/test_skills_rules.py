"""Skills that relax: tiers, the rank of members, the words of a simulated caller, the checks. Pure."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import BadInput
from callcenter.core.routing import MAX_LEVEL, NEVER, Asked, Relaxation, checked_ask
from callcenter.features.queues.rules import Command, Member, Wish, plan, ranked
from callcenter.features.skills import rules
from callcenter.telephony.config import checks
from callcenter.telephony.config.model import Business, Model, Queue, System
from callcenter.telephony.config.render import render
from callcenter.telephony.config.simulate import Step
from callcenter.telephony.config.story import Names, chips, takers

ASKED = Asked(skill_id=3, level=4, relax=(Relaxation(after=30, level=2), Relaxation(after=60, level=0)))
HARD = Asked(skill_id=3, level=4, relax=(Relaxation(after=30, level=2),))
SYSTEM = System(name="x", folder="/f", run_dir="/r", modules_dir="/m", data_dir="/d", ami_password="p")


@pytest.mark.rule("INQ-03")
def test_the_tier_of_a_level_is_the_first_step_that_lets_it_in() -> None:
    assert [ASKED.tier(level) for level in range(6)] == [2, 2, 1, 1, 0, 0]
    assert [HARD.tier(level) for level in range(6)] == [NEVER, NEVER, 1, 1, 0, 0]
    assert [ASKED.open_to(waited) for waited in (0, 29.9, 30, 59, 60, 1000)] == [0, 0, 1, 1, 2, 2]


asks = st.builds(
    lambda level, steps: Asked(
        skill_id=3,
        level=level,
        relax=tuple(
            Relaxation(after=after, level=least)
            for after, least in zip(
                sorted({after for after, _ in steps}),
                sorted({least for _, least in steps if least < level}, reverse=True),
                strict=False,
            )
        ),
    ),
    st.integers(1, MAX_LEVEL),
    st.lists(st.tuples(st.integers(1, 3600), st.integers(0, 4)), max_size=5),
)


@given(asks, st.integers(0, MAX_LEVEL), st.floats(0, 4000))
def test_who_may_take_a_caller_is_who_has_the_level_of_that_moment(asked: Asked, level: int, waited: float) -> None:
    assert checked_ask(asked) == asked
    least = ([asked.level] + [one.level for one in asked.relax if waited >= one.after])[-1]
    assert (asked.tier(level) <= asked.open_to(waited)) == (level >= least)
    # Nobody who is able loses by waiting, and nobody who is better is asked later.
    assert asked.open_to(waited) <= asked.open_to(waited + 10)
    assert all(asked.tier(a) >= asked.tier(b) for a, b in pairwise(range(MAX_LEVEL + 1)))


@pytest.mark.parametrize(
    "typed",
    [
        Asked(skill_id=1, level=0),
        Asked(skill_id=1, level=6),
        Asked(skill_id=1, level=3, relax=(Relaxation(after=0, level=1),)),
        Asked(skill_id=1, level=3, relax=(Relaxation(after=10, level=3),)),
        Asked(skill_id=1, level=3, relax=(Relaxation(after=10, level=1), Relaxation(after=20, level=2))),
        Asked(skill_id=1, level=3, relax=(Relaxation(after=10, level=2), Relaxation(after=10, level=1))),
        Asked(skill_id=1, level=5, relax=tuple(Relaxation(after=n, level=5 - n) for n in range(1, 7))),
    ],
)
def test_an_ask_that_makes_no_sense_is_refused(typed: Asked) -> None:
    with pytest.raises(BadInput):
        checked_ask(typed)


def test_steps_are_put_in_order() -> None:
    typed = Asked(skill_id=1, level=3, relax=(Relaxation(after=60, level=0), Relaxation(after=30, level=1)))
    assert [one.after for one in checked_ask(typed).relax] == [30, 60]


@pytest.mark.rule("INQ-03")
def test_a_member_is_ranked_by_his_level_where_the_queue_asks_and_by_nothing_else() -> None:
    assert ranked({7: 3, 8: 5, 9: 0}, {7: ASKED, 9: HARD}, {3: 2}) == {7: 1, 8: 5, 9: 1}
    assert ranked({7: 3}, {7: HARD}, {}) == {7: NEVER}
    wish = Wish(12, "ready", frozenset({"sip"}), {7: 1})
    there = Member(7, 12, "PJSIP/a12s", paused=False, penalty=0)
    assert plan({12: wish}, [there], 0.0).commands == (Command("rank", 7, 12, "PJSIP/a12s", False, 1),)
    assert plan({12: wish}, [there._replace(penalty=1)], 0.0).commands == ()
    # A rank says too whether he is paused.
    assert plan({12: wish}, [there._replace(paused=True)], 0.0).commands == (
        Command("rank", 7, 12, "PJSIP/a12s", False, 1),
    )


@pytest.mark.rule("INQ-03")
def test_a_simulated_caller_is_told_who_may_take_him_when() -> None:
    tiers = takers(ASKED, [("Boris", 1), ("Anna", 5), ("Vera", 2), ("Gleb", 4)])
    assert tiers == ((0, ("Anna", "Gleb")), (30, ("Vera",)), (60, ("Boris",)))
    told = chips([Step("queue", "7"), Step("end", "waiting")], Names(queues={7: "Q"}, takers={7: tiers}))
    assert [(one.text, one.values.get("seconds"), one.values.get("names")) for one in told[1:]] == [
        ("at once: %(names)s", 0, "Anna, Gleb"),
        ("after %(seconds)s s also: %(names)s", 30, "Vera"),
        ("after %(seconds)s s also: %(names)s", 60, "Boris"),
    ]
    assert [one.names for one in takers(HARD, [("Boris", 1)])] == [(), ()]


def model(*queues: Queue) -> Model:
    return Model(system=SYSTEM, businesses=(Business(id=1),), queues=queues)


def queue(queue_id: int, asked: Asked | None) -> Queue:
    return Queue(id=queue_id, business_id=1, name=f"Q{queue_id}", asked=asked)


@pytest.mark.parametrize(
    ("levels", "text"),
    [([5, 1], None), ([3, 0], checks.NOBODY_ABLE), ([1, 0], checks.NEVER_ABLE), ([], None)],
)
def test_a_level_that_nobody_has_is_a_warning(levels: list[int], text: str | None) -> None:
    found = checks.check(model(queue(7, HARD)), 1, skills={3: "English"}, levels={7: levels})
    assert [(one.severity, one.text) for one in found] == ([("warning", text)] if text else [])


def test_a_skill_that_is_gone_keeps_a_draft_from_being_applied() -> None:
    found = checks.check(model(queue(7, HARD)), 1, skills={}, levels={7: [5]})
    assert [(one.severity, one.text) for one in found] == [("error", checks.NO_SKILL)]


def test_queues_that_ask_for_nothing_are_written_as_before() -> None:
    plain = render(model(queue(7, None)))
    assert "QUEUE_MAX_PENALTY" not in plain["extensions.conf"]
    assert "defaultrule" not in plain["queues.conf"]
    both = render(model(queue(7, None), queue(8, ASKED)))
    assert "Set(QUEUE_MAX_PENALTY=100)" in both["extensions.conf"]
    wanted = "$[(${EPOCH} - ${WAIT_SINCE} >= 30) + (${EPOCH} - ${WAIT_SINCE} >= 60)]"
    assert f"Set(QUEUE_MAX_PENALTY={wanted})" in both["extensions.conf"]
    assert "[skill-q8]\npenaltychange => 30,+1\npenaltychange => 60,+1\n" in both["queuerules.conf"]


def test_a_typed_matrix_is_read_field_by_field() -> None:
    fields = {"level-3-7": "5", "level-4-7": " ", "level-4-8": "0", "_csrf": "x", "level-x-1": "2"}
    assert rules.typed(fields) == {3: {7: 5}, 4: {7: 0, 8: 0}}
    with pytest.raises(BadInput):
        rules.typed({"level-3-7": "much"})
    with pytest.raises(BadInput):
        rules.checked({3: {7: 6}})


def test_a_name_is_tidied_and_stands_once() -> None:
    assert rules.name("  English   B2 ", ["Service"]) == "English B2"
    for wrong in ("", " ", "x" * 61, "service"):
        with pytest.raises(BadInput):
            rules.name(wrong, ["Service"])
