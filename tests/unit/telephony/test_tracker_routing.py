"""Calls that the routing ends without a talk: refused, out of hours, with a message."""

from __future__ import annotations

import pytest

from callcenter.core.calls import Call
from callcenter.core.directory import AgentRef, Directory
from callcenter.core.events import CallEnded
from callcenter.telephony import facts as f
from callcenter.telephony.tracker import Tracker

AT = 1_800_000_000.0
CHANNEL = f.Channel("1.1", "PJSIP/t3-1", "1.1", 6)
DIRECTORY = Directory(agents={12: AgentRef(id=12, business_id=1, name="Anna", short_number="112")})


def call_of(
    *told: tuple[float, str, str],
    ends: float = 20.0,
    by: bool = False,
    cause: int = 16,
    states: list[str] | None = None,
) -> Call:
    """A call to number 5 of which the dialplan tells these steps (second, kind, text) before it ends.

    ``states`` gets the call's state after each.
    """
    tracker = Tracker(DIRECTORY)
    tracker.take(f.ChannelSeen(AT, CHANNEL, True, "+79161234567", "", "trunk-3", "s"))
    tracker.take(f.VariableSet(AT, CHANNEL, "CC_BUSINESS", "1"))
    tracker.take(f.VariableSet(AT, CHANNEL, "CC_NUMBER", "5"))
    tracker.take(f.VariableSet(AT, CHANNEL, "CC_REC", "1.1"))
    for second, kind, text in told:
        if kind == "CC_REC":
            tracker.take(f.VariableSet(AT + second, CHANNEL, kind, text))
        else:
            tracker.take(f.StepTold(AT + second, CHANNEL, kind, text))
        if states is not None:
            states.append(tracker.calls["1.1"].state())
    if by:
        tracker.take(f.HangupAsked(AT + ends, CHANNEL))
    (ended,) = [e for e in tracker.take(f.HungUp(AT + ends, "1.1", cause)) if isinstance(e, CallEnded)]
    return ended.call


def test_a_blocked_caller_is_not_missed() -> None:
    assert call_of((0, "blocked", ""), ends=0, cause=21).result == "blocked"


@pytest.mark.parametrize("why", ["hours", "emergency"])
def test_a_call_out_of_hours_is_missed(why: str) -> None:
    call = call_of((0, "closed", why), by=True)
    assert call.result == "missed"
    assert ("closed", why) in [(step.kind, step.text) for step in call.steps]


def test_a_call_in_circles_has_failed() -> None:
    assert call_of((1, "overflow", "7"), (2, "failed", "loop")).result == "failed"


@pytest.mark.parametrize("by", [True, False])
def test_who_leaves_a_message_waited_until_then(by: bool) -> None:
    states: list[str] = []
    call = call_of((1, "prompt", "x"), (6, "voicemail", "a12"), (9, "CC_REC", "1.1v"), ends=30, by=by, states=states)
    assert states == ["menu", "message", "message"]
    assert (call.result, call.wait_seconds, call.talk_seconds) == ("missed", 6, 0)
    assert (call.recording, call.agent_id) == ("1.1v", 12)
    assert call.hangup_by == ("client" if by else "system")
    assert [step.text for step in call.steps if step.kind == "recording"] == ["", "1.1"]


def test_a_message_for_a_strangers_agent_is_nobodys() -> None:
    assert call_of((6, "voicemail", "a99")).agent_id is None
    assert call_of((6, "voicemail", "q7")).agent_id is None
