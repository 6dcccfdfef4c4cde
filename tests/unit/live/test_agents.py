"""Agents' states: what they want, what their phones are, and what their calls make of it."""

from __future__ import annotations

import pytest

from callcenter.core.events import CallUpdated
from tests.unit.live.conftest import DIRECTORY, World


@pytest.mark.rule("AGD-01")
async def test_all_six_states_with_the_time_since_they_began(world: World) -> None:
    """offline, ready, ringing, talking, wrap-up, paused: each from its own moment on."""
    seen = []

    def look() -> None:
        view = world.live.agent(1, 1)
        assert view is not None
        seen.append((view.state, view.since[11:19]))

    look()
    world.later(10)
    world.at_work(1)
    look()
    world.later(10)
    world.call(queue_id=7, queued_at=world.now, legs=(world.leg(1),), state="ringing")
    look()
    world.later(5)
    world.call(legs=(world.leg(1, "up"),), state="talking", answered_at=world.now)
    look()
    world.later(30)
    world.end()
    look()
    world.later(10)
    look()
    world.later(5)
    world.wants(1, "paused", "lunch")
    look()
    assert seen == [
        ("offline", "09:00:00"),
        ("ready", "09:00:10"),
        ("ringing", "09:00:20"),
        ("talking", "09:00:25"),
        ("wrapup", "09:00:55"),
        ("ready", "09:01:05"),
        ("paused", "09:01:10"),
    ]
    told = [(change.state, change.at - world.changes[0].at) for change in world.changes]
    assert told == [
        ("ready", 0),
        ("ringing", 10),
        ("talking", 15),
        ("wrapup", 45),
        ("ready", 55),
        ("paused", 60),
    ]
    assert world.changes[-1].reason == "lunch"


@pytest.mark.rule("AGD-01")
async def test_without_a_phone_on_line_nobody_is_ready(world: World) -> None:
    """The wish is kept, but the agent is shown offline until a phone is there, and again when it is gone."""
    world.wants(1, "ready")
    assert world.state(1) == "offline"
    world.phone(1)
    assert world.state(1) == "ready"
    world.phone(1, kind="s")
    world.phone(1, online=False)
    assert world.state(1) == "ready"
    view = world.live.agent(1, 1)
    assert view is not None
    assert (view.device, view.online) == ("sip", ["sip"])
    world.phone(1, online=False, kind="s")
    view = world.live.agent(1, 1)
    assert view is not None
    assert (view.state, view.wanted, view.device) == ("offline", "ready", None)


async def test_the_browser_rings_first(world: World) -> None:
    """With both phones on line the browser is the one that would ring."""
    world.phone(1, kind="s")
    world.phone(1)
    view = world.live.agent(1, 1)
    assert view is not None
    assert (view.device, view.online) == ("webrtc", ["sip", "webrtc"])


async def test_two_phones_of_one_agent_count_once(world: World) -> None:
    """One phone answers, the other one stops ringing: one agent talks, told once."""
    world.at_work(1)
    world.changes.clear()
    world.call(legs=(world.leg(1), world.leg(1, kind="s")))
    world.call(legs=(world.leg(1), world.leg(1, "up", kind="s")))
    world.call(legs=(world.leg(1, "ended"), world.leg(1, "up", kind="s")))
    assert [change.state for change in world.changes] == ["ringing", "talking"]


async def test_a_call_dialled_by_himself_is_talking_from_the_start(world: World) -> None:
    """Who dials on his phone is busy; a click-to-dial rings at his phone first."""
    world.at_work(1)
    world.call("own", direction="out", legs=(world.leg(1, "new", leg_id="own"),))
    assert world.state(1) == "talking"
    world.end("own", result="no_answer")
    assert world.state(1) == "ready"
    world.call("click", direction="out", click_to_dial=True, legs=(world.leg(1, "ringing", leg_id="click"),))
    assert world.state(1) == "ringing"
    world.call("click", legs=(world.leg(1, "up", leg_id="click"),))
    assert world.state(1) == "talking"


