"""What an agent does now (AGD-01): his wish, his phones and his calls laid over each other. Pure.

talking and ringing come from his calls; without a phone on line he is offline, whatever he wants; after a queue call he
is in wrap-up until its time is over or he chooses a state himself; else he is what he wants to be.
"""

from __future__ import annotations

from typing import Literal

from callcenter.core.calls import Call, Leg
from callcenter.core.directory import DeviceKind
from callcenter.core.events import AgentState, WantedState
from callcenter.live.figures import Spent

Part = Literal["talking", "ringing"]


class AgentNow:
    """An agent's state. ``parts`` says for each of his calls whether he talks in it or it rings at his phone."""

    __slots__ = (
        "business_id",
        "call_id",
        "counted_from",
        "id",
        "online",
        "parts",
        "reason",
        "since",
        "spent",
        "state",
        "wanted",
        "wrapup_from",
        "wrapup_queue",
        "wrapup_until",
    )

    def __init__(self, agent_id: int, business_id: int, at: float) -> None:
        self.id = agent_id
        self.business_id = business_id
        self.wanted: WantedState = "offline"
        self.reason = ""
        self.online: set[DeviceKind] = set()
        self.parts: dict[str, Part] = {}
        self.state: AgentState = "offline"
        self.since = at
        self.call_id: str | None = None
        self.wrapup_until = 0.0
        self.wrapup_from = 0.0
        self.wrapup_queue: int | None = None
        self.counted_from = at
        self.spent = Spent()

    @property
    def device(self) -> DeviceKind | None:
        """The phone that would ring: the browser first."""
        if "webrtc" in self.online:
            return "webrtc"
        return "sip" if "sip" in self.online else None

    def real(self, at: float) -> tuple[AgentState, str | None]:
        """The state at ``at``, and the call that makes it so."""
        for part in ("talking", "ringing"):
            for call_id in reversed(self.parts):
                if self.parts[call_id] == part:
                    return part, call_id
        if not self.online or self.wanted == "offline":
            return "offline", None
        if at < self.wrapup_until:
            return "wrapup", None
        return self.wanted, None

    def settle(self, at: float) -> bool:
        """Takes over the state at ``at``; whether it changed. Time spent before is counted."""
        state, call_id = self.real(at)
        changed = state != self.state
        if changed:
            self.count(at)
            self.state, self.since = state, max(at, self.since)
        if call_id != self.call_id:
            self.call_id = call_id
            changed = True
        return changed

    def count(self, at: float) -> None:
        """Adds the time since the last count to what was spent."""
        self.spent = self.spent_at(at)
        self.counted_from = max(self.counted_from, at)

    def spent_at(self, at: float) -> Spent:
        """What was spent until ``at``, with the state that still lasts."""
        lasted = max(0.0, at - self.counted_from)
        if self.state == "talking":
            return self.spent + Spent(talking=lasted)
        if self.state == "wrapup":
            return self.spent + Spent(wrapup=lasted)
        if self.state == "ready":
            return self.spent + Spent(ready=lasted)
        return self.spent


def part_of(call: Call, leg: Leg) -> Part | None:
    """What a leg means for its agent: he talks (or dials), his phone rings, or nothing any more."""
    if leg.state == "ended":
        return None
    if leg.answered_at is not None:
        return "talking"
    own = leg.id == call.id and not call.click_to_dial
    return "talking" if own else "ringing"


def parts_of(call: Call) -> dict[int, Part]:
    """What a call means for each agent; two phones of one agent count once."""
    found: dict[int, Part] = {}
    for leg in call.legs:
        if leg.agent_id is None:
            continue
        part = part_of(call, leg)
        if part == "talking" or (part == "ringing" and leg.agent_id not in found):
            found[leg.agent_id] = part
    return found


def talked_in(call: Call, agent_id: int) -> bool:
    """Whether the agent was bridged with somebody in this call."""
    return any(leg.agent_id == agent_id and leg.bridged_at is not None for leg in call.legs)
