"""What a script's text may hold, its outcomes, which script opens for a call. Pure."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import BadInput
from callcenter.features.scripts import rules
from callcenter.features.scripts.rules import Outcome, Use


class Script(NamedTuple):
    id: int
    kind: str = "in"
    everybody: bool = True


@pytest.mark.rule("OUT-25")
def test_a_text_keeps_form_links_and_anchors() -> None:
    text = '<h3 data-anchor="Да">Да</h3><p><b>Жирно</b> <a href="#Да">да</a> <a href="https://example.com">сайт</a></p>'
    assert rules.clean(text) == (
        '<h3 data-anchor="Да">Да</h3><p><b>Жирно</b> <a href="#Да" rel="noopener noreferrer">да</a> '
        '<a href="https://example.com" rel="noopener noreferrer">сайт</a></p>'
    )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<script>alert(1)</script><p>x</p>", "<p>x</p>"),
        ('<p onclick="x()" style="a" id="main">x</p>', "<p>x</p>"),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a href="/calls">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<img src="x" onerror="y"><p>x</p>', "<p>x</p>"),
        ('<form action="/x"><button data-do="hang">x</button></form>', "x"),
        ("<p>&nbsp;</p><p><br></p>", ""),
        ('<p data-anchor="   ">x</p>', "<p>x</p>"),
    ],
)
def test_a_text_loses_what_could_act(typed: str, kept: str) -> None:
    assert rules.clean(typed) == kept


@given(st.text(max_size=200))
def test_a_clean_text_stays_as_it_is(typed: str) -> None:
    once = rules.clean(typed)
    assert rules.clean(once) == once


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        rules.clean("x" * (rules.MAX_TEXT + 1))
    assert set(refused.value.fields) == {"text"}


@pytest.mark.rule("OUT-27")
def test_an_outcome_s_comment_has_at_most_fifty_characters() -> None:
    assert rules.outcomes([Outcome(title=" Согласен ", comment="x" * 50)])[0].title == "Согласен"
    with pytest.raises(BadInput) as refused:
        rules.outcomes([Outcome(title="Согласен"), Outcome(title="Отказ", comment="x" * 51)])
    assert refused.value.fields == {"outcome-1": rules.LONG_COMMENT}


def test_outcomes_are_named_and_named_once() -> None:
    with pytest.raises(BadInput) as refused:
        rules.outcomes([Outcome(title="Отказ"), Outcome(title="отказ"), Outcome(title=" ")])
    assert refused.value.fields == {"outcome-1": rules.TWICE, "outcome-2": rules.NO_TITLE}
    with pytest.raises(BadInput):
        rules.outcomes([Outcome(title=str(n)) for n in range(rules.MOST_OUTCOMES + 1)])


@pytest.mark.rule("INB-33", "OUT-24")
def test_the_script_of_a_direction_and_a_number_is_found() -> None:
    every = [Script(1), Script(2), Script(3, "out"), Script(4, everybody=False)]
    uses = {2: Use(numbers=frozenset({7})), 4: Use(agents=frozenset({11}))}

    def ids(direction: str, number: int | None, agent: int) -> list[int]:
        return [one.id for one in rules.candidates(every, uses, direction=direction, number_id=number, agent_id=agent)]

    assert ids("in", 7, 10) == [2, 1]
    assert ids("in", 8, 10) == [1]
    assert ids("in", None, 11) == [1, 4]
    assert ids("out", 7, 11) == [3]
    assert ids("internal", None, 11) == []


def test_what_was_chosen_last_opens_while_it_is_offered() -> None:
    found = [Script(1), Script(2)]
    assert rules.chosen(found, 2) == Script(2)
    assert rules.chosen(found, 5) == Script(1)
    assert rules.chosen(found, None) == Script(1)
    nothing: list[Script] = []
    assert rules.chosen(nothing, 1) is None
    assert (rules.line("in", 7), rules.line("in", None), rules.line("out", 7)) == (7, 0, 0)


def test_a_copy_gets_a_free_name() -> None:
    assert rules.copied("Опрос", ["Опрос"], "копия") == "Опрос (копия)"
    assert rules.copied("Опрос", ["Опрос", "опрос (Копия)"], "копия") == "Опрос (копия 2)"
    assert len(rules.copied("x" * 100, [], "копия")) <= 100
