"""Calls and legs while they go on: mutable inside the tracker, immutable pictures (core.calls) outside."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal

from callcenter.core.calls import (
    Call,
    CallState,
    Direction,
    Form,
    Gap,
    Leg,
    LegRole,
    LegState,
    Result,
    Step,
    state_told,
)
from callcenter.core.directory import DeviceKind

Mode = Literal["talk", "hold"]
HangupBy = Literal["client", "agent", "system"]

# A call that is offered to phones for hours must not grow without end: what is told is enough by then.
MOST_STEPS = 400
MOST_LEGS = 60


class LegNow:
    """A channel of a call. ``dialled`` = Asterisk called this phone; ``bridge`` is where it is now ('' = nowhere)."""

    __slots__ = (
        "_picture",
        "address",
        "agent_id",
        "answered_at",
        "aside",
        "bridge",
        "bridged_at",
        "call",
        "cause",
        "channel",
        "device",
        "dial_status",
        "dialled",
        "ended_at",
        "holding",
        "id",
        "in_holding_bridge",
        "ringing_at",
        "role",
        "rung",
        "started_at",
        "taken_at",
    )

    def __init__(
        self,
        leg_id: str,
        channel: str,
        call: CallNow,
        role: LegRole,
        started_at: float,
        *,
        agent_id: int | None = None,
        device: DeviceKind | None = None,
        address: str = "",
        dialled: bool = False,
    ) -> None:
        self.id = leg_id
        self.channel = channel
        self.call = call
        self.role: LegRole = role
        self.started_at = started_at
        self.agent_id = agent_id
        self.device = device
        self.address = address
        self.dialled = dialled
        self.ringing_at: float | None = None
        self.answered_at: float | None = None
        self.bridged_at: float | None = None
        self.ended_at: float | None = None
        self.cause: int | None = None
        self.dial_status = ""
        self.rung = False
        self.holding = False
        self.taken_at: float | None = None
        self.bridge = ""
        self.in_holding_bridge = False
        # From the music until the next talk, the moment between included.
        self.aside = False
        self._picture: Leg | None = None

    @property
    def rings(self) -> bool:
        """Whether this phone is being called and has not answered yet."""
        return self.dialled and self.rung and self.answered_at is None and self.ended_at is None

    def touch(self) -> None:
        """Forgets the picture, because something changed."""
        self._picture = None

    def picture(self) -> Leg:
        """The leg as others see it."""
        if self._picture is None:
            state: LegState
            if self.ended_at is not None:
                state = "ended"
            elif self.holding:
                state = "held"
            elif self.answered_at is not None:
                state = "up"
            else:
                state = "ringing" if self.ringing_at is not None else "new"
            self._picture = Leg(
                id=self.id,
                channel=self.channel,
                role=self.role,
                state=state,
                started_at=self.started_at,
                agent_id=self.agent_id,
                device=self.device,
                address=self.address,
                ringing_at=self.ringing_at,
                answered_at=self.answered_at,
                bridged_at=self.bridged_at,
                ended_at=self.ended_at,
                cause=self.cause,
                aside=self.aside,
            )
        return self._picture


class CallNow:
    """A call that goes on. ``at`` is the latest moment that any of its facts told: time never runs backwards in it."""

    __slots__ = (
        "abandoned",
        "agent_id",
        "agents",
        "answer_queue",
        "at",
        "business_id",
        "cause",
        "click_to_dial",
        "direction",
        "failed",
        "first_talk_at",
        "form",
        "form_at",
        "form_by",
        "form_text",
        "from_name",
        "from_number",
        "gaps",
        "gave_up_at",
        "hangup_by",
        "held_at",
        "held_by_phone",
        "hold_seconds",
        "id",
        "left_queue_at",
        "legs",
        "live",
        "mode",
        "mode_since",
        "number_id",
        "priority",
        "published",
        "queue_id",
        "queued_at",
        "recording",
        "rings",
        "rung",
        "settled",
        "started_at",
        "steps",
        "talk_seconds",
        "talkers",
        "to_number",
        "trunk_id",
        "wait_from",
        "waits_on",
    )

    def __init__(self, call_id: str, started_at: float, direction: Direction) -> None:
        self.id = call_id
        self.started_at = started_at
        self.at = started_at
        self.direction: Direction = direction
        self.business_id = 0
        self.from_number = ""
        self.from_name = ""
        self.to_number = ""
        self.number_id: int | None = None
        self.trunk_id: int | None = None
        self.queue_id: int | None = None
        self.queued_at: float | None = None
        self.left_queue_at: float | None = None
        self.agent_id: int | None = None
        self.agents: list[int] = []
        self.rung: list[int] = []
        self.recording: str | None = None
        self.gaps: list[Gap] = []
        self.click_to_dial = False
        self.priority = 0
        # A waiting caller is led elsewhere by a command: his wait goes on.
        self.waits_on = False
        self.cause: int | None = None
        self.hangup_by: HangupBy | None = None
        self.abandoned = False
        self.failed = False
        self.first_talk_at: float | None = None
        self.answer_queue: tuple[int, float, float | None] | None = None
        self.wait_from = started_at
        # When the wait ended in vain, although the call went on.
        self.gave_up_at: float | None = None
        self.mode: Mode | None = None
        self.mode_since = started_at
        self.held_at: float | None = None
        self.held_by_phone = False
        self.talkers: frozenset[str] = frozenset()
        self.form: Form = ""
        self.form_text = ""
        self.form_at: float | None = None
        self.form_by: int | None = None
        self.talk_seconds = 0.0
        self.hold_seconds = 0.0
        self.legs: list[LegNow] = []
        self.live = 0
        self.steps: list[Step] = []
        self.rings: dict[int, int] = {}
        self.published = False
        # Names of the fields that a variable has fixed: dialplan that runs after a transfer sets them anew.
        self.settled: set[str] = set()

    def step(self, kind: str, *, agent_id: int | None = None, queue_id: int | None = None, text: str = "") -> int:
        """Adds a step to the story; its index, or -1 when the story is too long already."""
        if len(self.steps) >= MOST_STEPS:
            return -1
        self.steps.append(Step(at=self.at, kind=kind, agent_id=agent_id, queue_id=queue_id, text=text[:200]))
        return len(self.steps) - 1

    def step_at(self, at: float, kind: str, agent_id: int, text: str = "") -> None:
        """Adds a step that is told later than it happened, in its place."""
        if len(self.steps) < MOST_STEPS:
            step = Step(at=at, kind=kind, agent_id=agent_id, text=text)
            place = bisect_right(self.steps, at, key=lambda one: one.at)
            self.steps.insert(place, step)
            self.rings = {agent: n + (n >= place) for agent, n in self.rings.items()}

    def take_gaps(self, gaps: Sequence[Gap]) -> list[str]:
        """Takes over the recording's gaps as Asterisk keeps them; the kinds of the steps that are news."""
        news: list[str] = []
        for n, gap in enumerate(gaps):
            known = self.gaps[n] if n < len(self.gaps) else None
            if known is None:
                self.gaps.append(gap)
                self.step_at(gap.since, "record_pause", gap.agent_id)
                news.append("record_pause")
            elif known.how:
                continue
            self.gaps[n] = gap
            if gap.how:
                self.step_at(gap.until, "record_resume", gap.agent_id, gap.how)
                news.append("record_resume")
        return news

    def rang(self, agent_id: int, outcome: str) -> None:
        """Writes into the story how an agent's ringing ended."""
        index = self.rings.pop(agent_id, -1)
        if index >= 0:
            step = self.steps[index]
            self.steps[index] = Step(at=step.at, kind=step.kind, agent_id=agent_id, text=outcome)

    def rang_after_all(self, agent_id: int, outcome: str) -> None:
        """Corrects the story of an agent's last ringing, once the channel's cause is known."""
        if outcome not in ("busy", "failed"):
            return
        for index in range(len(self.steps) - 1, -1, -1):
            step = self.steps[index]
            if step.kind == "rang" and step.agent_id == agent_id:
                if step.text == "no_answer":
                    self.steps[index] = Step(at=step.at, kind="rang", agent_id=agent_id, text=outcome)
                return

    def set_form(self, form: Form, *, text: str = "", by: int | None = None) -> None:
        """The talk takes another form; '' = an ordinary one."""
        self.form, self.form_text, self.form_by = form, text, by
        self.form_at = self.at if form else None

    def set_mode(self, mode: Mode | None) -> None:
        """Counts the time that the last mode lasted and begins a new one."""
        lasted = max(0.0, self.at - self.mode_since)
        if self.mode == "talk":
            self.talk_seconds += lasted
        elif self.mode == "hold":
            self.hold_seconds += lasted
        self.mode = mode
        self.mode_since = self.at
        self.held_at = self.at if mode == "hold" else None

    def trim(self) -> None:
        """Forgets the oldest legs that rang in vain, when there are very many."""
        if len(self.legs) > MOST_LEGS:
            for leg in self.legs[1:]:
                if leg.ended_at is not None and leg.answered_at is None:
                    self.legs.remove(leg)
                    return

    def state(self) -> CallState:
        """Where the call is, while it goes on."""
        if self.mode == "talk":
            return "talking"
        if self.mode == "hold":
            return "held"
        if any(leg.rings for leg in self.legs):
            return "ringing"
        if self.queued_at is not None and self.left_queue_at is None:
            return "queued"
        return state_told(self.steps[-1].kind if self.steps else "")

    def picture(self, result: Result | None = None) -> Call:
        """The call as others see it; with a ``result`` it has ended."""
        at = self.at
        wait_until = next((one for one in (self.first_talk_at, self.gave_up_at) if one is not None), at)
        lasts = max(0.0, at - self.mode_since)
        queue_id, queued_at, left_queue_at = self.queue_id, self.queued_at, self.left_queue_at
        if result is not None and self.answer_queue is not None:
            queue_id, queued_at, left_queue_at = self.answer_queue
        return Call(
            id=self.id,
            business_id=self.business_id,
            direction=self.direction,
            state=self.state() if result is None else "ended",
            started_at=self.started_at,
            from_number=self.from_number,
            from_name=self.from_name,
            to_number=self.to_number,
            number_id=self.number_id,
            trunk_id=self.trunk_id,
            queue_id=queue_id,
            queued_at=queued_at,
            left_queue_at=left_queue_at,
            agent_id=self.agent_id,
            agents=tuple(self.agents),
            rung=tuple(self.rung),
            answered_at=self.first_talk_at,
            ended_at=None if result is None else at,
            held_at=self.held_at,
            wait_seconds=max(0.0, wait_until - self.wait_from),
            talk_seconds=self.talk_seconds + (lasts if self.mode == "talk" else 0.0),
            hold_seconds=self.hold_seconds + (lasts if self.mode == "hold" else 0.0),
            result=result,
            cause=self.cause,
            hangup_by=self.hangup_by,
            click_to_dial=self.click_to_dial,
            priority=self.priority,
            recording=self.recording,
            gaps=tuple(self.gaps),
            form=self.form,
            form_text=self.form_text,
            form_at=self.form_at,
            form_by=self.form_by,
            legs=tuple([leg.picture() for leg in self.legs]),
            steps=tuple(self.steps),
        )
