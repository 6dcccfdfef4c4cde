"""Which agent stands in which queue of Asterisk: wanted against what is there; and the limits of settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from callcenter.core.directory import DeviceKind, endpoint_name
from callcenter.core.routing import Asked

STRATEGIES: dict[str, str] = {
    "longest_idle": "leastrecent",
    "ring_all": "ringall",
    "in_turn": "rrmemory",
    "random": "random",
    "in_order": "linear",
}
"""Our strategies and Asterisk's names for them. A strategy is a setting of the queue, not of a call."""

LIMITS: dict[str, tuple[int, int]] = {
    "answer_target": (1, 600),
    "short_abandon": (0, 60),
    "ring_seconds": (5, 120),
    "wrapup_seconds": (0, 3600),
    "max_wait": (0, 7200),
    "max_callers": (0, 1000),
    "announce_seconds": (0, 600),
}
"""Smallest and largest value of each setting: seconds, and callers."""

OVERFLOWS = ("queue", "external", "voicemail", "agent", "hangup")
"""Where callers may go who do not wait any longer (core.routing.Goal)."""

LOST_PHONE_GRACE = 6.0
"""Seconds that a member stays after his phone went off line.

A page that is loaded anew is back within two. Asterisk skips a phone that is not there by itself; taking the
member out at once would make Asterisk forget when he last talked, and «longest idle» would then ring him
first.
"""


class Wish(NamedTuple):
    """What an agent wants and which of his phones are on line.

    ``resting`` = he is ready, but queues leave him alone for a while: the wrap-up after a call.

    ``queues`` maps the queues he serves to his penalty there. ``lost_at`` is when each phone that is now off
    line left (epoch seconds; a phone that never was on line is missing).
    """

    agent_id: int
    wanted: Literal["offline", "ready", "paused"]
    online: frozenset[DeviceKind]
    queues: Mapping[int, int]
    reason: str = ""
    lost_at: Mapping[DeviceKind, float] = {}
    resting: bool = False

    @property
    def paused(self) -> bool:
        """Whether Asterisk shall not ring him."""
        return self.wanted == "paused" or self.resting


class Member(NamedTuple):
    """A member that Asterisk has: ``interface`` is ``PJSIP/a12w``."""

    queue_id: int
    agent_id: int
    interface: str
    paused: bool
    penalty: int = 0


class Command(NamedTuple):
    """One step for Asterisk. ``kind`` add (with ``paused``), remove, pause, unpause or rank (another ``penalty``)."""

    kind: Literal["add", "remove", "pause", "unpause", "rank"]
    queue_id: int
    agent_id: int
    interface: str
    paused: bool = False
    penalty: int = 0
    reason: str = ""


class Plan(NamedTuple):
    """The steps in the order to take, and when to look again because a grace ends (epoch seconds, None =
    no need).
    """

    commands: tuple[Command, ...]
    again_at: float | None


def serving(serves: Mapping[int, int], agent_id: int, away: Collection[tuple[int, int]]) -> dict[int, int]:
    """The queues (with penalties) that an agent serves now: without those in ``away``, pairs of queue and agent."""
    return {queue_id: penalty for queue_id, penalty in serves.items() if (queue_id, agent_id) not in away}


def ranked(serves: Mapping[int, int], asks: Mapping[int, Asked], levels: Mapping[int, int]) -> dict[int, int]:
    """The queues that an agent serves, with his penalty there.

    Where the queue asks for a skill it is the tier of his level (``levels`` by skill), so that who is not able enough
    is rung only for callers who have waited for so long.
    """
    return {
        queue_id: asks[queue_id].tier(levels.get(asks[queue_id].skill_id, 0)) if queue_id in asks else penalty
        for queue_id, penalty in serves.items()
    }


def device_to_ring(online: Iterable[DeviceKind]) -> DeviceKind | None:
    """The phone that rings: the browser when it is on line, else the SIP phone."""
    kinds = set(online)
    if "webrtc" in kinds:
        return "webrtc"
    return "sip" if "sip" in kinds else None


def interface(agent_id: int, kind: DeviceKind) -> str:
    """The member's interface in Asterisk."""
    return f"PJSIP/{endpoint_name(agent_id, kind)}"