async def test_no_wrap_up_after_calls_without_a_queue(world: World) -> None:
    """Only a queue call that the agent talked in is followed by wrap-up."""
    world.at_work(1)
    world.call(legs=(world.leg(1, "up"),), answered_at=world.now, state="talking")
    world.end()
    assert world.state(1) == "ready"
    world.call("c2", queue_id=7, queued_at=world.now, legs=(world.leg(1),))
    world.end("c2", result="abandoned")
    assert world.state(1) == "ready"


@pytest.mark.parametrize(("wish", "state"), [("ready", "ready"), ("paused", "paused"), ("offline", "offline")])
async def test_a_choice_ends_the_wrap_up(world: World, wish: str, state: str) -> None:
    """The agent need not wait for the end of the time."""
    world.at_work(1)
    world.queue_call("c1", 1, talk=20)
    assert world.state(1) == "wrapup"
    world.later(3)
    world.wants(1, wish)
    assert world.state(1) == state
    world.later(60)
    assert world.state(1) == state


async def test_wrap_up_waits_while_the_next_call_is_on(world: World) -> None:
    """A call in the wrap-up is a call; what is left of the time goes on after it."""
    world.at_work(1)
    world.queue_call("c1", 1, talk=20)
    world.call("own", direction="out", legs=(world.leg(1, "up", leg_id="own"),))
    assert world.state(1) == "talking"
    world.later(4)
    world.end("own")
    assert world.state(1) == "wrapup"
    world.later(6)
    assert world.state(1) == "ready"


async def test_a_transfer_frees_the_first_agent(world: World) -> None:
    """The call goes on with a colleague: the first agent is in wrap-up, the second one talks."""
    world.at_work(1)
    world.at_work(2)
    world.call(queue_id=7, queued_at=world.now, answered_at=world.now, legs=(world.leg(1, "up"),))
    first = world.live.calls_of(1)[0].legs[0]
    gone = world.leg(1, "ended")
    assert first.bridged_at is not None
    world.call(legs=(gone.__class__(**{**_fields(gone), "bridged_at": first.bridged_at}), world.leg(2, "up")))
    assert (world.state(1), world.state(2)) == ("wrapup", "talking")


def _fields(leg: object) -> dict[str, object]:
    return {name: getattr(leg, name) for name in leg.__struct_fields__}  # type: ignore[attr-defined]


async def test_another_reason_is_another_stretch(world: World) -> None:
    """From one pause into another: told anew, with its own beginning."""
    world.at_work(1)
    world.wants(1, "paused", "lunch")
    world.later(60)
    world.wants(1, "paused", "training")
    assert [(change.state, change.reason) for change in world.changes[-2:]] == [
        ("paused", "lunch"),
        ("paused", "training"),
    ]
    assert world.changes[-1].at - world.changes[-2].at == 60
    world.wants(1, "paused", "training")
    assert len(world.changes) == 3


async def test_an_agent_of_another_business_cannot_be_touched(world: World) -> None:
    """A call of one business with an agent of another changes nothing there; nobody sees him there."""
    world.publish(
        CallUpdated(at=world.now, call=world.call(legs=(world.leg(9, "up"),)), what="leg"),
    )
    assert world.live.agent(1, 9) is None
    view = world.live.agent(2, 9)
    assert view is not None
    assert view.state == "offline"
    world.wants(9, "ready")
    view = world.live.agent(2, 9)
    assert view is not None
    assert view.wanted == "offline"


async def test_what_was_told_before_the_agent_was_known_counts(world: World) -> None:
    """A phone and a wish that came before the directory had the agent are not forgotten."""
    small = DIRECTORY.__class__(businesses=DIRECTORY.businesses)
    world.live.set_directory(small)
    assert world.live.agent(1, 1) is None
    world.at_work(1)
    world.live.set_directory(DIRECTORY)
    assert world.state(1) == "ready"
