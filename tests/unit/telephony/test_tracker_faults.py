"""The tracker against a stream that is not as it should be: lost, doubled, shuffled events; breaks; strangers."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.core.calls import Call
from callcenter.core.events import CallEnded, CallUpdated, Event, LinkChanged
from callcenter.telephony.snapshot import Snapshot
from callcenter.telephony.tracker import Tracker
from callcenter.telephony.translate import WANTED, translate
from tests.traces import replay

STREAMS = {name: [fields for fields in replay.events(name) if fields["Event"] in WANTED] for name in replay.names()}
BUSY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_picture(call: Call) -> None:
    """What must hold for every picture of a call, whatever was lost."""
    assert call.wait_seconds >= 0
    assert call.talk_seconds >= 0
    assert call.hold_seconds >= 0
    end = call.ended_at if call.ended_at is not None else float("inf")
    assert call.started_at <= end
    for moment in (call.queued_at, call.left_queue_at, call.answered_at):
        assert moment is None or call.started_at <= moment <= end
    assert [step.at for step in call.steps] == sorted(step.at for step in call.steps)
    for leg in call.legs:
        assert leg.ended_at is None or leg.ended_at >= leg.started_at
    assert (call.state == "ended") == (call.result is not None) == (call.ended_at is not None)


def check_stream(out: list[Event]) -> set[str]:
    """Every call ends at most once, with a cause, and is silent afterwards; the calls that did not end."""
    begun: set[str] = set()
    over: set[str] = set()
    for event in out:
        if isinstance(event, CallUpdated | CallEnded):
            check_picture(event.call)
            assert event.call.id not in over
            begun.add(event.call.id)
        if isinstance(event, CallEnded):
            assert event.call.cause is not None
            over.add(event.call.id)
    return begun - over


@st.composite
def spoilt(draw: st.DrawFn) -> list[dict[str, str]]:
    """One or several recorded streams mixed, with events lost, doubled and moved by a few places."""
    names = draw(st.lists(st.sampled_from(sorted(STREAMS)), min_size=1, max_size=3, unique=True))
    chance = random.Random(draw(st.integers(0, 2**32)))
    streams = [list(STREAMS[name]) for name in names]
    mixed: list[dict[str, str]] = []
    while any(streams):
        stream = chance.choice([one for one in streams if one])
        mixed.append(stream.pop(0))
    lost, doubled = draw(st.floats(0, 0.4)), draw(st.floats(0, 0.3))
    kept = [fields for fields in mixed if chance.random() >= lost]
    kept = [copy for fields in kept for copy in ([fields, fields] if chance.random() < doubled else [fields])]
    far = draw(st.integers(0, 12))
    order = sorted(range(len(kept)), key=lambda index: index + chance.uniform(0, far))
    return [kept[index] for index in order]


def ended_unheard(tail: list[Event], told: set[str]) -> list[Call]:
    """Calls that end in ``tail`` without having been told of before."""
    return [event.call for event in tail if isinstance(event, CallEnded) and event.call.id not in told]


@BUSY
@given(spoilt())
def test_a_spoilt_stream_never_hurts(stream: list[dict[str, str]]) -> None:
    """Lost, doubled and shuffled events: nothing raises, no time is negative, every call ends exactly once."""
    tracker = Tracker(replay.DIRECTORY)
    tracker.resync(Snapshot(at=1.0))
    out = replay.replay(stream, tracker)
    open_calls = check_stream(out)
    at = max((float(fields["Timestamp"]) for fields in stream), default=1.0)
    tail = tracker.link_down(at + 1)
    tail += tracker.resync(Snapshot(at=at + 2))
    assert check_stream([*out, *tail]) == set()
    closed = [event.call.id for event in tail if isinstance(event, CallEnded)]
    assert len(closed) == len(set(closed))
    # A call of which only a variable was heard is told when it ends, and not before.
    told = {event.call.id for event in out if isinstance(event, CallUpdated | CallEnded)}
    assert open_calls <= set(closed) <= open_calls | {call.id for call in ended_unheard(tail, told)}
    assert not tracker.calls
    assert not tracker.legs
    assert not tracker.bridges
    assert not tracker.wires


@BUSY
@given(spoilt(), st.floats(0, 1))
def test_a_break_in_the_middle(stream: list[dict[str, str]], where: float) -> None:
    """Asterisk dies in the middle: every call gets one end with a cause; late events raise no ghost from the dead."""
    tracker = Tracker(replay.DIRECTORY)
    tracker.resync(Snapshot(at=1.0))
    cut = int(len(stream) * where)
    out = replay.replay(stream[:cut], tracker)
    at = tracker.at + 1
    out += tracker.link_down(at)
    out += tracker.resync(Snapshot(at=at + 5, started_at=at + 3))
    assert not tracker.calls
    ended = {event.call.id for event in out if isinstance(event, CallEnded)}
    out += replay.replay(stream[cut:], tracker)
    check_stream(out)
    assert not ended & set(tracker.calls)


CHANNELS = st.sampled_from(["PJSIP/a11s-1", "PJSIP/a12w-3", "PJSIP/t1-2", "Local/1@x-0;1", "/", "-", ""])
IDS = st.sampled_from(["1.1", "1.2", "1.3", "x", ""])
VALUES = {
    "Event": st.sampled_from(sorted(WANTED)),
    "Timestamp": st.sampled_from(["1795299206.5", "1795299209.1", "1e400", "nan", "-5", ""]),
    "ChannelState": st.sampled_from(["0", "4", "5", "6", "x"]),
    "BridgeUniqueid": st.sampled_from(["b1", "b2", ""]),
    "BridgeTechnology": st.sampled_from(["simple_bridge", "holding_bridge"]),
    "ToBridgeUniqueid": st.sampled_from(["b1", "b2"]),
    "FromBridgeUniqueid": st.sampled_from(["b1", "b2"]),
    "Queue": st.sampled_from(["q1", "q2", "sales", ""]),
    "Interface": st.sampled_from(["PJSIP/a11s", "Local/5@x", ""]),
    "Variable": st.sampled_from(["__CC_BUSINESS", "CC_DIR", "CC_TO", "__CC_NUMBER", "CC_REC", "CC_", "X"]),
    "Value": st.sampled_from(["1", "out", "internal", "-1", "99999999999999", "текст", ""]),
    "UserEvent": st.sampled_from(["CcStep", "Other"]),
    "Kind": st.sampled_from(["menu", "failed", ""]),
    "DialStatus": st.sampled_from(["ANSWER", "BUSY", "CANCEL", "", "ODD"]),
    "Cause": st.sampled_from(["16", "17", "", "x"]),
    "Result": st.sampled_from(["Success", "Fail"]),
    "LocalOneUniqueid": IDS,
    "LocalTwoUniqueid": IDS,
    **{f"{prefix}Channel": CHANNELS for prefix in ("", "Dest", "Transferer", "Transferee", "OrigTransferer")},
    **{f"{prefix}Uniqueid": IDS for prefix in ("", "Dest", "Transferer", "Transferee", "OrigTransferer")},
    "TransferTargetChannel": CHANNELS,
    "TransferTargetUniqueid": IDS,
    "Linkedid": IDS,
    "DestLinkedid": IDS,
    "AOR": st.sampled_from(["a11s", "t1", ""]),
    "URI": st.sampled_from(["sip:1", "sip:2"]),
    "ContactStatus": st.sampled_from(["Reachable", "Removed", "?"]),
    "CallerIDNum": st.text(max_size=8),
    "Exten": st.sampled_from(["103", "74950000001", "s", ""]),
}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.fixed_dictionaries({}, optional=VALUES), max_size=30))
def test_nonsense_never_raises(stream: list[dict[str, str]]) -> None:
    """Any fields at all: nothing raises."""
    tracker = Tracker(replay.DIRECTORY)
    out = replay.replay(stream, tracker)
    out += tracker.resync(Snapshot(at=tracker.at + 1))
    check_stream(out)
    assert not tracker.calls


def test_a_caller_id_that_means_harm() -> None:
    """Quotes, line ends, emoji and 4 kB of caller ID become short harmless text."""
    first = dict(next(fields for fields in STREAMS["queue_answered"] if fields["Event"] == "Newchannel"))
    first["CallerIDNum"] = "'\"\r\nAction: Originate\U0001f525" + "9" * 4000
    first["CallerIDName"] = "Иван \"'\r\n\U0001f525" * 400
    tracker = Tracker(replay.DIRECTORY)
    event = tracker.feed(first)[0]
    assert isinstance(event, CallUpdated)
    assert len(event.call.from_number) <= 80
    assert len(event.call.from_name) <= 200
    assert not set("\r\n") & set(event.call.from_number + event.call.from_name)


def test_a_stranger_s_trunk_belongs_to_nobody() -> None:
    """A call over a trunk that nobody has is told to nobody."""
    stream = [
        {key: value.replace("PJSIP/t1-", "PJSIP/t99-") for key, value in fields.items()}
        for fields in STREAMS["unknown_number"]
        if fields["Event"] != "VarSet"
    ]
    tracker = Tracker(replay.DIRECTORY)
    told = [event for event in replay.replay(stream, tracker) if isinstance(event, CallUpdated | CallEnded)]
    assert told == []
    assert not tracker.calls


def test_a_call_never_wanders_to_another_business() -> None:
    """Once shown to one business, CC_BUSINESS of a later dialplan changes nothing."""
    tracker = Tracker(replay.DIRECTORY)
    stream = [fields for fields in STREAMS["queue_answered"] if "CC_BUSINESS" not in fields.get("Variable", "")]
    out = replay.replay(stream[:8], tracker)
    assert {event.call.business_id for event in out if isinstance(event, CallUpdated)} == {1}
    first = next(fields for fields in stream if fields["Event"] == "Newchannel")
    channel = {key: first[key] for key in ("Timestamp", "Channel", "Uniqueid", "Linkedid", "ChannelState")}
    tracker.feed({"Event": "VarSet", "Variable": "__CC_BUSINESS", "Value": "2", **channel})
    assert tracker.calls[first["Linkedid"]].business_id == 1


def test_a_lost_hangup_is_mended_by_the_next_resync() -> None:
    """A channel whose Hangup was lost lives until the resync, then its call ends with a cause."""
    tracker = Tracker(replay.DIRECTORY)
    replay.replay([fields for fields in STREAMS["queue_answered"] if fields["Event"] != "Hangup"], tracker)
    assert len(tracker.calls) == 1
    ended = [event for event in tracker.resync(Snapshot(at=tracker.at + 3)) if isinstance(event, CallEnded)]
    assert [(event.source, event.call.result, event.call.cause) for event in ended] == [("resync", "answered", 127)]


def test_when_asterisk_died_calls_ended_when_the_link_did() -> None:
    """Asterisk restarted: talk is counted up to the break, and the cause says so."""
    tracker = Tracker(replay.DIRECTORY)
    tracker.resync(Snapshot(at=1.0))
    stream = STREAMS["queue_answered"]
    enter = max(index for index, fields in enumerate(stream) if fields["Event"] == "BridgeEnter")
    replay.replay(stream[: enter + 1], tracker)
    answered = tracker.at
    assert tracker.link_down(answered + 10) == [LinkChanged(at=answered + 10, up=False)]
    assert tracker.link_down(answered + 11) == []
    out = tracker.resync(Snapshot(at=answered + 60, started_at=answered + 40))
    call = next(event.call for event in out if isinstance(event, CallEnded))
    assert call.ended_at == answered + 10
    assert call.talk_seconds == pytest.approx(10, abs=0.01)
    assert (call.cause, call.hangup_by) == (38, "system")
    assert isinstance(out[-1], LinkChanged)


def test_memory_of_the_dead_is_bounded() -> None:
    """Ended calls and legs are remembered for a while only."""
    tracker = Tracker(replay.DIRECTORY)
    stream = STREAMS["outgoing_busy"]
    for number in range(9_000):
        for fields in stream:
            if fields["Event"] in ("Newchannel", "Hangup"):
                fields = dict(fields)
                for key in ("Uniqueid", "Linkedid"):
                    fields[key] = f"{number}-{fields[key]}"
                tracker.feed(fields)
    assert len(tracker.ended_calls) <= 2_000
    assert len(tracker.ended_legs) <= 6_000


@pytest.mark.parametrize("name", sorted(WANTED))
def test_an_empty_event_says_nothing(name: str) -> None:
    """An event without its fields is passed over."""
    assert translate({"Event": name}) is None
