"""From AMI's words to ours: which events are looked at, and what each of them says. Pure.

``translate`` turns the fields of one AMI event into a ``Fact``, or None when it says nothing about our calls. All that
knows AMI's field names stands here; the tracker sees only facts. An event's time is its ``Timestamp`` field
(``timestampevents=yes`` in manager.conf), 0.0 when it has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from callcenter.core.directory import parse_object
from callcenter.telephony import facts as f
from callcenter.telephony.spies import is_spy

Fields = dict[str, str]

_QUOTED = re.compile(r'\\(["\\])')
# In the name of a Local channel: its first half is an agent's leg, see telephony.nailing.
_STANDS = "@nailed-"
_NO_PARTY = ("<unknown>", "<null>", "")
_ONLINE = frozenset({"Reachable", "NonQualified", "Created", "Updated", "Unknown"})
_STATES = {str(number): number for number in range(10)}
# Names that are no telephones: halves of Local channels are wires, the others are Asterisk's own helpers.
_HELPERS = frozenset(
    {
        "AsyncGoto",
        "Announcer",
        "Bridge",
        "CBAnn",
        "CBRec",
        "ConfBridge",
        "Message",
        "MulticastRTP",
        "Parked",
        "Recorder",
        "Snoop",
        "Surrogate",
        "UnicastRTP",
    }
)


def translate(fields: Fields) -> f.Fact | None:
    """What one AMI event says; None when it says nothing of ours. Never raises on strange or missing values."""
    reader = _READERS.get(fields.get("Event", ""))
    return reader(fields) if reader else None


def endpoint_of(channel: str) -> str:
    """``PJSIP/a12w-0000001f`` and ``Local/a12w@nailed-1-0000001f;1`` → ``a12w``; '' when the name has another form."""
    slash = channel.find("/")
    dash = channel.find(_STANDS) if channel.startswith("Local/") else channel.rfind("-")
    return channel[slash + 1 : dash] if 0 < slash < dash else ""


def is_wire(channel: str) -> bool:
    """Whether a channel is half of a wire between two others: a Local channel that stands for nobody."""
    return channel.startswith("Local/") and _STANDS not in channel


def is_nobody(channel: str) -> bool:
    """Whether a channel is the half of a Local channel that an agent's standing leg (`telephony.nailing`) hears."""
    return channel.endswith(";2") and channel.startswith("Local/") and _STANDS in channel


def is_phone(channel: str) -> bool:
    """Whether a channel may have a telephone at its end, or (Local) leads to one."""
    technology, slash, _ = channel.partition("/")
    return bool(slash) and technology not in _HELPERS and not is_nobody(channel)


def _at(fields: Fields) -> float:
    try:
        value = float(fields.get("Timestamp", 0.0))
    except ValueError:
        return 0.0
    return value if 0.0 <= value < 1e11 else 0.0


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def party(text: str) -> str:
    """A caller ID's part, '' where Asterisk says that it knows none.

    Quotes in a name come with backslashes: one from SIP, which Asterisk keeps (so CEL has it), one more in AMI.
    """
    if "\\" in text:
        text = _QUOTED.sub(r"\1", _QUOTED.sub(r"\1", text))
    return "" if text in _NO_PARTY else text


def channel(fields: Fields, prefix: str = "") -> f.Channel | None:
    """The channel that an event's ``<prefix>Channel`` fields describe, or None for helpers, spies and broken events."""
    get = fields.get
    name = get(prefix + "Channel", "")
    unique = get(prefix + "Uniqueid", "")
    if not unique or is_spy(unique) or "<" in name or not (name.startswith("PJSIP/") or is_phone(name)):
        return None
    return f.Channel(unique, name, get(prefix + "Linkedid") or unique, _STATES.get(get(prefix + "ChannelState", ""), 0))


def _seen(fields: Fields) -> f.Fact | None:
    found = channel(fields)
    if found is None:
        return None
    get = fields.get
    return f.ChannelSeen(
        _at(fields),
        found,
        fields["Event"] == "Newchannel",
        party(get("CallerIDNum", "")),
        party(get("CallerIDName", "")),
        get("Context", ""),
        get("Exten", ""),
    )


def _variable(fields: Fields) -> f.Fact | None:
    name = fields.get("Variable", "").lstrip("_")
    if not name.startswith("CC_"):
        return None
    found = channel(fields)
    return f.VariableSet(_at(fields), found, name, fields.get("Value", "")) if found else None


def _step(fields: Fields) -> f.Fact | None:
    told, found = fields.get("UserEvent"), channel(fields)
    if found and told == "CcAsk":
        get = fields.get
        number_id, days = _whole(get("Number", "")), _whole(get("Days", ""))
        return f.CallerAsked(_at(fields), found, number_id, get("Caller", ""), get("Own") == "1", days)
    if told != "CcStep":
        return None
    kind = fields.get("Kind", "")
    return f.StepTold(_at(fields), found, kind, fields.get("Text", "")) if found and kind else None


def _dial_begin(fields: Fields) -> f.Fact | None:
    dest = channel(fields, "Dest")
    return f.DialBegun(_at(fields), channel(fields), dest, fields.get("DialString", "")) if dest else None


def _dial_end(fields: Fields) -> f.Fact | None:
    dest = channel(fields, "Dest")
    return f.DialEnded(_at(fields), dest, fields.get("DialStatus", "")) if dest else None


def _bridge_enter(fields: Fields) -> f.Fact | None:
    found, bridge = channel(fields), fields.get("BridgeUniqueid", "")
    if not found or not bridge:
        return None
    return f.BridgeEntered(_at(fields), found, bridge, fields.get("BridgeTechnology") == "holding_bridge")


