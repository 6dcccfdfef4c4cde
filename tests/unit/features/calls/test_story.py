"""The story of a call in words: every step with its time, and the way from the number to the agent."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from callcenter.features.calls.rules import story
from callcenter.features.calls.rules.story import Names, Said, Told, tell


class Who(NamedTuple):
    id: int
    name: str


class Step(NamedTuple):
    at: str
    kind: str
    agent: Who | None = None
    queue: Who | None = None
    text: str = ""


class Leg(NamedTuple):
    agent: Who | None
    started_at: str
    ringing_at: str | None
    answered_at: str | None
    ended_at: str | None


ANNA, BORIS, SALES = Who(1, "Anna"), Who(2, "Boris"), Who(7, "Sales")
NAMES = Names(
    line="Main line",
    number="+7 495 000-00-01",
    client="+7 916 000-00-01",
    menus={3: "Welcome"},
    agents={1: "Anna", 2: "Boris"},
    queues={7: "Sales"},
    strategies={7: "who has been idle longest"},
)


def at(second: int) -> str:
    return f"2026-03-02T09:{second // 60:02}:{second % 60:02}+00:00"


def english(said: Said) -> str:
    return said.text % {k: english(v) if isinstance(v, Said) else v for k, v in said.values.items()}


def told(steps: list[Step], legs: list[Leg]) -> Told:
    return tell("in", steps, legs, NAMES)


STEPS = [
    Step(at(0), "started"),
    Step(at(1), "schedule", text="Working hours"),
    Step(at(2), "menu", text="3"),
    Step(at(5), "key", text="2"),
    Step(at(6), "queued", queue=SALES),
    Step(at(7), "front", text="1"),
    Step(at(8), "rang", agent=ANNA, text="no_answer"),
    Step(at(25), "rang", agent=BORIS, text="answered"),
    Step(at(29), "left_queue", queue=SALES),
    Step(at(30), "answered", agent=BORIS),
    Step(at(30), "recording"),
    Step(at(40), "held"),
    Step(at(52), "resumed"),
    Step(at(60), "transferred", agent=BORIS, text="101"),
    Step(at(61), "redirected", text="queue:7"),
    Step(at(62), "redirected", text="agent:1"),
    Step(at(66), "answered", agent=ANNA),
    Step(at(90), "hangup", text="client"),
]
LEGS = [
    Leg(ANNA, at(8), at(8), None, at(23)),
    Leg(BORIS, at(25), at(25), at(29), at(61)),
    Leg(ANNA, at(62), at(62), at(66), at(90)),
]


@pytest.mark.rule("SUP-08")
def test_every_step_is_told_with_its_time_in_words() -> None:
    found = told(STEPS, LEGS)
    assert [(line.at, english(line.said)) for line in found.lines] == [
        (at(0), "+7 916 000-00-01 called Main line"),
        (at(1), "By the schedule: Working hours"),
        (at(2), "Came to the menu «Welcome»"),
        (at(5), "Pressed 2 in the menu"),
        (at(6), "Began to wait in the queue «Sales», which rings: who has been idle longest"),
        (at(7), "A supervisor moved the caller to the front of the queue"),
        (at(8), "Anna was rung for 00:15 and did not pick up"),
        (at(25), "Boris was rung and picked up after 00:04"),
        (at(29), "Left the queue «Sales» after 00:23"),
        (at(30), "Boris answered; the client had waited 00:24"),
        (at(30), "Recording began"),
        (at(40), "The client was put on hold"),
        (at(52), "The client was taken off hold after 00:12"),
        (at(60), "Boris transferred the call to 101"),
        (at(61), "A supervisor redirected the call to «Sales»"),
        (at(62), "A supervisor redirected the call to Anna"),
        (at(66), "Anna took over the talk"),
        (at(90), "The client hung up"),
    ]


@pytest.mark.rule("SUP-08")
def test_the_way_to_the_agent_says_why() -> None:
    assert [english(part) for part in told(STEPS[:10], LEGS).path] == [
        "Main line",
        "By the schedule: Working hours",
        "menu «Welcome»",
        "pressed 2",
        "Anna did not pick up",
        "queue «Sales», 00:23",
        "Boris answered",
    ]


def test_a_greeting_is_the_lines_and_its_file_is_nobodys_business() -> None:
    heard = [Step(at(0), "started"), Step(at(1), "prompt", text="demo-sales")]
    assert english(told(heard, []).lines[1].said) == "Heard the greeting of the line «Main line»"
    nameless = tell("in", heard, [], NAMES._replace(line=""))
    assert english(nameless.lines[1].said) == "Heard the greeting"


def test_a_step_of_a_later_time_is_called_by_its_name() -> None:
    assert english(told([Step(at(0), "beamed")], []).lines[0].said) == "beamed"


def test_a_withheld_number_and_an_unknown_menu_are_said() -> None:
    names = NAMES._replace(client="")
    lines = tell("in", [Step(at(0), "started"), Step(at(1), "menu", text="99")], [], names).lines
    assert english(lines[0].said) == "Somebody with a withheld number called Main line"
    assert english(lines[1].said) == "Came to the menu «99»"


def test_a_ringing_that_lasts_has_no_length() -> None:
    leg = Leg(ANNA, at(8), at(8), None, None)
    assert story.ring_seconds(Step(at(8), "rang", agent=ANNA), [leg]) == 0.0


@pytest.mark.parametrize(
    ("text", "said"),
    [("a2", "Boris"), ("q7", "«Sales»"), ("m3", "«Welcome»"), ("+79161234567", "+79161234567"), ("a9", "9"), ("", "")],
)
def test_a_transfer_names_whom_it_went_to(text: str, said: str) -> None:
    assert story.target(text, NAMES) == said


def test_a_pause_of_the_recording_is_told_with_its_length() -> None:
    steps = [
        Step(at(0), "started"),
        Step(at(5), "record_pause", ANNA),
        Step(at(25), "record_resume", ANNA, text="limit"),
        Step(at(30), "record_pause", ANNA),
        Step(at(34), "record_resume", ANNA, text="left"),
    ]
    lines = [english(line.said) for line in tell("in", steps, [], NAMES).lines[1:]]
    assert lines == [
        "Anna paused the recording",
        "The recording went on by itself after 00:20, the longest pause",
        "Anna paused the recording",
        "The recording went on after 00:04, because the agent had left the call",
    ]


def said_of(*steps: Step) -> tuple[list[str], list[str]]:
    found = told(list(steps), [])
    return [english(one) for one in found.path[1:]], [english(line.said) for line in found.lines]


@pytest.mark.parametrize(
    ("step", "way", "line"),
    [
        (("closed", "hours"), ["out of hours"], "It was out of working hours"),
        (("closed", "emergency"), ["emergency closing"], "The company was closed for an emergency"),
        (("blocked", ""), ["blocked"], "The number is blocked: the call was refused"),
        (("own", "agent:2"), [], "The client's own employee was to be rung first: Boris"),
        (
            ("forwarded", "+79160000001 +79160000002"),
            ["forwarded to +7 (916) 000-00-01, +7 (916) 000-00-02"],
            "Forwarded to +7 (916) 000-00-01, +7 (916) 000-00-02",
        ),
        (("overflow", "7"), [], "Nobody took the call in the queue «Sales»: it was led on"),
        (("voicemail", "q7"), ["voicemail"], "Was asked to leave a message for «Sales»"),
        (("voicemail", "a1"), ["voicemail"], "Was asked to leave a message for Anna"),
        (("voicemail", "box"), ["voicemail"], "Was asked to leave a message"),
        (("failed", "loop"), [], "The call was led in a circle and was ended"),
    ],
)
def test_the_way_of_a_call_that_nobody_takes_is_told(step: tuple[str, str], way: list[str], line: str) -> None:
    assert said_of(Step(at(1), step[0], text=step[1])) == (way, [line])
