"""A recording's gaps in Asterisk's variable, and in the story that live tracker and journal tell."""

from __future__ import annotations

from callcenter.core.calls import Gap
from callcenter.core.directory import Directory
from callcenter.telephony import facts as f
from callcenter.telephony import gaps
from callcenter.telephony.tracker import Tracker

AT = 1_800_000_000.0


def test_a_value_is_read_as_it_was_written() -> None:
    found = gaps.opened(gaps.closed(gaps.opened([], 12, AT, AT + 180), AT + 5, "agent"), 12, AT + 9, AT + 189)
    assert gaps.read(gaps.write(found)) == found
    assert [gap.how for gap in found] == ["agent", ""]


def test_what_is_no_gap_is_left_out() -> None:
    assert gaps.read("") == []
    assert gaps.read("x/12:1:2:agent/12:1800000000.000:1800000001.000:agent\n/-1:::") == []
    # Time never runs backwards.
    (found,) = gaps.read("12:1800000009.000:1800000001.000:limit")
    assert found.until == found.since


def tracked() -> tuple[Tracker, f.Channel]:
    tracker = Tracker(Directory())
    channel = f.Channel("1.1", "PJSIP/t3-1", "1.1", 6)
    tracker.take(f.ChannelSeen(AT, channel, True, "+79161234567", "", "trunk-3", "s"))
    tracker.take(f.VariableSet(AT, channel, "CC_BUSINESS", "1"))
    tracker.take(f.VariableSet(AT, channel, "CC_REC", "1.1"))
    return tracker, channel


def told(tracker: Tracker, channel: f.Channel, at: float, value: str) -> list[str]:
    return [event.what for event in tracker.take(f.VariableSet(at, channel, gaps.VARIABLE, value))]  # type: ignore[attr-defined]


def test_the_tracker_tells_a_pause_once_and_with_its_own_time() -> None:
    tracker, channel = tracked()
    opened = gaps.opened([], 12, AT + 10, AT + 190)
    assert told(tracker, channel, AT + 10.2, gaps.write(opened)) == ["record_pause"]
    assert told(tracker, channel, AT + 11, gaps.write(opened)) == []
    picture = tracker.calls["1.1"].picture()
    assert picture.gap == Gap(agent_id=12, since=AT + 10, until=AT + 190)
    closed = gaps.closed(opened, AT + 20, "limit")
    assert told(tracker, channel, AT + 20.1, gaps.write(closed)) == ["record_resume"]
    picture = tracker.calls["1.1"].picture()
    assert picture.gap is None
    assert [(s.at, s.kind, s.agent_id, s.text) for s in picture.steps if s.kind.startswith("record_")] == [
        (AT + 10, "record_pause", 12, ""),
        (AT + 20, "record_resume", 12, "limit"),
    ]


def test_told_at_the_end_the_story_is_the_same() -> None:
    """As the journal has it: the variable comes when the channel ends, after later steps."""
    tracker, channel = tracked()
    tracker.take(f.StepTold(AT + 30, channel, "menu", "2"))
    value = gaps.write(gaps.closed(gaps.opened([], 12, AT + 10, AT + 190), AT + 20, "agent"))
    assert told(tracker, channel, AT + 40, value) == ["record_pause", "record_resume"]
    kinds = [step.kind for step in tracker.calls["1.1"].picture().steps]
    assert kinds == ["started", "recording", "record_pause", "record_resume", "menu"]


def test_a_pause_that_nobody_ended_ends_with_the_call() -> None:
    tracker, channel = tracked()
    told(tracker, channel, AT + 10, gaps.write(gaps.opened([], 12, AT + 10, AT + 190)))
    (ended,) = tracker.take(f.HungUp(AT + 60, channel.id, 16))
    call = ended.call  # type: ignore[attr-defined]
    assert [(s.at, s.kind, s.text) for s in call.steps][-2:] == [
        (AT + 60, "record_resume", "end"),
        (AT + 60, "hangup", "system"),
    ]
    assert call.gaps[-1].how == "end"
