"""The whole state of Asterisk at one moment, as plain typed data: what a sign-in reads before events are trusted."""

from __future__ import annotations

import msgspec

from callcenter.core.calls import Call


class ChannelNow(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that is up. ``id`` is its Uniqueid, ``call_id`` its Linkedid, ``state`` Asterisk's number (6 = up).

    ``created_at`` is epoch seconds (whole seconds: AMI says no more). ``variables`` holds the CC_* variables set.
    """

    id: str
    call_id: str
    name: str
    state: int
    created_at: float
    caller_number: str = ""
    caller_name: str = ""
    connected_number: str = ""
    connected_name: str = ""
    context: str = ""
    exten: str = ""
    application: str = ""
    data: str = ""
    bridge_id: str = ""
    account: str = ""
    variables: dict[str, str] = {}


class BridgeNow(msgspec.Struct, frozen=True, kw_only=True):
    """A bridge and the Uniqueids of the channels in it. ``kind`` is Asterisk's BridgeType (basic, parking, …)."""

    id: str
    kind: str = ""
    technology: str = ""
    creator: str = ""
    channels: tuple[str, ...] = ()


class MemberNow(msgspec.Struct, frozen=True, kw_only=True):
    """A queue member: ``queue`` and ``interface`` as in Asterisk (q7, PJSIP/a12w), ``status`` a device state number."""

    queue: str
    interface: str
    name: str = ""
    state_interface: str = ""
    penalty: int = 0
    paused: bool = False
    reason: str = ""
    status: int = 0
    in_call: bool = False
    dynamic: bool = True
    calls_taken: int = 0
    last_call_at: float | None = None


class WaitingNow(msgspec.Struct, frozen=True, kw_only=True):
    """A caller who waits in a queue; ``joined_at`` is epoch seconds (whole seconds)."""

    queue: str
    channel_id: str
    channel: str
    position: int
    joined_at: float


class ContactNow(msgspec.Struct, frozen=True, kw_only=True):
    """A registered (or static) contact of a phone or trunk; ``online`` False = it does not answer OPTIONS."""

    endpoint: str
    uri: str
    online: bool
    status: str = ""
    user_agent: str = ""


class DeviceNow(msgspec.Struct, frozen=True, kw_only=True):
    """A device and its state in Asterisk's words (NOT_INUSE, INUSE, RINGING, UNAVAILABLE …)."""

    device: str
    state: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that lives in Asterisk at ``at`` (epoch seconds).

    ``started_at`` is when this Asterisk process started: calls known from before it are over. ``calls`` are pictures
    of calls that are still up, rebuilt from CEL by the journal (exact times; no hold), for a server that was away;
    who has his own picture of such a call keeps that. Events that arrived while the state was read are fed after it:
    they may tell of things that the snapshot already holds, or of channels that it no longer holds.
    """

    at: float
    started_at: float | None = None
    channels: tuple[ChannelNow, ...] = ()
    bridges: tuple[BridgeNow, ...] = ()
    queues: tuple[str, ...] = ()
    members: tuple[MemberNow, ...] = ()
    waiting: tuple[WaitingNow, ...] = ()
    contacts: tuple[ContactNow, ...] = ()
    devices: tuple[DeviceNow, ...] = ()
    calls: tuple[Call, ...] = ()
