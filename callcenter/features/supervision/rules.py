"""What a supervisor may do with a call, and where a spy must go when the call changes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from callcenter.core.calls import Call, Leg

MODES = ("listen", "whisper", "barge")
E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
GRACE = 1.0
"""Seconds in which another leg of the agent may take the place of the one that ended (a page that was reloaded)."""


class Place(NamedTuple):
    """Where an agent talks: his call and his leg in it."""

    call: Call
    leg: Leg


def talking_leg(call: Call, agent_id: int) -> Leg | None:
    """The agent's leg in a call: picked up and not ended; the newest when one takes another's place."""
    legs = [leg for leg in call.legs if leg.agent_id == agent_id and leg.ended_at is None and leg.answered_at]
    return legs[-1] if legs else None


def place_of(calls: Iterable[Call], agent_id: int, leg_id: str = "") -> Place | None:
    """Where an agent talks now; the leg ``leg_id`` first while it lives."""
    found: Place | None = None
    for call in calls:
        for leg in call.legs:
            if leg.id == leg_id and leg.agent_id == agent_id and leg.ended_at is None:
                return Place(call, leg)
        leg_now = talking_leg(call, agent_id)
        if leg_now is not None and (found is None or leg_now.started_at >= found.leg.started_at):
            found = Place(call, leg_now)
    return found


def client_leg(call: Call) -> Leg | None:
    """The outside party's living leg."""
    return next((leg for leg in call.legs if leg.role == "client" and leg.ended_at is None), None)


def priority(calls: Iterable[Call]) -> int:
    """A queue priority above those of all calls: the last one who is moved to the front is first."""
    return max((call.priority for call in calls), default=0) + 1