def _bridge_leave(fields: Fields) -> f.Fact | None:
    found, bridge = channel(fields), fields.get("BridgeUniqueid", "")
    return f.BridgeLeft(_at(fields), found, bridge) if found and bridge else None


def _bridge_merge(fields: Fields) -> f.Fact | None:
    into, gone = fields.get("ToBridgeUniqueid", ""), fields.get("FromBridgeUniqueid", "")
    return f.BridgeMerged(_at(fields), into, gone) if into and gone else None


def _locals(fields: Fields) -> f.Fact | None:
    one, two = fields.get("LocalOneUniqueid", ""), fields.get("LocalTwoUniqueid", "")
    wire = one and two and is_wire(fields.get("LocalOneChannel", "Local/"))
    return f.WireLaid(_at(fields), one, two) if wire else None


def _hold(fields: Fields) -> f.Fact | None:
    found = channel(fields)
    return f.HoldChanged(_at(fields), found, fields["Event"] == "Hold") if found else None


def _blind(fields: Fields) -> f.Fact | None:
    who = channel(fields, "Transferer")
    if not who or fields.get("Result") != "Success":
        return None
    return f.SentOn(_at(fields), who, channel(fields, "Transferee"), fields.get("Extension", ""))


def _attended(fields: Fields) -> f.Fact | None:
    who = channel(fields, "OrigTransferer")
    if not who or fields.get("Result") != "Success":
        return None
    return f.Joined(
        _at(fields),
        who,
        channel(fields, "SecondTransferer"),
        channel(fields, "Transferee"),
        channel(fields, "TransferTarget"),
        party(fields.get("SecondTransfererConnectedLineNum", "")),
    )


@lru_cache(maxsize=4096)
def queue_of(name: str) -> int | None:
    """The queue's database id by its name in Asterisk; None when it is not ours."""
    found = parse_object(name)
    return found.id if found and found.kind == "queue" else None


def _queue_join(fields: Fields) -> f.Fact | None:
    found, queue_id = channel(fields), queue_of(fields.get("Queue", ""))
    return f.QueueJoined(_at(fields), found, queue_id) if found and queue_id else None


def _queue_leave(fields: Fields) -> f.Fact | None:
    found, queue_id = channel(fields), queue_of(fields.get("Queue", ""))
    if not found or not queue_id:
        return None
    return f.QueueLeft(_at(fields), found, queue_id, fields["Event"] == "QueueCallerAbandon")


def member(
    at: float, queue: str, interface: str, *, paused: bool, status: int, removed: bool, penalty: int = 0
) -> f.MemberSeen | None:
    """A queue member by Asterisk's names; None when queue or phone is not ours."""
    queue_id = queue_of(queue)
    found = parse_object(interface.rpartition("/")[2])
    if not queue_id or not found or found.kind != "agent":
        return None
    return f.MemberSeen(at, queue_id, found.id, interface, paused, removed, status, penalty)


def _member(fields: Fields) -> f.Fact | None:
    return member(
        _at(fields),
        fields.get("Queue", ""),
        fields.get("Interface", ""),
        paused=fields.get("Paused") == "1",
        status=_whole(fields.get("Status", "")),
        removed=fields["Event"] == "QueueMemberRemoved",
        penalty=_whole(fields.get("Penalty", "")),
    )


def contact(at: float, endpoint: str, uri: str, online: bool, user_agent: str = "") -> f.ContactSeen | None:
    """A contact of an agent's phone; None for trunks and strangers."""
    found = parse_object(endpoint)
    if not found or found.kind != "agent":
        return None
    return f.ContactSeen(at, found.id, endpoint, uri, online, user_agent)


def _contact(fields: Fields) -> f.Fact | None:
    endpoint = fields.get("EndpointName", "") or fields.get("AOR", "")
    return contact(_at(fields), endpoint, fields.get("URI", ""), fields.get("ContactStatus", "") in _ONLINE)


def _asked(fields: Fields) -> f.Fact | None:
    found = channel(fields)
    return f.HangupAsked(_at(fields), found) if found else None


def _hangup(fields: Fields) -> f.Fact | None:
    # No look at the name: a masqueraded channel may end under another one than it began with.
    unique = fields.get("Uniqueid", "")
    if not unique or is_spy(unique):
        return None
    return f.HungUp(_at(fields), unique, _whole(fields.get("Cause", "")))


_READERS: dict[str, Callable[[Fields], f.Fact | None]] = {
    "Newchannel": _seen,
    "Newstate": _seen,
    "VarSet": _variable,
    "UserEvent": _step,
    "DialBegin": _dial_begin,
    "DialEnd": _dial_end,
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "BridgeMerge": _bridge_merge,
    "LocalBridge": _locals,
    "Hold": _hold,
    "Unhold": _hold,
    "BlindTransfer": _blind,
    "AttendedTransfer": _attended,
    "QueueCallerJoin": _queue_join,
    "QueueCallerLeave": _queue_leave,
    "QueueCallerAbandon": _queue_leave,
    "QueueMemberAdded": _member,
    "QueueMemberRemoved": _member,
    "QueueMemberPause": _member,
    "QueueMemberPenalty": _member,
    "QueueMemberStatus": _member,
    "ContactStatus": _contact,
    "HangupRequest": _asked,
    "Hangup": _hangup,
}

WANTED: frozenset[str] = frozenset(_READERS)
"""Names of the AMI events that mean something here; all others need not be parsed."""
