"""A talk of three: who is in it, and whose it is."""

from __future__ import annotations

import pytest

from callcenter.core.calls import Call
from callcenter.core.directory import AgentRef, Directory
from callcenter.core.events import CallUpdated
from callcenter.telephony import facts as f
from callcenter.telephony.snapshot import Snapshot
from callcenter.telephony.tracker import Tracker

AT = 1_800_000_000.0
CLIENT = f.Channel("1.1", "PJSIP/t3-1", "1.1", 6)
AGENT = f.Channel("1.2", "PJSIP/a12w-2", "1.1", 6)
COLLEAGUE = f.Channel("1.3", "PJSIP/a13s-3", "1.1", 6)
DIRECTORY = Directory(
    agents={
        12: AgentRef(id=12, business_id=1, name="Anna", short_number="112"),
        13: AgentRef(id=13, business_id=1, name="Boris", short_number="113"),
    }
)


def three(tracker: Tracker | None = None) -> Tracker:
    """Agent 12 talks with a client, and has taken agent 13 in."""
    tracker = tracker or Tracker(DIRECTORY)
    tracker.take(f.ChannelSeen(AT, CLIENT, True, "+79161234567", "", "trunk-3", "s"))
    tracker.take(f.VariableSet(AT, CLIENT, "CC_BUSINESS", "1"))
    for number, channel in enumerate((CLIENT, AGENT)):
        tracker.take(f.BridgeEntered(AT + 1 + number / 100, channel, "b", False))
    tracker.take(f.BridgeEntered(AT + 5, COLLEAGUE, "b", False))
    tracker.take(f.StepTold(AT + 5, COLLEAGUE, "conference", "12 "))
    return tracker


def now(tracker: Tracker) -> Call:
    """The one call there is."""
    (call,) = tracker.calls.values()
    return call.picture()


@pytest.mark.rule("AGD-09")
def test_a_page_that_is_loaded_anew_leaves_its_talk_of_three_as_it_was() -> None:
    tracker = three()
    before = now(tracker)
    assert (before.form, before.form_by, before.agent_id) == ("conference", 12, 12)
    again = f.Channel("2.1", "PJSIP/a12w-9", "2.1", 6)
    tracker.take(f.ChannelSeen(AT + 20, again, True, "", "", "agents-1", f.TAKES_OVER))
    told = tracker.take(f.BridgeLeft(AT + 20.01, AGENT, "b"))
    told += tracker.take(f.BridgeEntered(AT + 20.02, again, "b", False))
    told += tracker.take(f.HungUp(AT + 20.03, AGENT.id, 16))
    call = now(tracker)
    assert (call.form, call.form_by, call.agent_id) == ("conference", 12, 12)
    assert "left" not in [step.kind for step in call.steps]
    assert {leg.id for leg in call.legs if leg.ended_at is None} == {"1.1", "1.3", "2.1"}
    # Nor is it shown otherwise for a moment.
    shown = [event.call for event in told if isinstance(event, CallUpdated)]
    assert shown
    assert {one.form for one in shown} == {"conference"}
    assert any("2.1" in [leg.id for leg in one.legs] for one in shown)


def test_who_leaves_a_talk_of_three_leaves_two_who_talk() -> None:
    tracker = three()
    tracker.take(f.BridgeLeft(AT + 20, AGENT, "b"))
    tracker.take(f.HungUp(AT + 20, AGENT.id, 16))
    call = now(tracker)
    assert (call.form, call.agent_id) == ("", 13)
    assert call.steps[-1].kind == "left"


def test_a_page_that_comes_back_too_late_keeps_nobody_in_the_talk() -> None:
    tracker = three()
    again = f.Channel("2.1", "PJSIP/a12w-9", "2.1", 6)
    tracker.take(f.ChannelSeen(AT + 20, again, True, "", "", "agents-1", f.TAKES_OVER))
    tracker.take(f.HungUp(AT + 20.1, again.id, 16))
    tracker.take(f.BridgeLeft(AT + 25, AGENT, "b"))
    assert (now(tracker).form, now(tracker).agent_id) == ("", 13)


def test_a_page_whose_end_was_not_heard_keeps_nobody_in_a_later_talk() -> None:
    tracker = Tracker(DIRECTORY)
    lost = f.Channel("0.1", "PJSIP/a12w-1", "0.1", 6)
    tracker.take(f.ChannelSeen(AT - 60, lost, True, "", "", "agents-1", f.TAKES_OVER))
    tracker.link_down(AT - 59)
    tracker.resync(Snapshot(at=AT - 1))
    tracker = three(tracker)
    tracker.take(f.BridgeLeft(AT + 25, AGENT, "b"))
    assert (now(tracker).form, now(tracker).agent_id) == ("", 13)
