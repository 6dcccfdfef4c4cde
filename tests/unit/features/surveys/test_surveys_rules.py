"""What a story says of a survey, sums and averages, periods; what the dialplan gets. Pure."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.calls import Step
from callcenter.core.errors import BadInput
from callcenter.core.routing import Survey
from callcenter.features.calls.rules import story
from callcenter.features.calls.rules.story import Names
from callcenter.features.surveys import rules
from callcenter.features.surveys.rules import Answer, Count
from callcenter.telephony.config import checks
from callcenter.telephony.config.model import Business, Model, Queue, System
from callcenter.telephony.config.render import render

SYSTEM = System(name="x", folder="/f", run_dir="/r", modules_dir="/m", data_dir="/d", ami_password="p")


class Line(NamedTuple):
    """A step as the page of a call has it."""

    at: str
    kind: str
    text: str
    agent: None = None
    queue: None = None


def steps(*told: tuple[str, str]) -> list[Step]:
    return [
        Step(at=10.0 + n, kind=kind, agent_id=12, queue_id=7 if kind == "survey" else None, text=text)
        for n, (kind, text) in enumerate(told)
    ]


@pytest.mark.rule("INQ-09")
def test_the_scores_of_a_story_are_those_after_its_survey() -> None:
    assert rules.read(steps(("answered", ""), ("hangup", "agent"))) is None
    assert rules.read(steps(("score", "1 5"))) is None
    assert rules.read(steps(("answered", ""), ("survey", "7"))) == Answer(11.0, 7, 12)
    assert rules.read(steps(("survey", "7"), ("score", "1 5"), ("score", "2 4"))) == Answer(10.0, 7, 12, 5, 4)
    # The first word to a question counts; what is no key is none.
    assert rules.read(steps(("survey", "7"), ("score", "2 2"), ("score", "2 5"), ("score", "1 9"))) == Answer(
        10.0, 7, 12, None, 2
    )
    assert rules.read(steps(("survey", "7"), ("score", "1 x"), ("score", ""), ("score", "1"))) == Answer(10.0, 7, 12)


keys = st.one_of(st.none(), st.integers(1, 5))
counted = st.lists(
    st.builds(Count, st.sampled_from([None, 7, 8]), st.sampled_from([None, 11, 12, 13]), keys, keys, st.integers(1, 9))
)


@pytest.mark.rule("INQ-09")
@given(counted)
def test_sums_are_those_of_the_single_answers(counts: list[Count]) -> None:
    single = [one for one in counts for _ in range(one.number)]
    (everything,) = rules.summed(counts, "")
    assert everything.asked == len(single)
    assert everything.answered == sum(one.first is not None or one.second is not None for one in single)
    for by in ("queue_id", "agent_id"):
        sums = rules.summed(counts, by)
        assert sum(one.asked for one in sums) == len(single)
        for one in sums:
            mine = [row.first for row in single if getattr(row, by) == one.id and row.first is not None]
            assert one.first.answers == len(mine)
            assert one.first.average == (pytest.approx(sum(mine) / len(mine)) if mine else None)
            assert one.first.counts == tuple(mine.count(key) for key in range(1, 6))


def test_a_period_is_thirty_days_unless_it_is_typed() -> None:
    today = date(2026, 3, 31)
    assert rules.period("", "", today) == (date(2026, 3, 2), today)
    assert rules.period("2026-01-01", "2026-01-01", today) == (date(2026, 1, 1), date(2026, 1, 1))
    since, until = rules.Period(date(2026, 3, 29), date(2026, 3, 29)).moments(ZoneInfo("Europe/Berlin"))
    assert (until.timestamp() - since.timestamp()) / 3600 == 23
    for wrong in (("x", ""), ("2026-02-01", "2026-01-01"), ("2020-01-01", "2026-01-01"), ("0001-01-01", "")):
        with pytest.raises(BadInput):
            rules.period(*wrong, today)


def test_the_share_of_a_key_is_in_percent_of_the_answers() -> None:
    assert [rules.share((1, 0, 0, 0, 3), key) for key in range(1, 6)] == [25, 0, 0, 0, 75]
    assert rules.share((0, 0, 0, 0, 0), 3) == 0


@pytest.mark.rule("INQ-09")
def test_the_story_of_the_call_tells_the_scores() -> None:
    told = story.tell(
        "in",
        [Line("2026-03-02T10:00:00Z", "survey", "7"), Line("2026-03-02T10:00:05Z", "score", "2 4")],
        [],
        Names(),
    )  # fmt: skip
    assert [(one.said.text, one.said.values) for one in told.lines] == [
        ("The agent hung up first: the client was asked about the talk", {}),
        ("Answered question %(question)s with %(key)s", {"question": "2", "key": "4"}),
    ]


def model(survey: Survey | None) -> Model:
    queue = Queue(id=7, business_id=1, name="Q", survey=survey)
    return Model(system=SYSTEM, businesses=(Business(id=1),), queues=(queue,))


def test_only_a_queue_with_a_survey_goes_on_after_the_talk() -> None:
    plain = render(model(None))["extensions.conf"]
    assert "survey-" not in plain
    assert "Queue(q7,,,," in plain
    asking = render(model(Survey(first="one", second="two", thanks="bye", second_most=2)))["extensions.conf"]
    assert "Queue(q7,c,,," in asking
    assert "Gosub(cc-score,s,1(1,one,5))" in asking
    assert "Gosub(cc-score,s,1(2,two,2))" in asking
    single = render(model(Survey(first="one")))["extensions.conf"]
    assert "Gosub(cc-score,s,1(2" not in single


def test_a_prompt_that_is_gone_keeps_a_survey_from_being_applied() -> None:
    found = checks.check(model(Survey(first="one", thanks="bye")), 1, prompts={"one"})
    assert [(one.severity, one.text, one.values["name"]) for one in found if one.section == "queues"] == [
        ("error", checks.NO_PROMPT, "bye")
    ]
