"""Questions that can be kept, answers that fit them, what must be answered, what a report counts. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callcenter.core.errors import BadInput
from callcenter.features.questionnaires import rules
from callcenter.features.questionnaires.rules import Asked, Option, Typed

COLOURS = (Option(key=1, title="Белый"), Option(key=2, title="Бурый"))
EVERY = [
    Asked(id=1, kind="one", title="Цвет", options=COLOURS, mandatory=True),
    Asked(id=2, kind="many", title="Цвета", options=COLOURS),
    Asked(id=3, kind="text", title="Почему", mandatory=True),
    Asked(id=4, kind="number", title="Сколько"),
    Asked(id=5, kind="date", title="Когда"),
    Asked(id=6, kind="yesno", title="Дует?"),
    Asked(id=7, kind="scale", title="Оценка", most=5),
]


@pytest.mark.rule("OUT-36")
def test_answers_of_every_kind_are_read() -> None:
    values = {"1": 2, "2": [2, 1], "3": " Так \r\n решил ", "4": "3,50", "5": "2026-03-31", "6": "no", "7": "5"}
    found = rules.answers(EVERY, values)
    assert [(one.id, one.value, one.said) for one in found] == [
        (1, 2, "Бурый"),
        (2, [1, 2], "Белый; Бурый"),
        (3, "Так \n решил", "Так \n решил"),
        (4, 3.5, "3.5"),
        (5, "2026-03-31", "2026-03-31"),
        (6, False, "No"),
        (7, 5, "5"),
    ]
    assert rules.answers(EVERY, {"1": "", "2": [], "3": "   ", "99": "x"}) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("1", 3), ("1", "x"), ("2", [1, 9]), ("2", "x"), ("3", "x" * 2001), ("4", "много"), ("4", "1e400"),
        ("4", "nan"), ("5", "31.03.2026"), ("6", "maybe"), ("6", [1]), ("7", 6), ("7", 0), ("7", {}), ("1", [1]),
    ],
)  # fmt: skip
def test_answers_that_do_not_fit_are_named(key: str, value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        rules.answers(EVERY, {key: value, "5": "2026-03-31"} if key != "5" else {key: value})
    assert set(refused.value.fields) == {key}


@pytest.mark.rule("OUT-36")
def test_what_must_be_answered_is_asked_for_by_name() -> None:
    given = rules.answers(EVERY, {"4": 1})
    with pytest.raises(BadInput) as refused:
        rules.check_complete(EVERY, given)
    assert refused.value.values == {"questions": "«Цвет», «Почему»"}
    assert set(refused.value.fields) == {"1", "3"}
    rules.check_complete(EVERY, rules.answers(EVERY, {"1": 1, "3": "x"}))


def test_options_keep_their_key_and_what_is_left_out_stays_readable() -> None:
    known = {1: EVERY[0]}
    (kept,) = rules.questions([Typed(id=1, kind="one", title="Цвет?", options=["Синий", " белый "])], known)
    assert kept.id == 1
    assert kept.options == (
        Option(key=3, title="Синий"),
        Option(key=1, title="белый"),
        Option(key=2, title="Бурый", gone=True),
    )
    # Its old answers would not fit another kind.
    (other,) = rules.questions([Typed(id=1, kind="text", title="Цвет?")], known)
    assert (other.id, other.options) == (None, ())


def test_questions_that_cannot_be_kept_are_named() -> None:
    with pytest.raises(BadInput) as refused:
        rules.questions([Typed(title=" ", kind="text"), Typed(title="Цвет", options=["Один", "один"])], {})
    assert refused.value.fields == {"question-0": rules.NO_TITLE, "options-1": rules.FEW_OPTIONS}
    with pytest.raises(BadInput):
        rules.questions([], {})
    (scale,) = rules.questions([Typed(kind="scale", title="Оценка", most=7)], {})
    assert scale.most == 5


def test_a_report_counts_what_was_said() -> None:
    given = [rules.answers(EVERY, {"1": key, "6": "yes", "7": key})[0] for key in (1, 2, 2)]
    found = rules.tally(EVERY[0], False, given)
    assert (found.answered, found.counts, found.average) == (3, [("Белый", 1), ("Бурый", 2)], None)
    marks = [answer for mark in (2, 5) for answer in rules.answers([EVERY[6]], {"7": mark})]
    scale = rules.tally(EVERY[6], False, marks)
    assert (scale.average, scale.counts[1], scale.counts[4]) == (3.5, ("2", 1), ("5", 1))
    assert rules.tally(EVERY[2], True, []).counts == []


def test_a_period_is_whole_days() -> None:
    days = rules.period("", "", date(2026, 3, 31))
    assert (days.first, days.last) == (date(2026, 3, 2), date(2026, 3, 31))
    since, until = days.moments(ZoneInfo("Europe/Berlin"))
    assert (since.isoformat(), until.isoformat()) == ("2026-03-02T00:00:00+01:00", "2026-04-01T00:00:00+02:00")
    for wrong in (("2026-03-31", "2026-03-01"), ("x", ""), ("", "0001-01-01")):
        with pytest.raises(BadInput):
            rules.period(*wrong, date(2026, 3, 31))
