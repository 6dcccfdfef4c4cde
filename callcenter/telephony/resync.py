"""Reads the whole state of Asterisk into a Snapshot. Run at every sign-in, before any event is trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from callcenter.core.directory import parse_object
from callcenter.core.errors import Unavailable
from callcenter.core.i18n import N_
from callcenter.telephony.link import Answer
from callcenter.telephony.snapshot import (
    BridgeNow,
    ChannelNow,
    ContactNow,
    DeviceNow,
    MemberNow,
    Snapshot,
    WaitingNow,
)

# Our variables that Status reads back from every channel.
VARIABLES = (
    "CC_BUSINESS",
    "CC_DIR",
    "CC_NUMBER",
    "CC_FROM",
    "CC_TO",
    "CC_REC",
    "CC_GAPS",
    "CC_AGENT",
    "CC_QUEUE",
    "CC_CLICK",
    "CC_CALL",
)
NOT_READ = N_("Asterisk did not tell its state.")
# A list with nothing in it is said with an error by some actions.
_NOTHING = ("no contacts found", "no aors found", "no channels", "no bridges")

Ask = Callable[..., Awaitable[Answer]]


class Asks(Protocol):
    """Who can ask Asterisk (the link)."""

    async def ask(
        self,
        name: str,
        fields: dict[str, Any] | None = None,
        *,
        as_list: bool | None = None,
        timeout: float | None = None,
    ) -> Answer: ...


async def read_state(link: Asks, now: Callable[[], float], uptime: float | None, timeout: float = 10.0) -> Snapshot:
    """Asks for everything at once; raises Unavailable when a list fails, stops half way or takes over ``timeout`` s."""
    started_at = None if uptime is None else now() - uptime
    status, bridges, queues, contacts, devices = await asyncio.gather(
        _list(link, "Status", {"Variables": ",".join(VARIABLES)}, timeout),
        _list(link, "BridgeList", {}, timeout),
        _list(link, "QueueStatus", {}, timeout),
        _list(link, "PJSIPShowContacts", {}, timeout),
        _list(link, "DeviceStateList", {}, timeout),
    )
    listed = {item.get("Endpoint") or _text(item, "ObjectName").partition(";")[0] for item in contacts}
    if any(_there(device) and _text(device, "Device").removeprefix("PJSIP/") not in listed for device in devices):
        # Phones with a fixed address are on line without being in the list of contacts.
        aors = await _list(link, "PJSIPShowAors", {}, timeout)
        contacts.extend(fixed for aor in aors if aor.get("ObjectName") not in listed for fixed in _fixed(aor))
    at = now()
    channels = tuple(_channel(item, at) for item in status if item.get("Uniqueid"))
    members, waiting = queue_state(queues, at)
    return Snapshot(
        at=at,
        started_at=started_at,
        channels=channels,
        bridges=_bridges(bridges, channels),
        queues=tuple(str(i["Queue"]) for i in queues if i.get("Event") == "QueueParams"),
        members=members,
        waiting=waiting,
        contacts=tuple(_contact(item) for item in contacts if item.get("Event") == "ContactList"),
        devices=tuple(DeviceNow(device=str(i.get("Device", "")), state=str(i.get("State", ""))) for i in devices),
    )


async def _list(link: Asks, name: str, fields: dict[str, Any], timeout: float) -> list[dict[str, Any]]:
    answer = await link.ask(name, fields, timeout=timeout)
    if not answer.ok:
        if answer.message.lower().startswith(_NOTHING):
            return []
        raise Unavailable(NOT_READ)
    return answer.items[:-1]


def queue_state(items: list[dict[str, Any]], at: float) -> tuple[tuple[MemberNow, ...], tuple[WaitingNow, ...]]:
    """Members and waiting callers out of QueueStatus."""
    members = tuple(_member(i) for i in items if i.get("Event") == "QueueMember")
    waiting = tuple(
        WaitingNow(
            queue=_text(i, "Queue"),
            channel_id=_text(i, "Uniqueid"),
            channel=_text(i, "Channel"),
            position=_int(i, "Position"),
            joined_at=at - _int(i, "Wait"),
        )
        for i in items
        if i.get("Event") == "QueueEntry"
    )
    return members, waiting


def _channel(item: dict[str, Any], at: float) -> ChannelNow:
    found = item.get("Variable", [])
    variables = dict(line.partition("=")[::2] for line in ([found] if isinstance(found, str) else found))
    return ChannelNow(
        id=_text(item, "Uniqueid"),
        call_id=_text(item, "Linkedid"),
        name=_text(item, "Channel"),
        state=_int(item, "ChannelState"),
        created_at=at - _int(item, "Seconds"),
        caller_number=_known(item, "CallerIDNum"),
        caller_name=_known(item, "CallerIDName"),
        connected_number=_known(item, "ConnectedLineNum"),
        connected_name=_known(item, "ConnectedLineName"),
        context=_text(item, "Context"),
        exten=_text(item, "Exten"),
        application=_text(item, "Application"),
        data=_text(item, "Data"),
        bridge_id=_text(item, "BridgeID"),
        account=_text(item, "AccountCode"),
        variables={key: value for key, value in variables.items() if value not in ("", "(null)")},
    )


def _bridges(items: list[dict[str, Any]], channels: tuple[ChannelNow, ...]) -> tuple[BridgeNow, ...]:
    inside: dict[str, list[str]] = {}
    for channel in channels:
        if channel.bridge_id:
            inside.setdefault(channel.bridge_id, []).append(channel.id)
    known = {_text(i, "BridgeUniqueid"): i for i in items if i.get("BridgeUniqueid")}
    return tuple(
        BridgeNow(
            id=bridge_id,
            kind=_text(known.get(bridge_id, {}), "BridgeType"),
            technology=_text(known.get(bridge_id, {}), "BridgeTechnology"),
            creator=_text(known.get(bridge_id, {}), "BridgeCreator"),
            channels=tuple(inside.get(bridge_id, ())),
        )
        for bridge_id in dict.fromkeys([*known, *inside])
    )


def _member(item: dict[str, Any]) -> MemberNow:
    last = _int(item, "LastCall")
    return MemberNow(
        queue=_text(item, "Queue"),
        interface=_text(item, "Location"),
        name=_text(item, "Name"),
        state_interface=_text(item, "StateInterface"),
        penalty=_int(item, "Penalty"),
        paused=_text(item, "Paused") == "1",
        reason=_text(item, "PausedReason"),
        status=_int(item, "Status"),
        in_call=_text(item, "InCall") == "1",
        dynamic=_text(item, "Membership") == "dynamic",
        calls_taken=_int(item, "CallsTaken"),
        last_call_at=float(last) if last else None,
    )


def _contact(item: dict[str, Any]) -> ContactNow:
    status = _text(item, "Status")
    return ContactNow(
        endpoint=_text(item, "Endpoint") or _text(item, "ObjectName").partition(";")[0].partition("@")[0],
        uri=_text(item, "Uri"),
        online=status not in ("Unreachable", "Removed"),
        status=status,
        user_agent=_text(item, "UserAgent"),
    )


def _there(device: dict[str, Any]) -> bool:
    found = parse_object(_text(device, "Device").removeprefix("PJSIP/"))
    is_phone = found is not None and found.kind == "agent"
    return is_phone and device.get("State") not in ("UNAVAILABLE", "INVALID", "UNKNOWN")


def _fixed(aor: dict[str, Any]) -> list[dict[str, Any]]:
    """The contacts of an AOR as items of a contact list: ``a12s/sip:a12s@10.0.0.7:5060``."""
    name = _text(aor, "ObjectName")
    return [
        {
            "Event": "ContactList",
            "Endpoint": name,
            "Uri": one.strip().removeprefix(f"{name}/"),
            "Status": "NonQualified",
        }
        for one in _text(aor, "Contacts").split(",")
        if one.strip()
    ]


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key, "")
    return str(value[-1]) if isinstance(value, list) else str(value)


def _known(item: dict[str, Any], key: str) -> str:
    value = _text(item, key)
    return "" if value == "<unknown>" else value


def _int(item: dict[str, Any], key: str) -> int:
    try:
        return int(_text(item, key))
    except ValueError:
        return 0
