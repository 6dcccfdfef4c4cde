"""``pace --stdio`` speaks the protocol of the check from outside, and ``simulate`` prints its table."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from callcenter.cli import main as commands
from callcenter.cli import pace, simulate
from callcenter.config import Settings
from callcenter.core.errors import BadInput
from callcenter.features.dialer.rules.pacing.predictive import Predictive
from callcenter.features.dialer.rules.pacing.seen import Seen
from callcenter.features.dialer.rules.simulation.day import run, setting
from callcenter.features.dialer.rules.simulation.scenario import Scenario

START = {"type": "start", "agents": 20, "trunks": 170, "drop_after": 2.0, "period": 1.0}
ROOT = Path(__file__).resolve().parents[4]


def tick(**changed: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "type": "tick", "now": 12.0, "state": [0, 1, 4], "since": [3.0, 5.0, 0.0], "dialing": [[1, 11.0]],
        "in_amd": [[2, 10.5]], "waiting": [], "trunk_free": 150, "events": [[11.0, "placed", 1, None]],
    }  # fmt: skip
    return known | changed


def talk(*lines: dict[str, Any] | str) -> list[dict[str, Any]]:
    said = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    heard = io.BytesIO()
    pace.talk(io.BytesIO(said.encode()), heard)
    return [json.loads(line) for line in heard.getvalue().splitlines()]


def test_a_start_is_answered_by_nothing_and_a_tick_by_a_count() -> None:
    begun, answer = talk(START, tick())
    assert begun == {}
    assert list(answer) == ["place"]
    assert 0 <= answer["place"] <= 150


def test_unknown_fields_and_empty_lines_do_not_matter() -> None:
    ready = {"state": [0] * 12, "since": [1.0] * 12}
    plain = talk(START, tick(**ready))
    more = talk(START | {"new": 1}, "", tick(**ready, more={"a": []}))
    assert plain == more
    assert plain[1]["place"] > 0


@pytest.mark.parametrize(
    "line",
    [
        "{not json",
        "[]",
        '{"type":"what"}',
        '{"type":"tick","now":"x"}',
        json.dumps(tick(since=[1.0])),
        json.dumps(tick(events=[[1.0, "talk_end", 1, None]])),
        json.dumps(tick(events=[["x"]])),
        json.dumps(START | {"agents": -1}),
    ],
)
def test_a_broken_line_is_answered_and_the_talk_goes_on(line: str) -> None:
    begun, error, answer = talk(START, line, tick())
    assert begun == {}
    assert list(error) == ["error"]
    assert answer["place"] >= 0


def test_a_tick_before_the_start_is_an_error() -> None:
    error, begun, answer = talk(tick(), START, tick())
    assert "start" in error["error"]
    assert begun == {}
    assert "place" in answer


def test_moments_and_ages_are_told_apart_by_a_call_just_placed() -> None:
    # The same floor twice: times as moments, and as how long ago.
    moments = talk(START, tick(state=[0, 2, 2], now=100.0, since=[90.0, 85.0, 80.0], dialing=[[1, 99.5], [3, 91.0]],
                               in_amd=[[2, 99.0]], events=[[99.5, "placed", 1, None]]))  # fmt: skip
    ages = talk(START, tick(state=[0, 2, 2], now=100.0, since=[10.0, 15.0, 20.0], dialing=[[1, 0.5], [3, 9.0]],
                            in_amd=[[2, 1.0]], events=[[99.5, "placed", 1, None]]))  # fmt: skip
    assert moments == ages


class Recorded:
    """The pacer asked directly, and what it was shown as lines of the protocol."""

    def __init__(self, day: Scenario) -> None:
        self.pacer = Predictive(setting(day))
        self.lines: list[dict[str, Any]] = [
            {"type": "start", "agents": day.agents, "trunks": day.lines, "drop_after": day.drop_after, "period": 1.0}
        ]
        self.answers: list[dict[str, Any]] = [{}]

    def place(self, seen: Seen) -> int:
        flights = {name: [list(item) for item in getattr(seen, name).items()] for name in ("dialing", "in_amd")}
        self.lines.append(
            {"type": "tick", "now": seen.now, "state": list(seen.state), "since": list(seen.since), **flights,
             "waiting": [list(item) for item in seen.waiting.items()], "trunk_free": seen.trunk_free,
             "events": [list(event) for event in seen.events]}
        )  # fmt: skip
        count = self.pacer.place(seen)
        self.answers.append({"place": count})
        return count


def test_what_the_protocol_answers_is_what_the_pacer_of_the_simulator_says() -> None:
    day = Scenario(agents=6, hours=0.2, warmup=600.0)
    recorded = Recorded(day)
    run(day, 2, recorded)
    assert sum(answer.get("place", 0) for answer in recorded.answers) > 50
    assert talk(*recorded.lines) == recorded.answers


def test_an_answer_for_300_agents_takes_a_few_milliseconds() -> None:
    day = Scenario(agents=300, hours=0.02, warmup=180.0, arriving=30.0)
    recorded = Recorded(day)
    run(day, 1, recorded)
    lines = [json.dumps(line).encode() for line in recorded.lines]
    began = time.process_time()
    pace.talk(io.BytesIO(b"\n".join(lines)), io.BytesIO())
    assert (time.process_time() - began) / len(lines) < 0.005


def test_the_command_answers_line_by_line_and_ends_with_its_input() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "callcenter", "pace", "--stdio"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line, expected in ((START, b"{}\n"), (tick(state=[4, 4, 4]), b'{"place":0}\n')):
            process.stdin.write(json.dumps(line).encode() + b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == expected
        process.stdin.close()
        assert process.wait(20) == 0


# --- simulate


def arguments(*words: str) -> argparse.Namespace:
    return commands.parser().parse_args(["simulate", *words])


@pytest.mark.rule("OBD-12")
def test_pacers_are_compared_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--agents", "5", "--hours", "0.2", "--pacer", "vicidial", "--pacer", "predictive"]
    assert simulate.simulate(Settings(), arguments(*words)) == 0
    head, ours, theirs = capsys.readouterr().out.splitlines()[0::1]
    assert head.split()[:3] == ["pacer", "occupancy", "%"]
    assert {ours.split()[0], theirs.split()[0]} == {"predictive", "vicidial"}
    assert simulate.simulate(Settings(), arguments(*words, "--json")) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {"vicidial", "predictive"}
    assert 0 < figures["vicidial"]["occupancy"] < 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--agents", "0"], "--agents"),
        (["--answering", "1.5"], "--answering"),
        (["--hours", "-1"], "--hours"),
        (["--days", "0"], "--days"),
        (["--wrapup", "0"], "--wrapup"),
    ],
)
def test_figures_that_make_no_sense_are_named(words: list[str], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        simulate.simulate(Settings(), arguments(*words))


def test_what_is_asked_for_is_simulated() -> None:
    assert simulate.scenario(arguments()) == Scenario()
    changed = simulate.scenario(arguments("--drift", "--refusal", "30", "--agents", "7"))
    assert (changed.drifting, changed.refusal.median, changed.lines) == (True, 30.0, 66)
