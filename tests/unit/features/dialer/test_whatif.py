"""What may be asked of the simulator, and how it is asked."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec
import pytest

from callcenter.cli import simulate
from callcenter.core.errors import BadInput
from callcenter.features.dialer.rules import whatif
from callcenter.features.dialer.rules.simulation import trial
from callcenter.features.dialer.rules.whatif import Question, Run


@pytest.mark.parametrize(
    ("field", "value"),
    [(name, limit + step) for name, (least, most) in whatif.LIMITS.items() for limit, step in ((least, -1), (most, 1))],
)
def test_figures_out_of_range_are_named_with_their_limits(field: str, value: int) -> None:
    with pytest.raises(BadInput) as caught:
        whatif.checked(msgspec.structs.replace(Question(), **{field: value}))
    least, most = whatif.LIMITS[field]
    assert caught.value.fields == {field: whatif.RANGE}
    assert caught.value.field_values == {field: {"least": least, "most": most}}


def test_usual_figures_can_be_tried() -> None:
    assert whatif.checked(Question()) == Question()


def test_each_way_of_pacing_is_tried_with_and_without_the_further_agents() -> None:
    found = whatif.runs(Question(agents=5, more=2))
    assert [(one.agents, one.pacer) for one in found] == [(n, pacer) for n in (5, 7) for pacer in whatif.PACERS]
    assert len(whatif.runs(Question(agents=5, more=0))) == len(whatif.PACERS)
    assert set(whatif.PACERS) <= set(trial.PACERS)


def test_the_command_line_gets_the_day_that_was_asked_for() -> None:
    asked = Question(answering=42, refusals=10, refusal=21, conversation=99, wrapup=33)
    parser = argparse.ArgumentParser()
    simulate.arguments(parser)
    args = parser.parse_args(whatif.arguments(asked, Run(7, "one")))
    day = simulate.scenario(args)
    assert (day.agents, day.answering, day.refusals) == (7, 0.42, 0.10)
    assert (day.refusal.median, day.conversation.median, day.wrapup.median) == (21, 99, 33)
    assert (args.pacer, args.json, day.hours) == (["one"], True, whatif.HOURS)


def test_an_answer_is_in_per_cent_and_by_the_hour() -> None:
    found: dict[str, Any] = {
        "occupancy": 0.8764,
        "abandoned": 0.0294,
        "worst_hour": 0.045,
        "talks": 400.0,
        "placed": 1402.0,
    }
    shown = whatif.answer(Run(20, "predictive"), found)
    assert (shown.occupancy, shown.abandoned, shown.worst_hour) == (87.6, 2.9, 4.5)
    assert (shown.talks, shown.calls) == (400 / whatif.HOURS, 350.5)