def plan(
    wishes: Mapping[int, Wish], present: Iterable[Member], now: float, orders: Mapping[int, Sequence[int]] | None = None
) -> Plan:
    """The commands that bring Asterisk's members to what is wanted; empty when all is as it should be.

    A member of another phone than the one to ring is replaced: the new one is added before the old one goes,
    so that the queue is never without the agent. Members of agents who want to be off line, have no phone on
    line (after ``LOST_PHONE_GRACE``), left the queue or no longer exist are removed.

    ``orders`` names the queues that ring in a fixed order, with their agents in it: Asterisk rings such members as they
    were added, which is the order of ``present``, so those who stand too early are added anew behind the others.
    ``wishes`` must then hold all agents of these queues.
    """
    commands: list[Command] = []
    present = list(present)
    again: list[float] = []
    there: dict[int, dict[int, dict[str, Member]]] = {}
    for member in present:
        there.setdefault(member.agent_id, {}).setdefault(member.queue_id, {})[member.interface] = member
    for agent_id in sorted({*wishes, *there}):
        wish = wishes.get(agent_id)
        mine = there.get(agent_id, {})
        queues = wish.queues if wish else {}
        for queue_id in sorted({*queues, *mine}):
            members = mine.get(queue_id, {})
            kind, until = _place(wish, queue_id, members, now) if wish else (None, None)
            if until is not None:
                again.append(until)
            commands += _steps(wish, agent_id, queue_id, kind, members)
    for queue_id, order in (orders or {}).items():
        commands = _put_in_order(queue_id, order, wishes, [m for m in present if m.queue_id == queue_id], commands)
    return Plan(tuple(commands), min(again) if again else None)


def _put_in_order(
    queue_id: int,
    order: Sequence[int],
    wishes: Mapping[int, Wish],
    present: Sequence[Member],
    commands: list[Command],
) -> list[Command]:
    """``commands`` with what it takes so that the members stand in ``order``, with as few as possible moved."""
    place = {agent_id: n for n, agent_id in enumerate(order)}
    mine = [one for one in commands if one.queue_id == queue_id]
    removed = {one.interface for one in mine if one.kind == "remove"}
    standing = [(m.agent_id, m.interface) for m in present if m.interface not in removed]
    after = standing + [(one.agent_id, one.interface) for one in mine if one.kind == "add"]
    ranks = [place.get(agent_id, len(place)) for agent_id, _ in after]
    if ranks == sorted(ranks):
        return commands
    # Whoever stands before somebody of a lower place, and all of higher places than the first of them, go to the end.
    first = min(rank for n, rank in enumerate(ranks) if any(later < rank for later in ranks[n + 1 :]))
    moved = sorted((rank, who) for rank, who in zip(ranks, after, strict=True) if rank >= first)
    names = {name for _, (_, name) in moved}
    kept = [one for one in commands if one.queue_id != queue_id or one.interface not in names]
    for _, (agent_id, name) in moved:
        wish = wishes.get(agent_id)
        if wish is None or queue_id not in wish.queues:
            continue
        if (agent_id, name) in standing:
            kept.append(Command("remove", queue_id, agent_id, name))
        kept.append(Command("add", queue_id, agent_id, name, wish.paused, wish.queues[queue_id], wish.reason))
    return kept


def _place(
    wish: Wish, queue_id: int, members: Mapping[str, Member], now: float
) -> tuple[DeviceKind | None, float | None]:
    """The phone that should stand in the queue (None = none), and when that ends because a phone left."""
    if wish.wanted == "offline" or queue_id not in wish.queues:
        return None, None
    ring = device_to_ring(wish.online)
    preferred: tuple[DeviceKind, ...] = ("webrtc",) if ring == "sip" else ("webrtc", "sip")
    if ring != "webrtc":
        for kind in preferred:
            left = wish.lost_at.get(kind)
            if left is not None and now < left + LOST_PHONE_GRACE and interface(wish.agent_id, kind) in members:
                return kind, left + LOST_PHONE_GRACE
    return ring, None


def _steps(
    wish: Wish | None, agent_id: int, queue_id: int, kind: DeviceKind | None, members: Mapping[str, Member]
) -> list[Command]:
    steps: list[Command] = []
    right = interface(agent_id, kind) if kind else None
    if wish and right:
        paused = wish.paused
        found = members.get(right)
        if found is None:
            steps.append(Command("add", queue_id, agent_id, right, paused, wish.queues[queue_id], wish.reason))
        else:
            penalty = wish.queues[queue_id]
            if found.penalty != penalty:
                steps.append(Command("rank", queue_id, agent_id, right, paused, penalty, wish.reason))
            elif found.paused != paused:
                what: Literal["pause", "unpause"] = "pause" if paused else "unpause"
                steps.append(Command(what, queue_id, agent_id, right, paused, penalty, wish.reason))
    steps += [Command("remove", queue_id, agent_id, name) for name in sorted(members) if name != right]
    return steps
