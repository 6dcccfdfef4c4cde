"""What Asterisk reports, in our words: small immutable records that the tracker makes calls from.

``at`` is epoch seconds, 0.0 = unknown. Positional, because they are made for every event.
"""

from __future__ import annotations

import re

import msgspec

TAKES_OVER = "cc-resume"
"""The extension by which a page that was loaded anew goes on with its call."""

ECHO = "*43"
"""The extension that gives everybody his own voice back: a test, and no call of anybody's."""

PICKS_UP = "*7"
"""Before a slot: takes a parked client, so a channel that begins so becomes part of his call, or of none."""

UNRECORDED = "-"
"""In place of a recording's name (CC_REC): this call is not recorded, because of who took it."""

REJOINS = re.compile(r"[0-9]{10}\.77[0-9]{7}\Z")
"""Ids of channels by which the server brings an agent back into a call whose page is gone. They look like
Asterisk's own (a time, a number that Asterisk never reaches): of joined calls the older id stays, the call's."""


class Channel(msgspec.Struct, frozen=True, gc=False):
    """A channel: its Uniqueid, its name, its Linkedid, and Asterisk's state (0 down, 4 ring, 5 ringing, 6 up)."""

    id: str
    name: str
    call_id: str
    state: int


class Fact(msgspec.Struct, frozen=True, gc=False):
    """Base of all facts."""

    at: float


class ChannelSeen(Fact, frozen=True, gc=False):
    """A channel began (``created``) or changed its state. ``exten`` is what was dialled, for a caller's channel."""

    channel: Channel
    created: bool
    caller_number: str
    caller_name: str
    context: str
    exten: str


class VariableSet(Fact, frozen=True, gc=False):
    """One of our variables was set; ``name`` is without the underscores of inheritance."""

    channel: Channel
    name: str
    value: str


class StepTold(Fact, frozen=True, gc=False):
    """The dialplan tells a step of the story (prompt, menu, key, failed)."""

    channel: Channel
    kind: str
    text: str


class CallerAsked(Fact, frozen=True, gc=False):
    """The dialplan asks who calls number ``number_id`` (``caller`` in E.164), before it leads him on."""

    channel: Channel
    number_id: int
    caller: str
    own_first: bool
    last_days: int


class DialBegun(Fact, frozen=True, gc=False):
    """``dest`` is being called; no ``source`` = a call that was begun by a command."""

    source: Channel | None
    dest: Channel
    target: str


class DialEnded(Fact, frozen=True, gc=False):
    """Calling ``dest`` ended with Asterisk's dial status (ANSWER, BUSY, NOANSWER, CANCEL, CHANUNAVAIL, CONGESTION)."""

    dest: Channel
    status: str


class BridgeEntered(Fact, frozen=True, gc=False):
    """A channel came into a bridge; in a ``holding`` bridge nobody hears anybody."""

    channel: Channel
    bridge: str
    holding: bool


class BridgeLeft(Fact, frozen=True, gc=False):
    """A channel left a bridge."""

    channel: Channel
    bridge: str


class BridgeMerged(Fact, frozen=True, gc=False):
    """All channels of ``gone`` are now in ``into``."""

    into: str
    gone: str


class WireLaid(Fact, frozen=True, gc=False):
    """The two halves of a Local channel, by Uniqueid."""

    one: str
    two: str


class HoldChanged(Fact, frozen=True, gc=False):
    """A telephone put the other side on hold, or took it back."""

    channel: Channel
    on: bool


class SentOn(Fact, frozen=True, gc=False):
    """Blind transfer: ``who`` sent the other side (``transferee``) to ``target``."""

    who: Channel
    transferee: Channel | None
    target: str


class Joined(Fact, frozen=True, gc=False):
    """Attended transfer: ``who`` joined ``transferee`` with ``target``, whom he had called as ``second``."""

    who: Channel
    second: Channel | None
    transferee: Channel | None
    target: Channel | None
    target_number: str


class QueueJoined(Fact, frozen=True, gc=False):
    """A caller began to wait in a queue."""

    channel: Channel
    queue_id: int


class QueueLeft(Fact, frozen=True, gc=False):
    """A caller waits no more: answered, timed out, or (``abandoned``) hung up."""

    channel: Channel
    queue_id: int
    abandoned: bool


class HangupAsked(Fact, frozen=True, gc=False):
    """The telephone at this channel's other end hung up."""

    channel: Channel


class HungUp(Fact, frozen=True, gc=False):
    """A channel is gone; ``cause`` is the Q.850 number."""

    channel_id: str
    cause: int


class ContactSeen(Fact, frozen=True, gc=False):
    """A contact of an agent's phone is there, or not any more."""

    agent_id: int
    endpoint: str
    uri: str
    online: bool
    user_agent: str


class MemberSeen(Fact, frozen=True, gc=False):
    """A member of a queue as Asterisk has it."""

    queue_id: int
    agent_id: int
    interface: str
    paused: bool
    removed: bool
    status: int
    penalty: int = 0
