"""What a simulated caller met, in words. Pure: texts are gettext keys with values.

The words are those of ``simulate``: each Step becomes at most one ``Chip`` of the path, and the last one the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.core.routing import Asked
from callcenter.telephony.config.simulate import ENDLESS_STEPS, Step


class Chip(NamedTuple):
    """A stop on the way: ``icon`` of the set, ``text`` (gettext key) with ``values``, ``state`` (data-state).

    One that is met several times without a stop in between is one with ``times``.
    """

    icon: str
    text: str
    values: Mapping[str, Any]
    state: str = "talk"
    times: int = 1


class Taker(NamedTuple):
    """Who may take callers of a queue once they have waited for ``after`` seconds, beside those before."""

    after: int
    names: tuple[str, ...]


def takers(asked: Asked, levels: Iterable[tuple[str, int]]) -> tuple[Taker, ...]:
    """Who of the members (name, level) may take callers of a queue, tier by tier."""
    people = sorted(levels)
    return tuple(
        Taker(after, tuple(name for name, level in people if asked.tier(level) == tier))
        for tier, after in enumerate((0, *(one.after for one in asked.relax)))
    )


@dataclass(frozen=True, kw_only=True)
class Names:
    """What things are called, by id; prompts by name. What is missing is shown as a dash.

    ``takers`` says of queues that ask for a skill who may take a caller when.
    """

    menus: Mapping[int, str] = field(default_factory=dict)
    queues: Mapping[int, str] = field(default_factory=dict)
    agents: Mapping[int, str] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    takers: Mapping[int, Sequence[Taker]] = field(default_factory=dict)

    def of(self, kind: str, text: str) -> str:
        """The name of a menu, queue or agent whose id stands in a step."""
        found: Mapping[int, str] = getattr(self, f"{kind}s")
        return found.get(int(text), "—") if text.isdecimal() else "—"


def chips(steps: Sequence[Step], names: Names) -> list[Chip]:
    """The path as stops, without its end."""
    found: list[Chip] = []
    skip = False
    for place, step in enumerate(steps):
        after = steps[place + 1] if place + 1 < len(steps) else Step("end", "")
        if skip:
            skip = False
        elif step.kind == "menu":
            found.append(_menu(names.of("menu", step.text), after))
            skip = after.kind == "key"
        elif chip := _chip(step, names):
            found.append(chip)
            if step.kind == "queue" and step.text.isdecimal():
                found += _takers(names.takers.get(int(step.text), ()))
    return _joined(found)


def _takers(tiers: Sequence[Taker]) -> list[Chip]:
    return [
        Chip(
            "star",
            N_("after %(seconds)s s also: %(names)s") if one.after else N_("at once: %(names)s"),
            {"seconds": one.after, "names": ", ".join(one.names) or "—"},
            "wrap" if one.after else "ready",
        )
        for one in tiers
        if one.names or not one.after
    ]


def _joined(found: Sequence[Chip]) -> list[Chip]:
    joined: list[Chip] = []
    for chip in found:
        if joined and joined[-1]._replace(times=1) == chip:
            joined[-1] = chip._replace(times=joined[-1].times + 1)
        else:
            joined.append(chip)
    return joined


def _menu(name: str, after: Step) -> Chip:
    if after.kind == "key":
        return Chip("keypad", N_("%(menu)s, pressed %(key)s"), {"menu": name, "key": after.text})
    if after.kind == "end" and after.text != "hangup":
        return Chip("keypad", "%(menu)s", {"menu": name})
    return Chip("keypad", N_("%(menu)s, no key"), {"menu": name})


def _chip(step: Step, names: Names) -> Chip | None:
    kind, text = step
    if kind == "key":
        return Chip("keypad", N_("pressed %(key)s"), {"key": text})
    if kind == "prompt":
        return Chip("vol", N_("“%(prompt)s”"), {"prompt": names.prompts.get(text, text)}, "pause")
    if kind == "closed":
        word = N_("Closed for an emergency") if text == "emergency" else N_("Out of working hours")
        return Chip("clock", word, {}, "pause")
    if kind == "queue":
        return Chip("queue", "%(name)s", {"name": names.of("queue", text)})
    if kind == "agent":
        return Chip("user", "%(name)s", {"name": names.of("agent", text)})
    if kind == "own":
        return Chip("star", N_("The client's own employee"), {})
    if kind == "dial":
        return Chip("out", "%(number)s", {"number": shown(text)})
    if kind == "overflow":
        return Chip("redo", N_("Nobody answered in time"), {}, "over")
    if kind == "voicemail":
        return Chip("vm", *_box(text, names), "wrap")
    if kind == "failed":
        return Chip("alert", N_("Goes round in circles") if text == "loop" else N_("No way on"), {}, "missed")
    if kind == "blocked":
        return Chip("ban", N_("Blocked number"), {}, "missed")
    return None


def _box(text: str, names: Names) -> tuple[str, dict[str, Any]]:
    owner = {"q": "queue", "a": "agent"}.get(text[:1])
    if owner is None:
        return N_("Voicemail"), {}
    return N_("Voicemail of %(name)s"), {"name": names.of(owner, text[1:])}


def answer(steps: Sequence[Step], names: Names) -> Chip:
    """How the call ends, as a sentence."""
    end = steps[-1].text if steps and steps[-1].kind == "end" else "left"
    place = next((one for one in reversed(steps) if one.kind in _PLACES), Step("", ""))
    before = steps[-2].kind if len(steps) > 1 else ""
    if end == "answered":
        if place.kind == "queue":
            return Chip("check", N_("The group “%(name)s” answers."), {"name": names.of("queue", place.text)}, "ready")
        if place.kind == "dial":
            return Chip("check", N_("The telephone %(number)s answers."), {"number": shown(place.text)}, "ready")
        return Chip("check", N_("%(name)s answers."), {"name": names.of("agent", place.text)}, "ready")
    if end == "waiting":
        text = N_("The caller waits in “%(name)s” until somebody is free.")
        return Chip("clock", text, {"name": names.of("queue", place.text)}, "ring")
    if end == "endless" and place.kind == "menu" and len(steps) < ENDLESS_STEPS:
        text = N_("“%(name)s” is repeated every 5 seconds until a key is pressed.")
        return Chip("redo", text, {"name": names.of("menu", place.text)}, "over")
    if end == "hangup" and before in _BEFORE_HANGUP:
        return _BEFORE_HANGUP[before]
    return _ENDS.get(end, _ENDS["hangup"])


_PLACES = ("queue", "agent", "dial", "menu")
_BEFORE_HANGUP: dict[str, Chip] = {
    "voicemail": Chip("vm", N_("The caller leaves a message."), {}, "wrap"),
    "prompt": Chip("vol", N_("The caller hears the recording to its end, and the call ends."), {}, "pause"),
    "failed": Chip("alert", N_("The caller goes round in circles until the call is ended."), {}, "missed"),
    "queue": Chip("missed", N_("Nobody answers in time, and the call ends."), {}, "missed"),
    "agent": Chip("missed", N_("Nobody answers in time, and the call ends."), {}, "missed"),
    "dial": Chip("missed", N_("Nobody answers in time, and the call ends."), {}, "missed"),
}
_ENDS: dict[str, Chip] = {
    "hangup": Chip("hang", N_("The call is ended."), {}, "pause"),
    "blocked": Chip("ban", N_("The call is refused: this number is blocked."), {}, "missed"),
    "busy": Chip("ban", N_("The caller hears “busy”: the queue is full."), {}, "missed"),
    "failed": Chip("alert", N_("The call cannot be led on and ends."), {}, "missed"),
    "endless": Chip("alert", N_("The call goes on without end."), {}, "missed"),
}


def ways(steps: Sequence[Step]) -> list[str]:
    """The ways that were taken, as marks of the tree.

    ``menu:5`` a menu was met, ``5:2`` its key 2, ``5:`` its silence.
    """
    found: list[str] = []
    here = ""
    for place, step in enumerate(steps):
        after = steps[place + 1] if place + 1 < len(steps) else Step("end", "")
        if step.kind == "menu":
            here = step.text
            found.append(f"menu:{here}")
            if _silent(after):
                found.append(f"{here}:")
        elif step.kind == "key" and here:
            found.append(f"{here}:{step.text}")
        elif step.kind == "prompt" and place and steps[place - 1].kind == "key" and _silent(after):
            # A recording was played by a key, and then the menu waited in vain.
            found.append(f"{here}:")
    return found


def _silent(after: Step) -> bool:
    """Whether a menu that is left like this was left without a key."""
    return after.kind != "key" and (after.kind != "end" or after.text == "hangup")
