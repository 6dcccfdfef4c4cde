"""A stored call as it was at a moment."""

from __future__ import annotations

import pytest

from callcenter.core.calls import Call, Leg, Step
from callcenter.live.past import call_at


def call(*steps: Step, **more: object) -> Call:
    values = {"id": "1.1", "business_id": 1, "direction": "in", "state": "ended", "started_at": 0.0, "ended_at": 90.0}
    values |= {"result": "answered", "agent_id": 5, "queue_id": 2, "queued_at": 10.0, "answered_at": 40.0}
    legs = (
        Leg(id="1.1", channel="", role="client", state="ended", started_at=0, answered_at=0, ended_at=90),
        Leg(id="1.2", channel="", role="agent", state="ended", started_at=35, agent_id=5, answered_at=40, ended_at=90),
    )
    return Call(**(values | {"steps": steps, "legs": legs} | more))  # type: ignore[arg-type]


STORY = (
    Step(at=0, kind="started"),
    Step(at=10, kind="queued", queue_id=1),
    Step(at=20, kind="left_queue", queue_id=1),
    Step(at=20, kind="front", text="3"),
    Step(at=20, kind="queued", queue_id=1),
    Step(at=30, kind="left_queue", queue_id=1),
    Step(at=30, kind="redirected", text="queue:2"),
    Step(at=30, kind="queued", queue_id=2),
    Step(at=35, kind="rang", agent_id=5, text="answered"),
    Step(at=40, kind="left_queue", queue_id=2),
    Step(at=40, kind="answered", agent_id=5, queue_id=2),
    Step(at=50, kind="held"),
    Step(at=60, kind="resumed"),
    Step(at=90, kind="hangup", text="client"),
)


@pytest.mark.rule("SUP-11")
@pytest.mark.parametrize(
    ("at", "state", "queue", "since", "left", "priority", "agent"),
    [
        (5, "started", None, None, None, 0, None),
        (15, "queued", 1, 10, None, 0, None),
        (25, "queued", 1, 10, None, 3, None),
        (32, "queued", 2, 10, None, 0, None),
        (37, "ringing", 2, 10, None, 0, None),
        (45, "talking", 2, 10, 40, 0, 5),
        (55, "held", 2, 10, 40, 0, 5),
        (70, "talking", 2, 10, 40, 0, 5),
    ],
)
def test_a_call_at_a_moment(
    at: float, state: str, queue: int | None, since: float | None, left: float | None, priority: int, agent: int | None
) -> None:
    now = call_at(call(*STORY), at)
    assert now is not None
    found = (now.state, now.queue_id, now.queued_at, now.left_queue_at, now.priority, now.agent_id)
    assert found == (state, queue, since, left, priority, agent)
    assert now.result is None


def test_before_and_after_it_was_none() -> None:
    assert call_at(call(*STORY), -1) is None
    assert call_at(call(*STORY), 90) is None


def test_a_call_whose_story_is_not_known_waited_as_the_log_says() -> None:
    now = call_at(call(), 20)
    assert now is not None
    assert (now.state, now.queue_id, now.queued_at) == ("queued", 2, 10)
