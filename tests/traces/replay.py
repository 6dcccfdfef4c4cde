"""Reads recorded AMI streams and replays them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

from callcenter.core.calls import Call
from callcenter.core.directory import AgentRef, BusinessRef, Directory, NumberRef, QueueRef, TrunkRef
from callcenter.core.events import CallEnded, Event
from callcenter.telephony.tracker import Tracker

HERE = Path(__file__).parent
Fields = dict[str, str]

DIRECTORY = Directory(
    agents={
        agent_id: AgentRef(id=agent_id, business_id=1, name=f"Agent {agent_id}", short_number=str(agent_id + 90))
        for agent_id in (11, 12, 13)
    },
    queues={
        1: QueueRef(id=1, business_id=1, name="Sales", members=(11, 12)),
        2: QueueRef(id=2, business_id=1, name="Support", members=(11, 13)),
    },
    numbers={
        1: NumberRef(id=1, business_id=1, e164="+74950000001", title="Sales"),
        2: NumberRef(id=2, business_id=1, e164="+74950000002", title="Support"),
        3: NumberRef(id=3, business_id=1, e164="+74950000003", kind="personal", agent_id=12),
    },
    trunks={1: TrunkRef(id=1, business_id=1, name="Carrier")},
    businesses={1: BusinessRef(id=1, name="Demo")},
)
"""Who and what the recorded installation had."""


def names() -> list[str]:
    """The names of all recorded traces."""
    return sorted(path.name.removesuffix(".ami.gz") for path in HERE.glob("*.ami.gz"))


def raw(name: str) -> bytes:
    """A recorded stream as Asterisk sent it, with all its events."""
    return gzip.decompress((HERE / f"{name}.ami.gz").read_bytes())


def events(name: str) -> list[Fields]:
    """All events of a recorded stream."""
    return split(raw(name))


def split(stream: bytes) -> list[Fields]:
    """The events of a stream (Asterisk puts an empty line too many after a value that ends with a line's end)."""
    frames = (frame.lstrip(b"\r\n") for frame in stream.split(b"\r\n\r\n"))
    return [parse(frame) for frame in frames if frame.startswith(b"Event: ")]


def parse(frame: bytes) -> Fields:
    """One AMI message as a dict."""
    pairs = (line.partition(": ") for line in frame.decode("utf-8").split("\r\n"))
    return {key: value for key, found, value in pairs if found}


def replay(stream: Iterable[Fields], tracker: Tracker | None = None) -> list[Event]:
    """Feeds a stream to a tracker; everything that came out."""
    tracker = tracker or Tracker(DIRECTORY)
    return [event for fields in stream for event in tracker.feed(fields)]


def ended(out: Iterable[Event]) -> list[Call]:
    """The calls that ended, in the order of their beginning."""
    calls = [event.call for event in out if isinstance(event, CallEnded)]
    return sorted(calls, key=lambda call: call.started_at)


def story(call: Call) -> str:
    """A call's steps in one line: ``started queued rang:answered …``."""
    return " ".join(
        step.kind + (f":{step.text}" if step.text and step.kind not in ("menu", "prompt") else "")
        for step in call.steps
    )


def differences(call: Call, expected: dict[str, object], tolerance: float = 0.35) -> list[str]:
    """What a call should have been and is not; durations may differ by ``tolerance`` seconds."""
    found: list[str] = []
    for name, wanted in expected.items():
        have: object
        if name == "legs":
            have = len(call.legs)
        elif name == "steps":
            have = story(call)
        elif name == "recorded":
            have = call.recording is not None
        elif name == "leg_roles":
            have = tuple(leg.role for leg in call.legs)
        else:
            have = getattr(call, name)
        close = name.endswith("_seconds") and isinstance(have, float) and isinstance(wanted, int | float)
        if (abs(have - wanted) > tolerance) if close else have != wanted:  # type: ignore[operator]
            found.append(f"{name} is {have!r}, not {wanted!r}")
    return found


def without_clock(text: str) -> str:
    """A stream's text without what differs in every recording; for comparing recordings by eye."""
    return re.sub(r"\d{10}\.\d+", "T", text)
