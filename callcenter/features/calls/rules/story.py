"""The story of a call in words: why this caller reached this agent, every step with its time (SUP-08). Pure.

A text is a gettext key with its values, so that the page says it in the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.calls.rules.rows import STEP_TITLES, clock


class Named(Protocol):
    """An agent or a queue."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


class Step(Protocol):
    """What the story needs of a step."""

    @property
    def at(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def agent(self) -> Named | None: ...
    @property
    def queue(self) -> Named | None: ...
    @property
    def text(self) -> str: ...


class Leg(Protocol):
    """What the story needs of a leg."""

    @property
    def agent(self) -> Named | None: ...
    @property
    def started_at(self) -> str: ...
    @property
    def ringing_at(self) -> str | None: ...
    @property
    def answered_at(self) -> str | None: ...
    @property
    def ended_at(self) -> str | None: ...


class Said(NamedTuple):
    """A text and its values. A value that is a ``Said`` itself is translated first."""

    text: str
    values: Mapping[str, Any] = {}


class Line(NamedTuple):
    """A step in words; ``kind`` chooses the picture."""

    at: str
    kind: str
    said: Said


class Names(NamedTuple):
    """What ids and numbers of the story are called."""

    line: str = ""
    number: str = ""
    client: str = ""
    menus: Mapping[int, str] = {}
    agents: Mapping[int, str] = {}
    queues: Mapping[int, str] = {}
    strategies: Mapping[int, str] = {}
    """By queue: how it chooses whom to ring, as a gettext key."""


class Told(NamedTuple):
    """The story: ``path`` in a few words from the number to the agent, then all lines."""

    path: tuple[Said, ...]
    lines: tuple[Line, ...]


_RANG = {
    "answered": N_("%(agent)s was rung and picked up after %(time)s"),
    "no_answer": N_("%(agent)s was rung for %(time)s and did not pick up"),
    "busy": N_("%(agent)s was rung and declined after %(time)s"),
    "cancelled": N_("%(agent)s was rung for %(time)s until it was over"),
    "failed": N_("%(agent)s could not be rung"),
    "": N_("%(agent)s is being rung"),
}
_RANG_SHORT = {
    "no_answer": N_("%(agent)s did not pick up"),
    "busy": N_("%(agent)s declined"),
    "failed": N_("%(agent)s could not be rung"),
}
_STARTED = {
    "in": N_("%(client)s called %(line)s"),
    "out": N_("A call to %(client)s began"),
    "internal": N_("A call between colleagues began"),
}
_HANGUP = {
    "client": N_("The client hung up"),
    "agent": N_("The agent hung up"),
    "system": N_("The exchange ended the call"),
}
_RECORDED = {
    "agent": N_("The recording went on after %(time)s"),
    "limit": N_("The recording went on by itself after %(time)s, the longest pause"),
    "left": N_("The recording went on after %(time)s, because the agent had left the call"),
    "end": N_("The recording stayed paused until the end, for %(time)s"),
}
_FAILED = {
    "unknown_number": N_("Nobody has the number that was called"),
    "no_target": N_("The number leads nowhere: its target is gone"),
    "no_trunk": N_("There is no line to call out over"),
    "unconfirmed": N_("The number for calls out is not confirmed"),
    "no_number": N_("No number of the company is open to this employee"),
    "wrong_number": N_("The number cannot be called"),
    "loop": N_("The call was led in a circle and was ended"),
}
_RETURNED = {
    "": N_("%(agent)s came back to the client"),
    "NOANSWER": N_("Nobody answered: %(agent)s came back to the client"),
    "BUSY": N_("It was busy: %(agent)s came back to the client"),
    "CHANUNAVAIL": N_("Nobody could be reached: %(agent)s came back to the client"),
    "CONGESTION": N_("Nobody could be reached: %(agent)s came back to the client"),
}
_CLOSED = {
    "hours": N_("It was out of working hours"),
    "emergency": N_("The company was closed for an emergency"),
}
_COMEBACK = {
    "refused": N_("It was refused there: the client came back"),
    "parked": N_("Nobody took the parked client: he came back"),
    "lost": N_("The agent was gone: the client was led back"),
}
_CLOSED_SHORT = {"hours": N_("out of hours"), "emergency": N_("emergency closing")}
_TRANSFERS = {"a": "agent", "q": "queue", "m": "menu"}
_SCHEDULE = N_("By the schedule: %(name)s")


def tell(direction: str, steps: Sequence[Step], legs: Sequence[Leg], names: Names) -> Told:
    """The whole story."""
    teller = _Teller(direction, legs, names)
    lines = tuple(Line(step.at, step.kind, teller.say(step)) for step in steps)
    return Told(tuple(_path(direction, steps, names)), lines)


class _Teller:
    """Says steps one after the other and remembers the moments of earlier ones."""

    def __init__(self, direction: str, legs: Sequence[Leg], names: Names) -> None:
        self._direction = direction
        self._legs = legs
        self._names = names
        self._since: dict[str, str] = {}
        self._tellers: dict[str, Callable[[Step], Said]] = {
            "started": self._started,
            "schedule": lambda step: Said(_SCHEDULE, {"name": step.text}),
            "prompt": self._greeted,
            "menu": lambda step: Said(
                N_("Came to the menu «%(name)s»"), {"name": _by_id(self._names.menus, step.text)}
            ),
            "key": lambda step: Said(N_("Pressed %(key)s in the menu"), {"key": step.text}),
            "queued": self._queued,
            "left_queue": self._left_queue,
            "rang": self._rang,
            "answered": self._answered,
            "held": self._held,
            "resumed": self._resumed,
            "transferred": self._transferred,
            "consult": lambda step: self._by(
                step, N_("%(agent)s asked %(target)s first; the client waited with music")
            ),
            "returned": self._returned,
            "conference": lambda step: self._by(step, N_("%(agent)s put everybody together; three talked")),
            "left": lambda step: self._by(step, N_("%(agent)s left; the others talked on")),
            "parked": lambda step: self._by(step, N_("%(agent)s parked the client in place %(target)s")),
            "comeback": lambda step: Said(_COMEBACK.get(step.text, _COMEBACK["lost"])),
            "record_pause": self._record_pause,
            "record_resume": self._record_resume,
            "redirected": lambda step: Said(
                N_("A supervisor redirected the call to %(target)s"), {"target": target(step.text, self._names)}
            ),
            "front": lambda _step: Said(N_("A supervisor moved the caller to the front of the queue")),
            "closed": lambda step: Said(_CLOSED.get(step.text, _CLOSED["hours"])),
            "blocked": lambda _step: Said(N_("The number is blocked: the call was refused")),
            "own": lambda step: Said(
                N_("The client's own employee was to be rung first: %(agent)s"),
                {"agent": target(step.text, self._names)},
            ),
            "forwarded": lambda step: Said(N_("Forwarded to %(target)s"), {"target": _numbers(step.text)}),
            "overflow": lambda step: Said(
                N_("Nobody took the call in the queue %(queue)s: it was led on"),
                {"queue": target(f"queue:{step.text}", self._names)},
            ),
            "voicemail": self._voicemail,
            "callback": lambda step: Said(
                N_("Asked to be called back in place of waiting in the queue %(queue)s"),
                {"queue": target(f"queue:{step.text}", self._names)},
            ),
            "called_back": lambda step: Said(
                N_("The client answered and was put to the front of the queue %(queue)s"),
                {"queue": target(f"queue:{step.text}", self._names)},
            ),
            "survey": lambda _step: Said(N_("The agent hung up first: the client was asked about the talk")),
            "score": self._score,
            "failed": lambda step: Said(_FAILED.get(step.text, N_("The call could not be led anywhere"))),
            "hangup": lambda step: Said(_HANGUP.get(step.text, _HANGUP["system"])),
        }

    def say(self, step: Step) -> Said:
        """One step; a kind that is not known is called by its title."""
        teller = self._tellers.get(step.kind)
        return teller(step) if teller else Said(STEP_TITLES.get(step.kind, step.kind))

    def _started(self, step: Step) -> Said:
        self._since["wait"] = step.at
        names = self._names
        client = names.client or Said(N_("Somebody with a withheld number"))
        text = _STARTED.get(self._direction, _STARTED["internal"])
        return Said(text, {"client": client, "line": names.line or names.number})

    def _greeted(self, _step: Step) -> Said:
        # The step's text is the prompt's name in the configuration, which says nothing to people.
        line = self._names.line
        return (
            Said(N_("Heard the greeting of the line «%(line)s»"), {"line": line})
            if line
            else Said(N_("Heard the greeting"))
        )

    def _queued(self, step: Step) -> Said:
        self._since["queue"] = step.at
        self._since.setdefault("first_queue", step.at)
        queue = step.queue.name if step.queue else ""
        strategy = self._names.strategies.get(step.queue.id) if step.queue else None
        if strategy:
            return Said(
                N_("Began to wait in the queue «%(queue)s», which rings: %(strategy)s"),
                {"queue": queue, "strategy": Said(strategy)},
            )
        return Said(N_("Began to wait in the queue «%(queue)s»"), {"queue": queue})

    def _left_queue(self, step: Step) -> Said:
        waited = clock(between(self._since.get("queue"), step.at))
        queue = step.queue.name if step.queue else ""
        return Said(N_("Left the queue «%(queue)s» after %(time)s"), {"queue": queue, "time": waited})

    def _rang(self, step: Step) -> Said:
        agent = step.agent.name if step.agent else ""
        return Said(
            _RANG.get(step.text, _RANG["no_answer"]), {"agent": agent, "time": clock(ring_seconds(step, self._legs))}
        )

    def _answered(self, step: Step) -> Said:
        waited = clock(between(self._since.get("first_queue") or self._since.get("wait"), step.at))
        first, self._since["talked"] = "talked" not in self._since, step.at
        if step.agent is None:
            return Said(N_("The talk began"))
        if self._direction != "in":
            return Said(N_("%(agent)s talks with the other side"), {"agent": step.agent.name})
        if not first:
            return Said(N_("%(agent)s took over the talk"), {"agent": step.agent.name})
        return Said(
            N_("%(agent)s answered; the client had waited %(time)s"), {"agent": step.agent.name, "time": waited}
        )

    def _held(self, step: Step) -> Said:
        self._since["held"] = step.at
        return Said(N_("The client was put on hold"))

    def _resumed(self, step: Step) -> Said:
        return Said(
            N_("The client was taken off hold after %(time)s"),
            {"time": clock(between(self._since.get("held"), step.at))},
        )

    def _by(self, step: Step, text: str) -> Said:
        agent = step.agent.name if step.agent else Said(N_("Somebody"))
        return Said(text, {"agent": agent, "target": target(step.text, self._names)})

    def _returned(self, step: Step) -> Said:
        return self._by(step, _RETURNED.get(step.text, _RETURNED[""]))

    def _record_pause(self, step: Step) -> Said:
        self._since["gap"] = step.at
        return Said(N_("%(agent)s paused the recording"), {"agent": step.agent.name if step.agent else ""})

    def _record_resume(self, step: Step) -> Said:
        lasted = clock(between(self._since.get("gap"), step.at))
        return Said(_RECORDED.get(step.text, _RECORDED["agent"]), {"time": lasted})

    def _score(self, step: Step) -> Said:
        question, _, key = step.text.partition(" ")
        return Said(N_("Answered question %(question)s with %(key)s"), {"question": question, "key": key})

    def _voicemail(self, step: Step) -> Said:
        if step.text[:1] in _TRANSFERS and step.text[1:].isdecimal():
            return Said(N_("Was asked to leave a message for %(target)s"), {"target": target(step.text, self._names)})
        return Said(N_("Was asked to leave a message"))

    def _transferred(self, step: Step) -> Said:
        to = target(step.text, self._names)
        if step.agent is None:
            return Said(N_("The call was transferred to %(target)s"), {"target": to})
        return Said(N_("%(agent)s transferred the call to %(target)s"), {"agent": step.agent.name, "target": to})


def target(text: str, names: Names) -> str:
    """``agent:12``, ``queue:7``, ``menu:3`` (in a transfer ``a12``, ``q7``, ``m3``) by name, anything else as it is."""
    kind, _, number = text.partition(":")
    if text[:1] in _TRANSFERS and text[1:].isdecimal():
        kind, number = _TRANSFERS[text[0]], text[1:]
    if kind == "agent":
        return _by_id(names.agents, number)
    if kind == "queue":
        return f"«{_by_id(names.queues, number)}»"
    if kind == "menu":
        return f"«{_by_id(names.menus, number)}»"
    return text


def _numbers(text: str) -> str:
    """Numbers in E.164, apart by spaces, as people read them."""
    return ", ".join(shown(one) for one in text.split())


def ring_seconds(step: Step, legs: Sequence[Leg]) -> float:
    """How long a ringing lasted, by the agent's leg that began with it."""
    if step.agent is None:
        return 0.0
    own = [leg for leg in legs if leg.agent is not None and leg.agent.id == step.agent.id]
    if not own:
        return 0.0
    leg = min(own, key=lambda one: abs(between(one.ringing_at or one.started_at, step.at)))
    until = leg.answered_at or leg.ended_at
    return max(0.0, between(leg.ringing_at or leg.started_at, until)) if until else 0.0


def between(since: str | None, until: str | None) -> float:
    """Seconds from one ISO moment to another; 0 when one of them is not known."""
    if since is None or until is None:
        return 0.0
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()


def _path(direction: str, steps: Sequence[Step], names: Names) -> Iterator[Said]:
    """From the number to the agent in a few words; only calls that come in have such a way."""
    if direction != "in":
        return
    if names.line or names.number:
        yield Said("%(name)s", {"name": names.line or names.number})
    queued = ""
    for step in steps:
        if step.kind == "schedule":
            yield Said(_SCHEDULE, {"name": step.text})
        elif step.kind == "menu":
            yield Said(N_("menu «%(name)s»"), {"name": _by_id(names.menus, step.text)})
        elif step.kind == "key":
            yield Said(N_("pressed %(key)s"), {"key": step.text})
        elif step.kind == "queued":
            queued = step.at
        elif step.kind == "left_queue" and step.queue is not None:
            yield Said(
                N_("queue «%(queue)s», %(time)s"), {"queue": step.queue.name, "time": clock(between(queued, step.at))}
            )
        elif step.kind == "rang" and step.agent is not None and step.text in _RANG_SHORT:
            yield Said(_RANG_SHORT[step.text], {"agent": step.agent.name})
        elif step.kind == "closed":
            yield Said(_CLOSED_SHORT.get(step.text, _CLOSED_SHORT["hours"]))
        elif step.kind == "blocked":
            yield Said(N_("blocked"))
        elif step.kind == "forwarded":
            yield Said(N_("forwarded to %(target)s"), {"target": _numbers(step.text)})
        elif step.kind == "voicemail":
            yield Said(N_("voicemail"))
        elif step.kind == "callback":
            yield Said(N_("asked for a call-back"))
        elif step.kind in ("transferred", "redirected"):
            yield Said(N_("redirected to %(target)s"), {"target": target(step.text, names)})
        elif step.kind == "answered" and step.agent is not None:
            yield Said(N_("%(agent)s answered"), {"agent": step.agent.name})


def _by_id(names: Mapping[int, str], text: str) -> str:
    return names.get(int(text), text) if text.isascii() and text.isdigit() else text
