"""Who and what the installation knows, as plain data for the telephony and live sides, which never ask the database.

Asterisk's object names carry the ids: endpoint ``a12w`` (browser) and ``a12s`` (SIP phone) of agent 12, trunk ``t3``,
queue ``q7``. ``parse_object`` turns them back. Names are never purely numeric, because caller IDs would match them.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import msgspec

DeviceKind = Literal["webrtc", "sip"]
_OBJECT = re.compile(r"^(?:(a)(\d+)([ws])|([tq])(\d+))$")


class AgentRef(msgspec.Struct, frozen=True, kw_only=True):
    """An agent: ``devices`` lists the kinds of phone he has.

    ``auto_dialed``: calls that the dialer or a program brings to his phone are answered by themselves (AGD-16).
    """

    id: int
    business_id: int
    name: str
    short_number: str
    devices: tuple[DeviceKind, ...] = ("webrtc", "sip")
    auto_dialed: bool = False


class QueueRef(msgspec.Struct, frozen=True, kw_only=True):
    """A queue with the settings that the live figures need (seconds)."""

    id: int
    business_id: int
    name: str
    members: tuple[int, ...] = ()
    answer_target: int = 20
    short_abandon: int = 5
    wrapup_seconds: int = 10


class NumberRef(msgspec.Struct, frozen=True, kw_only=True):
    """A number; ``title`` is the line's name."""

    id: int
    business_id: int
    e164: str
    title: str = ""
    kind: str = "multichannel"
    agent_id: int | None = None


class BusinessRef(msgspec.Struct, frozen=True, kw_only=True):
    """A business: its day begins at midnight of ``timezone`` (an IANA name).

    ``service_level`` names the formula of its service level (live.figures.SERVICE_LEVELS). ``wrapup_out`` is the
    wrap-up after a call that the agent dialled (seconds, 0 = none); after ``unanswered`` rings in a row he is paused
    (0 = never).
    """

    id: int
    name: str = ""
    timezone: str = "Europe/Moscow"
    service_level: str = "standard"
    wrapup_out: int = 0
    unanswered: int = 3


class PauseReasonRef(msgspec.Struct, frozen=True, kw_only=True):
    """A reason to pause; ``limit`` is in seconds, None = as long as one likes. Retired ones are there, too."""

    id: int
    business_id: int
    name: str
    limit: int | None = None


class TrunkRef(msgspec.Struct, frozen=True, kw_only=True):
    """A trunk and whose it is."""

    id: int
    business_id: int
    name: str = ""


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything by id; replaced as a whole when the configuration changes."""

    agents: dict[int, AgentRef] = {}
    queues: dict[int, QueueRef] = {}
    numbers: dict[int, NumberRef] = {}
    trunks: dict[int, TrunkRef] = {}
    businesses: dict[int, BusinessRef] = {}
    pause_reasons: dict[int, PauseReasonRef] = {}

    def answers_a_number(self, agent_id: int) -> bool:
        """Whether calls to some number can come to the agent: to his own, or to a queue that he is in."""
        return any(one.agent_id == agent_id for one in self.numbers.values()) or any(
            agent_id in queue.members for queue in self.queues.values()
        )

    def number_of(self, business_id: int, e164: str) -> NumberRef | None:
        """The business's number ``e164``."""
        for number in self.numbers.values():
            if number.e164 == e164 and number.business_id == business_id:
                return number
        return None

    def agent_by_short(self, business_id: int, short_number: str) -> AgentRef | None:
        """The business's agent with this short number."""
        for agent in self.agents.values():
            if agent.short_number == short_number and agent.business_id == business_id:
                return agent
        return None


class ObjectName(NamedTuple):
    """What an Asterisk object name means: ``kind`` agent, trunk or queue."""

    kind: Literal["agent", "trunk", "queue"]
    id: int
    device: DeviceKind | None = None


def endpoint_name(agent_id: int, device: DeviceKind) -> str:
    """The PJSIP endpoint (and login) of an agent's phone."""
    return f"a{agent_id}{'w' if device == 'webrtc' else 's'}"


def trunk_name(trunk_id: int) -> str:
    """The PJSIP endpoint of a trunk."""
    return f"t{trunk_id}"


def queue_name(queue_id: int) -> str:
    """The queue's name in Asterisk."""
    return f"q{queue_id}"


def parse_object(name: str) -> ObjectName | None:
    """``a12w`` → agent 12's browser, ``t3`` → trunk 3, ``q7`` → queue 7; anything else → None."""
    found = _OBJECT.match(name)
    if not found:
        return None
    if found[1]:
        return ObjectName("agent", int(found[2]), "webrtc" if found[3] == "w" else "sip")
    return ObjectName("trunk" if found[4] == "t" else "queue", int(found[5]))
