"""What an agent does now (AGD-01): his wish, his phones and his calls laid over each other. Pure.

talking and ringing come from his calls; without a phone on line he is offline, whatever he wants; after a call he is in
wrap-up until its time is over or he chooses a state himself; else he is what he wants to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Literal, NamedTuple

from callcenter.core.calls import Call, Leg
from callcenter.core.directory import DeviceKind, Directory
from callcenter.core.events import AgentChanged, AgentState, AgentWanted, WantedState
from callcenter.live.figures import Spent
from callcenter.live.views import AgentStatus

Part = Literal["talking", "ringing"]

SHORTEST_EXTENSION = 30.0
"""Seconds that a wrap-up gets at least when the agent lengthens it."""

STATUSES: Mapping[AgentState, AgentStatus] = {
    "ready": "available",
    "ringing": "talking",
    "talking": "talking",
    # His work on the call goes on; what he cannot have chosen himself is no «do not disturb».
    "wrapup": "talking",
    "paused": "do_not_disturb",
    "offline": "disconnected",
}
"""The states in the four words that colleagues see (TEL-53)."""


class OpenStretch(NamedTuple):
    """A stretch of time in one state that went on when the server stopped; moments are epoch seconds."""

    agent_id: int
    state: AgentState
    since: float
    reason: str = ""
    reason_id: int | None = None
    due_at: float | None = None
    extended: bool = False


class AgentNow:
    """An agent's state. ``parts`` says for each of his calls whether he talks in it or it rings at his phone."""

    __slots__ = (
        "business_id",
        "call_id",
        "counted_from",
        "extended",
        "id",
        "kept",
        "limit_at",
        "online",
        "overdue",
        "parts",
        "reason",
        "reason_id",
        "since",
        "spent",
        "state",
        "wanted",
        "wanted_at",
        "wrapup_call",
        "wrapup_length",
        "wrapup_queue",
        "wrapup_until",
    )

    def __init__(self, agent_id: int, business_id: int, at: float) -> None:
        self.id = agent_id
        self.business_id = business_id
        self.wanted: WantedState = "offline"
        self.wanted_at = at
        self.reason = ""
        self.reason_id: int | None = None
        # When the pause goes over its limit, and whether that was told.
        self.limit_at: float | None = None
        self.overdue = False
        self.online: set[DeviceKind] = set()
        self.parts: dict[str, Part] = {}
        self.state: AgentState = "offline"
        self.since = at
        self.call_id: str | None = None
        self.wrapup_until = 0.0
        self.wrapup_length = 0.0
        self.wrapup_queue: int | None = None
        self.wrapup_call = ""
        self.extended = False
        self.counted_from = at
        self.spent = Spent()
        # What went on when the server stopped; true until the first look at Asterisk says otherwise.
        self.kept: OpenStretch | None = None

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
        state, spent, lasted = self.state, self.spent, max(0.0, at - self.counted_from)
        if state not in ("talking", "wrapup", "ready"):
            return spent
        return Spent(
            talking=spent.talking + lasted if state == "talking" else spent.talking,
            wrapup=spent.wrapup + lasted if state == "wrapup" else spent.wrapup,
            ready=spent.ready + lasted if state == "ready" else spent.ready,
        )

    def choose(self, event: AgentWanted) -> bool:
        """Takes over a choice, which ends a wrap-up; whether it is another one than before."""
        before = (self.wanted, self.reason, self.reason_id)
        self.wanted, self.reason, self.reason_id = event.wanted, event.reason, event.reason_id
        self.wrapup_until = 0.0
        if before == (self.wanted, self.reason, self.reason_id):
            return False
        self.wanted_at = event.at
        self.overdue = False
        return True

    @property
    def wrapup_ends(self) -> float | None:
        """When the wrap-up is over by itself; None when somebody has to end it."""
        return self.wrapup_until if isfinite(self.wrapup_until) else None

    def set_limit(self, directory: Directory) -> None:
        """Works out when the pause goes over its limit: from the choice on, however often a call came between."""
        reason = directory.pause_reasons.get(self.reason_id or 0) if self.wanted == "paused" else None
        limit_at = self.wanted_at + reason.limit if reason is not None and reason.limit is not None else None
        if limit_at != self.limit_at:
            self.limit_at, self.overdue = limit_at, False

    def begin_wrapup(self, at: float, seconds: float, queue_id: int | None, call_id: str = "") -> None:
        """A call that he talked in is over."""
        self.wrapup_until, self.wrapup_length = at + seconds, seconds
        self.wrapup_queue, self.wrapup_call, self.extended = queue_id, call_id, False

    def extend(self, at: float) -> bool:
        """Lengthens the wrap-up by as much again, once; whether it did."""
        if self.state != "wrapup" or self.extended or at >= self.wrapup_until or self.wrapup_ends is None:
            return False
        self.wrapup_until += max(self.wrapup_length, SHORTEST_EXTENSION)
        self.extended = True
        return True

    def keep(self, stretch: OpenStretch, at: float) -> None:
        """Goes on where the server stopped; the wish was told before."""
        self.kept = stretch
        if stretch.state == "wrapup" and stretch.due_at is not None and at < stretch.due_at and self.wanted == "ready":
            self.begin_wrapup(stretch.since, stretch.due_at - stretch.since, None)
            self.extended = stretch.extended

    def goes_on(self) -> bool:
        """Asterisk is known again: whether his state is the one that went on, which then began when it began."""
        kept, self.kept = self.kept, None
        if kept is None or kept.state != self.state or kept.since >= self.since:
            return False
        if kept.state == "paused" and (kept.reason, kept.reason_id) != (self.reason, self.reason_id):
            return False
        self.since = kept.since
        return True

    def changed(self, at: float) -> AgentChanged:
        """The news of his state."""
        paused = self.state == "paused"
        return AgentChanged(
            at=at,
            business_id=self.business_id,
            agent_id=self.id,
            state=self.state,
            reason=self.reason if paused else "",
            reason_id=self.reason_id if paused else None,
            call_id=self.call_id,
            due_at=self.limit_at if paused else self.wrapup_ends if self.state == "wrapup" else None,
            extended=self.extended and self.state == "wrapup",
        )


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


def dialled_by(call: Call, agent_id: int) -> bool:
    """Whether the agent made this call out."""
    own = any(leg.id == call.id and leg.agent_id == agent_id for leg in call.legs)
    return call.direction == "out" and (own or call.agents[:1] == (agent_id,))


def wrapup_of(call: Call, agent_id: int, directory: Directory) -> tuple[int, int | None]:
    """The wrap-up after a call in seconds (0 = none), and the queue that it counts in."""
    if call.direction == "in":
        queue = directory.queues.get(call.queue_id or 0)
        return (queue.wrapup_seconds, queue.id) if queue is not None else (0, None)
    business = directory.businesses.get(call.business_id)
    return (business.wrapup_out if business and dialled_by(call, agent_id) else 0), None
