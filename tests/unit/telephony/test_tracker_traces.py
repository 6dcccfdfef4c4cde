"""Recorded calls of a real Asterisk become the calls that people made."""

from __future__ import annotations

import gzip
from unittest.mock import Mock

import pytest

from callcenter.core.events import CallEnded, CallUpdated
from callcenter.telephony.protocol import EventProtocol
from callcenter.telephony.tracker import Tracker
from callcenter.telephony.translate import WANTED
from tests.traces import replay, scenarios


@pytest.mark.parametrize("name", sorted(scenarios.EXPECTED))
def test_a_recorded_call_is_understood(name: str) -> None:
    """Direction, result, agents, times, holds, transfers and the story of every recorded call are right."""
    tracker = Tracker(replay.DIRECTORY)
    calls = replay.ended(replay.replay(replay.events(name), tracker))
    expected = scenarios.EXPECTED[name]
    assert [(call.direction, call.result) for call in calls] == [
        (wanted["direction"], wanted["result"]) for wanted in expected
    ]
    for call, wanted in zip(calls, expected, strict=True):
        assert replay.differences(call, wanted) == []


@pytest.mark.parametrize("name", replay.names())
def test_nothing_is_left_when_all_calls_have_ended(name: str) -> None:
    """After the last Hangup the tracker knows no call, leg, bridge or wire any more."""
    tracker = Tracker(replay.DIRECTORY)
    replay.replay(replay.events(name), tracker)
    assert not tracker.calls
    assert not tracker.legs
    assert not tracker.bridges
    assert not tracker.wires


@pytest.mark.parametrize("name", replay.names())
def test_only_wanted_events_matter(name: str) -> None:
    """The stream cut down to WANTED gives the very same events as the full one."""
    full = replay.events(name)
    tuned = [fields for fields in full if fields["Event"] in WANTED]
    assert len(tuned) < len(full)
    assert replay.replay(tuned) == replay.replay(full)


@pytest.mark.parametrize("name", replay.names())
def test_every_call_begins_once_and_ends_once(name: str) -> None:
    """A call is first told as started, then updated, ended once, and not a word after that."""
    out = replay.replay(replay.events(name))
    begun: set[str] = set()
    over: set[str] = set()
    for event in out:
        if isinstance(event, CallUpdated):
            assert event.call.id not in over
            assert (event.what == "started") == (event.call.id not in begun)
            begun.add(event.call.id)
        elif isinstance(event, CallEnded):
            assert event.call.id in begun - over
            assert event.call.result is not None
            assert event.call.ended_at is not None
            over.add(event.call.id)
    assert begun == over


@pytest.mark.parametrize("name", replay.names())
async def test_the_wire_protocol_leaves_out_nothing_that_matters(name: str) -> None:
    """What the protocol drops unparsed (unwanted events, variables that legs inherit) changes no call."""
    got: list[dict[str, str]] = []
    protocol = EventProtocol(WANTED, got.extend, lambda _reason: None)
    protocol.connection_made(Mock())
    raw = replay.raw(name)
    for start in range(0, len(raw), 1000):
        protocol.data_received(raw[start : start + 1000])
    assert len(got) <= sum(fields["Event"] in WANTED for fields in replay.events(name))
    assert replay.ended(replay.replay(got)) == replay.ended(replay.replay(replay.events(name)))


def test_the_phone_rings_when_asterisk_calls_it() -> None:
    """«rang» is told at the moment of the INVITE, before the phone itself says that it rings."""
    tracker = Tracker(replay.DIRECTORY)
    for fields in replay.events("queue_answered"):
        out = tracker.feed(fields)
        if fields["Event"] == "DialBegin":
            assert [event.what for event in out if isinstance(event, CallUpdated)] == ["rang"]
            assert out[0].call.legs[1].agent_id == 11
            assert out[0].call.state == "ringing"
            break
    else:
        pytest.fail("no DialBegin in the trace")


def test_people_talk_through_a_local_channel_that_stays() -> None:
    """Two bridges that a Local channel connects are one talk, before Asterisk takes it out or where it may not."""
    events = replay.events("local_channel")
    enters = [index for index, fields in enumerate(events) if fields["Event"] == "BridgeEnter"]
    out = replay.replay(events[: enters[3] + 1])
    call = [event for event in out if isinstance(event, CallUpdated)][-1].call
    assert (call.state, call.agents, len(call.legs)) == ("talking", (13,), 2)


def test_traces_are_small_text() -> None:
    """The recordings stay readable with zcat and small enough for a repository."""
    for path in replay.HERE.glob("*.ami.gz"):
        assert path.stat().st_size < 20_000
        gzip.decompress(path.read_bytes()).decode("utf-8")
