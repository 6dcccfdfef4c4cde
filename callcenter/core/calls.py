"""A call as the telephony side sees it: immutable pictures that the tracker makes after each change.

Times are epoch seconds (UTC) taken from Asterisk's own event time stamps; numbers are E.164 (``+74950000001``) or, for
employees, short numbers (``101``). Identifiers of businesses, agents, queues, numbers and trunks are database ids.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Direction = Literal["in", "out", "internal"]
CallState = Literal["started", "menu", "message", "queued", "ringing", "talking", "held", "ended"]
Result = Literal["answered", "missed", "abandoned", "busy", "no_answer", "failed", "cancelled", "blocked"]
LegRole = Literal["client", "agent", "other"]
LegState = Literal["new", "ringing", "up", "held", "ended"]
Form = Literal["", "consult", "internal", "waiting", "conference", "parked"]
"""What is special about a talk: its agent asks somebody first (internal: his client has hung up meanwhile), the server
holds it, three talk, or the client is parked."""


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One channel of a call. ``id`` is Asterisk's Uniqueid, ``channel`` its name; ``aside`` = waits with music."""

    id: str
    channel: str
    role: LegRole
    state: LegState
    started_at: float
    agent_id: int | None = None
    device: str | None = None
    address: str = ""
    ringing_at: float | None = None
    answered_at: float | None = None
    bridged_at: float | None = None
    ended_at: float | None = None
    cause: int | None = None
    aside: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step of the call's story.

    ``kind`` is one of: started, prompt, menu, key, queued, left_queue, rang, answered, held, resumed, transferred,
    recording, record_pause, record_resume, redirected, front, consult, returned, conference, left, parked, comeback,
    closed, blocked, own, forwarded, overflow, voicemail, callback, called_back, survey, score, failed, hangup.
    ``queue_id``, ``agent_id`` and ``text`` say which, whom and what (key, cause, target, slot; of a second recording
    the name of the one before; of a score the question and the key).
    """

    at: float
    kind: str
    agent_id: int | None = None
    queue_id: int | None = None
    text: str = ""


class Gap(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stretch of the call that an agent kept out of the recording (AGD-14).

    ``how`` says how it ended: 'agent' (he went on), 'limit', 'left' (he is in the call no more) or 'end' (with the
    call). While it is '' the gap lasts, and ``until`` is when it ends by itself.
    """

    agent_id: int
    since: float
    until: float
    how: str = ""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The whole call at one moment.

    ``id`` is Asterisk's Linkedid: known at once, the same in CEL, and unique over restarts. ``result`` is None while
    the call goes on. ``wait_seconds`` runs from the start (queue calls: from entering the queue) to the first talk or
    to the end (where he begins to leave a message, if he does); ``talk_seconds`` is the time two parties were bridged
    without hold. ``priority`` puts a waiting caller before those who have less. ``form`` has its ``form_text`` (whom is
    asked, the slot), moment and agent.
    """

    id: str
    business_id: int
    direction: Direction
    state: CallState
    started_at: float
    from_number: str = ""
    from_name: str = ""
    to_number: str = ""
    number_id: int | None = None
    trunk_id: int | None = None
    queue_id: int | None = None
    queued_at: float | None = None
    left_queue_at: float | None = None
    agent_id: int | None = None
    agents: tuple[int, ...] = ()
    rung: tuple[int, ...] = ()
    answered_at: float | None = None
    ended_at: float | None = None
    held_at: float | None = None
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    hold_seconds: float = 0.0
    result: Result | None = None
    cause: int | None = None
    hangup_by: Literal["client", "agent", "system"] | None = None
    click_to_dial: bool = False
    priority: int = 0
    recording: str | None = None
    form: Form = ""
    form_text: str = ""
    form_at: float | None = None
    form_by: int | None = None
    gaps: tuple[Gap, ...] = ()
    legs: tuple[Leg, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def gap(self) -> Gap | None:
        """The gap in the recording that lasts now."""
        return self.gaps[-1] if self.gaps and not self.gaps[-1].how else None

    @property
    def client_number(self) -> str:
        """The outside party's number: the caller of an incoming call, the called number of an outgoing one."""
        return self.from_number if self.direction == "in" else self.to_number


def state_told(last: str) -> CallState:
    """Where a call is with which nobody talks and which waits nowhere, by the kind of its last step."""
    if last in ("voicemail", "recording"):
        return "message"
    return "menu" if last in ("prompt", "menu", "key", "survey", "score") else "started"
