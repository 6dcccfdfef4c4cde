"""Which AMI events the product looks at. Pure."""

from __future__ import annotations

WANTED: frozenset[str] = frozenset(
    {
        "Newchannel",
        "Newstate",
        "Rename",
        "VarSet",
        "UserEvent",
        "DialBegin",
        "DialEnd",
        "BridgeEnter",
        "BridgeLeave",
        "BridgeMerge",
        "BridgeDestroy",
        "LocalBridge",
        "Hold",
        "Unhold",
        "BlindTransfer",
        "AttendedTransfer",
        "QueueCallerJoin",
        "QueueCallerLeave",
        "QueueCallerAbandon",
        "QueueMemberAdded",
        "QueueMemberRemoved",
        "QueueMemberPause",
        "QueueMemberStatus",
        "ContactStatus",
        "HangupRequest",
        "SoftHangupRequest",
        "Hangup",
    }
)
"""Names of the AMI events that the tracker understands; all others need not be parsed."""


def wants(name: str, frame: bytes) -> bool:
    """Whether an AMI event is worth parsing: by its name, and for VarSet and UserEvent also by what it carries.

    ``frame`` is the raw message. Only our own variables (``CC_...``) count, which spares four VarSets of five.
    """
    if name == "VarSet":
        return b"\r\nVariable: CC_" in frame or b"\r\nVariable: __CC_" in frame
    return name in WANTED
