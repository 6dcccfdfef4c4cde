"""What Asterisk knows of the lines to operators right now: signed in or not, reachable or not, how far away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from callcenter.core.directory import parse_object

Registration = Literal["none", "registered", "trying", "refused"]
_REGISTRATIONS: dict[str, Registration] = {
    "Registered": "registered",
    "Rejected": "refused",
    "Stopped": "refused",
    "Unregistered": "trying",
    "Registering": "trying",
}


class TrunkNow(msgspec.Struct, frozen=True, kw_only=True):
    """A trunk: ``reachable`` is None where nobody asks it; ``latency`` (ms) is of its last answer."""

    registration: Registration = "none"
    reachable: bool | None = None
    latency: float | None = None


def trunk_states(
    registrations: Iterable[Mapping[str, Any]], endpoints: Iterable[Mapping[str, Any]]
) -> dict[int, TrunkNow]:
    """States by trunk from the items of PJSIPShowRegistrationsOutbound and PJSIPShowEndpoint. Pure."""
    found: dict[int, TrunkNow] = {}
    for item in endpoints:
        trunk_id = _trunk(str(item.get("ObjectName") if item.get("Event") == "EndpointDetail" else item.get("AOR", "")))
        if trunk_id is None:
            continue
        if item.get("Event") == "EndpointDetail":
            found.setdefault(trunk_id, TrunkNow())
        elif item.get("Event") == "ContactStatusDetail":
            reachable = {"Reachable": True, "Unreachable": False}.get(str(item.get("Status", "")))
            found[trunk_id] = TrunkNow(
                reachable=reachable, latency=_latency(item.get("RoundtripUsec")) if reachable else None
            )
    for item in registrations:
        trunk_id = _trunk(str(item.get("ObjectName", "")))
        if item.get("Event") == "OutboundRegistrationDetail" and trunk_id is not None and trunk_id in found:
            registration = _REGISTRATIONS.get(str(item.get("Status", "")), "trying")
            found[trunk_id] = msgspec.structs.replace(found[trunk_id], registration=registration)
    return found


def _trunk(name: str) -> int | None:
    found = parse_object(name)
    return found.id if found is not None and found.kind == "trunk" else None


def _latency(usec: Any) -> float | None:
    text = str(usec or "")
    return round(int(text) / 1000, 1) if text.isdecimal() and int(text) > 0 else None
