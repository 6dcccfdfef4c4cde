"""After a break: what the tracker believed is brought to what is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from callcenter.core.calls import Call
from callcenter.core.events import CallEnded, CallUpdated, DeviceChanged, LinkChanged, MemberChanged
from callcenter.telephony.snapshot import BridgeNow, ChannelNow, ContactNow, MemberNow, Snapshot, WaitingNow
from callcenter.telephony.tracker import Tracker
from callcenter.telephony.translate import WANTED
from tests.traces import replay

Fields = dict[str, str]


def stream(name: str) -> list[Fields]:
    return [fields for fields in replay.events(name) if fields["Event"] in WANTED]


def last(events: list[Fields], name: str) -> int:
    """The index after the last event of this name."""
    return max(index for index, fields in enumerate(events) if fields["Event"] == name) + 1


def asterisk(events: list[Fields], at: float) -> Snapshot:
    """What Asterisk would say of itself after these events."""
    channels: dict[str, dict[str, Any]] = {}
    bridges: dict[str, list[str]] = {}
    waiting: dict[str, WaitingNow] = {}
    for fields in events:
        kind, unique = fields["Event"], fields.get("Uniqueid", "")
        if kind == "Newchannel":
            channels[unique] = {"variables": {}, "created_at": float(int(float(fields["Timestamp"])))}
        if kind == "Hangup":
            channels.pop(unique, None)
            continue
        if unique in channels:
            channels[unique].update(
                id=unique,
                name=fields["Channel"],
                call_id=fields["Linkedid"],
                state=int(fields["ChannelState"]),
                caller_number=fields["CallerIDNum"],
                caller_name=fields["CallerIDName"],
                context=fields["Context"],
                exten=fields["Exten"],
            )
        if kind == "VarSet" and unique in channels:
            channels[unique]["variables"][fields["Variable"].lstrip("_")] = fields["Value"]
        if kind == "BridgeEnter":
            bridges.setdefault(fields["BridgeUniqueid"], []).append(unique)
        if kind == "BridgeLeave":
            bridges[fields["BridgeUniqueid"]].remove(unique)
        if kind == "QueueCallerJoin":
            waiting[unique] = WaitingNow(
                queue=fields["Queue"],
                channel_id=unique,
                channel=fields["Channel"],
                position=1,
                joined_at=float(int(float(fields["Timestamp"]))),
            )
        if kind == "QueueCallerLeave":
            waiting.pop(unique, None)
    return Snapshot(
        at=at,
        started_at=1.0,
        channels=tuple(ChannelNow(**channel) for channel in channels.values()),
        bridges=tuple(
            BridgeNow(id=bridge, channels=tuple(inside), technology="simple_bridge")
            for bridge, inside in bridges.items()
            if inside
        ),
        waiting=tuple(waiting.values()),
    )


@pytest.mark.parametrize("name", replay.names())
def test_a_resync_in_a_healthy_moment_changes_nothing(name: str) -> None:
    """At any point of any call: the tracker knows already what Asterisk says, and the call ends as it would have."""
    events = stream(name)
    plain = replay.ended(replay.replay(events))
    for cut in range(0, len(events), 5):
        tracker = Tracker(replay.DIRECTORY)
        tracker.resync(Snapshot(at=1.0))
        out = replay.replay(events[:cut], tracker)
        out += tracker.resync(asterisk(events[:cut], tracker.at))
        out += replay.replay(events[cut:], tracker)
        calls = replay.ended(out)
        assert [(c.id, c.direction, c.result, c.agents, c.agent_id) for c in calls] == [
            (c.id, c.direction, c.result, c.agents, c.agent_id) for c in plain
        ], cut
        assert not tracker.legs


def test_a_call_survives_a_cut_link() -> None:
    """The link breaks while the caller waits and is back while he talks: the picture is right again."""
    events = stream("queue_answered")
    waits, talks = last(events, "QueueCallerJoin"), last(events, "BridgeEnter")
    tracker = Tracker(replay.DIRECTORY)
    tracker.resync(Snapshot(at=1.0))
    replay.replay(events[:waits], tracker)
    tracker.link_down(tracker.at + 0.1)
    at = float(events[talks - 1]["Timestamp"]) + 0.2
    out = tracker.resync(asterisk(events[:talks], at))
    assert isinstance(out[-1], LinkChanged)
    updates = [event for event in out if isinstance(event, CallUpdated)]
    assert updates[-1].call.state == "talking"
    assert updates[-1].call.agents == (11,)
    assert updates[-1].call.left_queue_at is not None
    call = replay.ended(replay.replay(events[talks:], tracker))[0]
    assert (call.result, call.agent_id, call.queue_id, call.hangup_by) == ("answered", 11, 1, "client")


def test_a_call_that_ended_behind_our_back() -> None:
    """Asterisk went on without us and the call is over: one end, with a cause, marked as seen by the resync."""
    events = stream("queue_answered")
    talks = last(events, "BridgeEnter")
    tracker = Tracker(replay.DIRECTORY)
    tracker.resync(Snapshot(at=1.0))
    replay.replay(events[:talks], tracker)
    tracker.link_down(tracker.at + 1)
    out = tracker.resync(Snapshot(at=tracker.at + 30, started_at=1.0))
    ends = [event for event in out if isinstance(event, CallEnded)]
    assert [(end.source, end.call.result, end.call.cause, end.call.hangup_by) for end in ends] == [
        ("resync", "answered", 127, "system")
    ]
    # What is still on the way from before the break wakes nobody up.
    assert replay.ended(replay.replay(events[talks:], tracker)) == []
    assert not tracker.calls


@pytest.mark.parametrize("journal", [True, False])
def test_a_server_that_was_away(journal: bool) -> None:
    """A new server finds a call in the middle: with the journal's picture the log is whole, without it nearly so."""
    events = stream("queue_answered")
    talks = last(events, "BridgeEnter")
    before = [event for event in replay.replay(events[:talks]) if isinstance(event, CallUpdated)][-1].call
    at = float(events[talks - 1]["Timestamp"]) + 0.3
    snapshot = asterisk(events[:talks], at)
    if journal:
        snapshot = msgspec.structs.replace(snapshot, calls=(before,))
    tracker = Tracker(replay.DIRECTORY)
    out = tracker.resync(snapshot)
    shown = [event.call for event in out if isinstance(event, CallUpdated)][-1]
    assert (shown.state, shown.agents, shown.business_id, shown.direction) == ("talking", (11,), 1, "in")
    assert (shown.from_number, shown.to_number, shown.number_id) == ("+79160000001", "+74950000001", 1)
    call = replay.ended(replay.replay(events[talks:], tracker))[0]
    assert (call.result, call.agent_id, call.hangup_by) == ("answered", 11, "client")
    if journal:
        whole = replay.ended(replay.replay(events))[0]
        assert call.queue_id == whole.queue_id
        assert call.talk_seconds == pytest.approx(whole.talk_seconds, abs=0.01)
        assert call.wait_seconds == pytest.approx(whole.wait_seconds, abs=0.01)
        assert replay.story(call).count("answered") == replay.story(whole).count("answered")


