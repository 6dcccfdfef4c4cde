"""The JSON that pages and API users get: the same shapes in lists, in the live snapshot and in the stream.

Moments are ISO 8601 in UTC with ``Z``; durations are seconds. Fields may be added; none is renamed or removed.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from callcenter.core.calls import CallState, Direction, Result
from callcenter.core.events import AgentState

AgentStatus = Literal["available", "talking", "do_not_disturb", "disconnected"]


class NumberBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the business: ``title`` is the line's name, ``kind`` multichannel or personal."""

    id: int
    e164: str
    title: str
    kind: str = "multichannel"


class QueueBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A queue."""

    id: int
    name: str


class AgentBrief(msgspec.Struct, frozen=True, kw_only=True):
    """An agent; ``talked`` False = was only rung."""

    id: int
    name: str
    talked: bool = True


class ContactBrief(msgspec.Struct, frozen=True, kw_only=True):
    """The outside party; ``saved`` True = a client, False = only a number with its history."""

    id: int | None
    name: str
    position: str = ""
    saved: bool = False


class RecordingBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A call's recording; ``url`` plays it (Range is understood), ``state`` is waiting, ready or failed.

    ``message`` = the caller left it when nobody took the call.
    """

    id: int
    state: str
    duration: float
    url: str
    message: bool = False


class OutcomeBrief(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent says that his talk ended: the outcome he chose, its ``kind`` (what follows of it), his comment."""

    title: str
    kind: str
    comment: str
    agent: AgentBrief | None = None
    tone: str = "pause"


class PartyView(msgspec.Struct, frozen=True, kw_only=True):
    """One who takes part in a talk of a special form. ``state`` is talking, ringing or aside (waits with music)."""

    leg: str
    state: Literal["talking", "ringing", "aside"]
    client: bool = False
    agent_id: int | None = None
    name: str = ""
    number: str = ""


class ParkedView(msgspec.Struct, frozen=True, kw_only=True):
    """A parked client: in which slot (SIP phones dial *7 and the slot), since when, parked by whom."""

    call_id: str
    slot: int
    number: str
    name: str
    since: str
    by: str = ""


class CallView(msgspec.Struct, kw_only=True):
    """A call. ``state`` is 'ended' for calls of the past; ``result`` is null while the call goes on.

    ``form`` is '', consult (``form_text`` says whom its agent ``form_by`` asks first: agent:12, queue:7, menu:3 or a
    number), waiting (held by the server), conference or parked (``form_text`` is the slot); ``parties`` belong to it.
    ``cost`` is in minor units of the business's currency, null where no price is set or it is not to be seen.
    """

    id: str
    direction: Direction
    state: CallState
    result: Result | None
    from_: str = msgspec.field(name="from")
    to: str
    client_number: str
    number: NumberBrief | None = None
    queue: QueueBrief | None = None
    agents: list[AgentBrief] = []
    agent_id: int | None = None
    contact: ContactBrief | None = None
    started_at: str
    queued_at: str | None = None
    answered_at: str | None = None
    ended_at: str | None = None
    held: bool = False
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    hold_seconds: float = 0.0
    cause: int | None = None
    hangup_by: str | None = None
    recording: RecordingBrief | None = None
    recording_on: bool = False
    recording_paused: bool = False
    recording_paused_until: str | None = None
    comment: str = ""
    demo: bool = False
    spam: bool = False
    cost: int | None = None
    form: str = ""
    form_text: str = ""
    form_by: int | None = None
    parties: list[PartyView] = []
    outcomes: list[OutcomeBrief] = []


class AgentView(msgspec.Struct, kw_only=True):
    """An agent now. ``device`` is the phone that would ring (webrtc, sip) or null when none is on line.

    ``status`` is the state in the four words that colleagues see. ``reason`` is why he is paused: a name of the
    business's list, or the key of a built-in reason (no_answer). ``limit_at`` is when the pause goes, or went, over its
    limit; ``wrapup_until`` when the wrap-up ends by itself, and ``can_extend`` whether he may lengthen it. Only who
    ``takes_calls`` of some number may pause by hand.
    """

    id: int
    name: str
    short_number: str
    state: AgentState
    status: AgentStatus = "disconnected"
    reason: str = ""
    reason_id: int | None = None
    since: str
    limit_at: str | None = None
    wrapup_until: str | None = None
    can_extend: bool = False
    takes_calls: bool = False
    device: Literal["webrtc", "sip"] | None = None
    online: list[str] = []
    wanted: str = "offline"
    call_id: str | None = None
    queues: list[int] = []


class Waiting(msgspec.Struct, kw_only=True):
    """A caller who waits in a queue."""

    call_id: str
    number: str
    name: str
    since: str
    position: int


class Figure(msgspec.Struct, kw_only=True):
    """A figure with its proof: ``value`` (null when the denominator is 0), its parts, and the formula's key."""

    value: float | None
    numerator: float
    denominator: float
    formula: str


class QueueView(msgspec.Struct, kw_only=True):
    """A queue now and since midnight of the business's time zone. Figures by the formulas of SUP-02."""

    id: int
    name: str
    waiting: list[Waiting] = []
    ready: int = 0
    talking: int = 0
    ringing: int = 0
    paused: int = 0
    wrapup: int = 0
    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    service_level: Figure
    asa: Figure
    aht: Figure
    occupancy: Figure
    abandonment: Figure


class AlertView(msgspec.Struct, kw_only=True):
    """An alert that is on: ``message`` is already in the reader's language."""

    key: str
    message: str
    since: str


class Snapshot(msgspec.Struct, kw_only=True):
    """Everything that a person may see now; ``rev`` grows by one with each change."""

    rev: int
    now: str
    link_up: bool
    calls: dict[str, CallView]
    agents: dict[int, AgentView]
    queues: dict[int, QueueView]
    alerts: list[AlertView] = []
    parked: list[ParkedView] = []
    me: dict[str, Any] = {}
