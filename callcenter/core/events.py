"""What happens, as plain immutable records. One to many goes over the bus; one to one is a call of a feature's api."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from callcenter.core.calls import Call

AgentState = Literal["offline", "ready", "ringing", "talking", "wrapup", "paused"]
WantedState = Literal["offline", "ready", "paused"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events; ``at`` is epoch seconds."""

    at: float


class CallUpdated(Event, frozen=True, kw_only=True):
    """A call changed. ``what`` names the change with the words of ``Step.kind``; ``call`` is the whole new picture."""

    call: Call
    what: str


class CallEnded(Event, frozen=True, kw_only=True):
    """The last leg is gone; ``call.result`` is set. ``source`` is 'live', or 'journal' when rebuilt from CEL."""

    call: Call
    source: Literal["live", "journal", "resync"] = "live"


class CallLogged(Event, frozen=True, kw_only=True):
    """A call's row in the log was made or changed and is committed; ``ended`` says that the call is over."""

    business_id: int
    call_id: str
    ended: bool


class DeviceChanged(Event, frozen=True, kw_only=True):
    """A phone went on line or off line (registration, or its contact became unreachable)."""

    endpoint: str
    agent_id: int
    online: bool
    user_agent: str = ""


class SpyChanged(Event, frozen=True, kw_only=True):
    """A supervisor's leg that listens to a call: ``up`` = his phone was picked up, ``ended`` = it is gone."""

    spy_id: str
    state: Literal["up", "ended"]


class MemberChanged(Event, frozen=True, kw_only=True):
    """Asterisk's view of a queue member. ``status`` is Asterisk's device state (1 free, 2 in use, 5 unavailable …)."""

    queue_id: int
    agent_id: int
    interface: str
    paused: bool
    removed: bool = False
    status: int = 0
    penalty: int = 0


class LinkChanged(Event, frozen=True, kw_only=True):
    """The connection to Asterisk came up (after a full resync) or went down."""

    up: bool
    reason: str = ""


class CallerAsked(Event, frozen=True, kw_only=True):
    """The dialplan waits a moment (0.6 s) to hear whom ``channel``'s ``caller`` (E.164, '' = hidden) goes to.

    ``own_first``: the client's responsible employee comes first; ``last_days`` > 0: else who talked to him so lately.
    """

    business_id: int
    call_id: str
    channel: str
    number_id: int
    caller: str
    own_first: bool = False
    last_days: int = 0


class AgentWanted(Event, frozen=True, kw_only=True):
    """An agent (or somebody for him) chose a state; reality (rings, talks, wrap-up) is laid over it by ``live``.

    ``reason_id`` is a pause reason of the business's list, ``reason`` its name then, or the key of a built-in reason.
    """

    business_id: int
    agent_id: int
    wanted: WantedState
    reason: str = ""
    reason_id: int | None = None


class SpamMarked(Event, frozen=True, kw_only=True):
    """An outside number (E.164) was marked as spam, or its mark was taken off."""

    business_id: int
    number: str
    spam: bool


class RecordingReady(Event, frozen=True, kw_only=True):
    """A call's audio is joined, converted and can be played."""

    business_id: int
    call_id: str
    recording_id: int


class CallContact(Event, frozen=True, kw_only=True):
    """Who the outside party is: published by the contacts feature once it has looked the number up."""

    business_id: int
    call_id: str
    contact_id: int | None
    name: str
    position: str = ""
    saved: bool = False


class AgentChanged(Event, frozen=True, kw_only=True):
    """Published by ``live`` when an agent's real state changed (state, reason, since = ``at``).

    ``due_at`` (epoch seconds) is when a pause is over its limit or a wrap-up ends; an extended wrap-up is told again.
    """

    business_id: int
    agent_id: int
    state: AgentState
    reason: str = ""
    call_id: str | None = None
    reason_id: int | None = None
    due_at: float | None = None
    extended: bool = False


class PauseOverdue(Event, frozen=True, kw_only=True):
    """Published by ``live`` when an agent's pause went over the limit of its reason, which was at ``limit_at``."""

    business_id: int
    agent_id: int
    limit_at: float
    reason: str = ""
    reason_id: int | None = None


class WrapupExtended(Event, frozen=True, kw_only=True):
    """An agent asks for more time after a call; it counts once in a wrap-up."""

    business_id: int
    agent_id: int


class WrapupGiven(Event, frozen=True, kw_only=True):
    """After call ``call_id`` an agent's wrap-up lasts ``seconds`` (0 = none, infinite = until it is ended), whatever
    his queue or business says. Told again while that wrap-up lasts, it changes the length.
    """

    business_id: int
    agent_id: int
    call_id: str
    seconds: float


class ScreenPop(Event, frozen=True, kw_only=True):
    """The card for the agent whose phone rings: ``card`` is JSON-ready."""

    business_id: int
    agent_id: int
    call_id: str
    card: dict[str, Any]


class CallFailed(Event, frozen=True, kw_only=True):
    """A click-to-dial that did not come about; ``reason``: busy, no_answer, rejected, offline, wrong_number, failed."""

    business_id: int
    agent_id: int
    call_id: str
    reason: str


class MemberNotice(Event, frozen=True, kw_only=True):
    """A short text for one member of a business; ``text`` is a gettext key, ``link`` an address of a page about it."""

    business_id: int
    membership_id: int
    kind: str
    text: str
    values: dict[str, Any] = {}
    link: str = ""


class Alert(Event, frozen=True, kw_only=True):
    """Something people must know (disk full, Asterisk away …). ``key`` identifies it; ``active`` False clears it."""

    key: str
    active: bool
    message: str = ""
    values: dict[str, Any] = {}
    business_id: int | None = None


class ConfigChanged(Event, frozen=True, kw_only=True):
    """Numbers, queues, menus, trunks, agents or devices changed: dialplan and directory are made anew."""

    business_id: int
    what: str


class RoutingDrafted(Event, frozen=True, kw_only=True):
    """Somebody changed how calls are routed; callers hear it after an apply, which ``now`` asks for at once.

    ``what`` is numbers, queues, trunks, menus, hours or own. ConfigChanged with one of these applies what the tables
    say without asking: it is for programs (demo, set-up), not for people.
    """

    business_id: int
    what: str
    now: bool = False
    user_id: int | None = None