def test_a_waiting_caller_is_taken_up() -> None:
    """A new server finds a caller in a queue."""
    events = stream("queue_abandoned")
    waits = last(events, "QueueCallerJoin")
    tracker = Tracker(replay.DIRECTORY)
    out = tracker.resync(asterisk(events[:waits], float(events[waits - 1]["Timestamp"]) + 0.1))
    shown = [event.call for event in out if isinstance(event, CallUpdated)][-1]
    assert (shown.queue_id, shown.state) == (1, "queued")
    call: Call = replay.ended(replay.replay(events[waits:], tracker))[0]
    assert (call.result, call.queue_id) == ("abandoned", 1)


def test_phones_and_members_are_told_as_far_as_they_changed() -> None:
    """A resync tells who came, who went and who is paused, and nothing else."""
    tracker = Tracker(replay.DIRECTORY)

    def contact(endpoint: str, uri: str = "sip:1", online: bool = True) -> ContactNow:
        return ContactNow(endpoint=endpoint, uri=uri, online=online)

    def member(agent: str, **more: Any) -> MemberNow:
        return MemberNow(queue="q1", interface=f"PJSIP/{agent}", **more)

    first = tracker.resync(
        Snapshot(
            at=10.0,
            contacts=(contact("a11w"), contact("a12s"), contact("t1"), contact("a13s", online=False)),
            members=(member("a11w"), member("a12s"), MemberNow(queue="other", interface="PJSIP/a11w")),
        )
    )
    assert [(e.endpoint, e.online) for e in first if isinstance(e, DeviceChanged)] == [("a11w", True), ("a12s", True)]
    assert [e.agent_id for e in first if isinstance(e, MemberChanged)] == [11, 12]
    second = tracker.resync(
        Snapshot(
            at=20.0,
            contacts=(contact("a11w", "sip:2"), contact("a13s")),
            members=(member("a11w", paused=True),),
        )
    )
    assert [(e.endpoint, e.online) for e in second if isinstance(e, DeviceChanged)] == [
        ("a13s", True),
        ("a12s", False),
    ]
    assert [(e.agent_id, e.paused, e.removed) for e in second if isinstance(e, MemberChanged)] == [
        (11, True, False),
        (12, False, True),
    ]


def test_a_page_that_registers_anew_does_not_flicker() -> None:
    """The new contact comes before the old one goes: the phone was on line all the time."""
    tracker = Tracker(replay.DIRECTORY)

    def status(uri: str, word: str) -> list[Any]:
        return tracker.feed(
            {"Event": "ContactStatus", "Timestamp": "5.0", "AOR": "a11w", "URI": uri, "ContactStatus": word}
        )

    assert [event.online for event in status("sip:1", "Created")] == [True]
    assert status("sip:2", "Created") == []
    assert status("sip:1", "Removed") == []
    assert status("sip:2", "Reachable") == []
    assert [event.online for event in status("sip:2", "Unreachable")] == [False]
    assert status("sip:2", "Removed") == []
