"""What a voice menu may be, and what is wrong with menus as they stand. Pure.

Whatever is refused here is refused when a menu is saved, so that it never reaches a caller.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.core.routing import GOALS, Goal

KEYS = "1234567890*#"
"""All keys of a telephone, in the order in which they are shown."""
ENDLESS = -1
MAX_NAME, MAX_MENUS = 100, 50
MAX_REPEATS = 9
WAIT = (1, 30)
"""Seconds that a menu waits for a key."""
ACTIVITIES: dict[str, str] = {
    "always": N_("At any time"),
    "open": N_("In working hours"),
    "closed": N_("Out of working hours"),
    "never": N_("Never"),
}
KINDS = (*GOALS, "agent_voicemail")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")

NO_NAME = N_("Enter a name of at most 100 characters.")
SAME_NAME = N_("There is a menu of this name already.")
WRONG_ACTIVITY = N_("Choose when the menu is played.")
WRONG_PROMPT = N_("This recording is not there. Choose another one.")
WRONG_WAIT = N_("A menu waits 1 to 30 seconds for a key.")
WRONG_REPEATS = N_("Repeat 1 to 9 times, without end, or not at all.")
NO_KEY = N_("Choose a key: 0–9, * or #.")
TWICE = N_("This key stands twice. Choose another one.")
NO_GOAL = N_("Choose what happens.")
GONE = N_("This is not there any more. Choose another one.")
NO_NUMBER = N_("This is not a telephone number. Write it like +7 495 123-45-67.")
ITSELF = N_("A menu cannot lead to itself. Choose “Repeat”.")
ONLY_ONE = N_("There is only one menu: make another one first.")
CIRCLE = N_("Who presses nothing goes in circles without end: %(way)s.")
SOME_WRONG = N_("The menu was not saved: some of it cannot be used.")


class MenuKeyForm(msgspec.Struct, frozen=True, kw_only=True):
    """A key and where it leads."""

    key: str
    goal: Goal


class MenuForm(msgspec.Struct, frozen=True, kw_only=True):
    """A menu as it is written down.

    ``prompt`` is a prompt's name ('' = none), ``wait_seconds`` how long it waits for a key, ``repeats`` how often the
    greeting comes again after that (-1 = without end, 5 seconds apart). Then ``timeout`` happens.
    """

    name: str
    prompt: str = ""
    wait_seconds: int = 5
    repeats: int = 2
    activity: str = "always"
    timeout: Goal = Goal(kind="hangup")
    keys: tuple[MenuKeyForm, ...] = ()


class Known(NamedTuple):
    """What a business has that a menu can point at: ids, prompts' names; ``menus`` are names by id."""

    agents: Collection[int]
    queues: Collection[int]
    menus: Mapping[int, str]
    prompts: Collection[str]


class Line(NamedTuple):
    """A menu as the checks see it."""

    id: int
    name: str
    prompt: str
    repeats: int
    timeout: Goal
    keys: tuple[tuple[str, Goal], ...]


class Fault(NamedTuple):
    """Something wrong: a gettext key with values, of a ``menu`` (id); ``key`` '' = of its silence, None = of all."""

    menu: int
    key: str | None
    text: str
    values: Mapping[str, Any]


def clean(form: MenuForm, known: Known, menu_id: int | None = None) -> MenuForm:
    """The form as it is kept. Raises BadInput that names every wrong field.

    Fields are called ``name``, ``prompt``, ``timeout`` …, those of a key ``key-<n>`` and ``goal-<n>`` by its place.
    """
    wrong: dict[str, str] = {}
    name = " ".join(_CONTROL.sub(" ", form.name).split())
    if not name or len(name) > MAX_NAME:
        wrong["name"] = NO_NAME
    elif any(name.casefold() == other.casefold() for id_, other in known.menus.items() if id_ != menu_id):
        wrong["name"] = SAME_NAME
    if form.activity not in ACTIVITIES:
        wrong["activity"] = WRONG_ACTIVITY
    if form.prompt and form.prompt not in known.prompts:
        wrong["prompt"] = WRONG_PROMPT
    if not WAIT[0] <= form.wait_seconds <= WAIT[1]:
        wrong["wait_seconds"] = WRONG_WAIT
    if not ENDLESS <= form.repeats <= MAX_REPEATS:
        wrong["repeats"] = WRONG_REPEATS
    timeout, said = goal(form.timeout, known, menu_id)
    if said:
        wrong["timeout"] = said
    counts = Counter(one.key for one in form.keys)
    keys = []
    for place, one in enumerate(form.keys):
        if len(one.key) != 1 or one.key not in KEYS:
            wrong[f"key-{place}"] = NO_KEY
        elif counts[one.key] > 1:
            wrong[f"key-{place}"] = TWICE
        kept, said = goal(one.goal, known, menu_id)
        if said:
            wrong[f"goal-{place}"] = said
        keys.append(MenuKeyForm(key=one.key, goal=kept))
    if wrong:
        only = next(iter(wrong.values())) if len(wrong) == 1 else SOME_WRONG
        raise BadInput(only, fields=wrong)
    keys.sort(key=lambda one: KEYS.index(one.key))
    return MenuForm(
        name=name,
        prompt=form.prompt,
        wait_seconds=form.wait_seconds,
        repeats=form.repeats,
        activity=form.activity,
        timeout=timeout,
        keys=tuple(keys),
    )


def goal(wish: Goal, known: Known, menu_id: int | None = None) -> tuple[Goal, str]:
    """The goal with only what belongs to its kind, and what is wrong with it ('' = nothing)."""
    kind = wish.kind
    if kind == "external":
        number = to_e164(wish.number)
        return Goal(kind=kind, number=number or wish.number), "" if number else NO_NUMBER
    if kind == "play":
        return Goal(kind=kind, prompt=wish.prompt), "" if wish.prompt in known.prompts else WRONG_PROMPT
    if kind in ("repeat", "hangup"):
        return Goal(kind=kind), ""
    kept = Goal(kind=kind, id=wish.id)
    if kind == "menu":
        if menu_id is not None and wish.id == menu_id:
            return kept, ITSELF
        if not known.menus.keys() - {menu_id}:
            return kept, ONLY_ONE
        return kept, "" if wish.id in known.menus else GONE
    if kind == "voicemail" and wish.id is None:
        return kept, ""
    there: dict[str, Collection[int]] = {
        "agent": known.agents, "agent_voicemail": known.agents, "queue": known.queues, "voicemail": known.queues,
    }  # fmt: skip
    if kind not in there:
        return kept, NO_GOAL
    return kept, "" if wish.id in there[kind] else GONE


def no_circle(menus: Iterable[Line], menu_id: int) -> None:
    """Raises BadInput when a caller who presses nothing comes from this menu back to it without end."""
    by_id = {one.id: one for one in menus}
    if way := _circle(by_id, menu_id):
        names = " → ".join(by_id[one].name for one in way)
        raise BadInput(CIRCLE, fields={"timeout": N_("This way leads back here.")}, way=names)


def _circle(menus: Mapping[int, Line], menu_id: int) -> list[int]:
    """The menus of a circle of silence that begins with this one; [] = none."""
    way: list[int] = [menu_id]
    while True:
        here = menus.get(way[-1])
        if here is None or here.repeats == ENDLESS or here.timeout.kind != "menu" or here.timeout.id is None:
            return []
        way.append(here.timeout.id)
        if here.timeout.id == menu_id:
            return way
        if len(set(way)) < len(way):
            # A circle further on: it is told of those menus.
            return []


def faults(menus: Sequence[Line], known: Known) -> list[Fault]:
    """What is wrong with menus as they are stored: things that were deleted since, circles, dead ends."""
    by_id = {one.id: one for one in menus}
    found: list[Fault] = []
    for menu in menus:
        if menu.prompt and menu.prompt not in known.prompts:
            found.append(Fault(menu.id, None, N_("“%(menu)s” plays a recording that is not there."), _named(menu)))
        elif not menu.prompt:
            found.append(Fault(menu.id, None, N_("“%(menu)s” says nothing: choose a greeting."), _named(menu)))
        for key, target in menu.keys:
            if goal(target, known, menu.id)[1]:
                text = N_("“%(menu)s”, key %(key)s: this way leads nowhere.")
                found.append(Fault(menu.id, key, text, {**_named(menu), "key": key}))
        if menu.repeats != ENDLESS and goal(menu.timeout, known, menu.id)[1]:
            text = N_("“%(menu)s”, no key pressed: this way leads nowhere.")
            found.append(Fault(menu.id, "", text, _named(menu)))
        way = _circle(by_id, menu.id)
        if way and menu.id == min(way):
            names = " → ".join(by_id[one].name for one in way)
            found.append(Fault(menu.id, "", CIRCLE, {**_named(menu), "way": names}))
        if not _leads_out(menu, by_id):
            text = N_("“%(menu)s” is a dead end: whatever a caller presses, he stays among menus.")
            found.append(Fault(menu.id, None, text, _named(menu)))
    return found


def ways(menus: Sequence[Line], first: int) -> int:
    """How many ways lead out of a menu and those behind it: each key, and silence where it leads on."""
    by_id = {one.id: one for one in menus}
    count, seen, waiting = 0, {first}, [first]
    while waiting:
        here = by_id.get(waiting.pop())
        if here is None:
            continue
        goals = [target for _, target in here.keys] + ([here.timeout] if here.repeats != ENDLESS else [])
        for target in goals:
            if target.kind != "menu":
                count += 1
            elif target.id is not None and target.id not in seen:
                seen.add(target.id)
                waiting.append(target.id)
    return count


def _leads_out(menu: Line, menus: Mapping[int, Line]) -> bool:
    """Whether by keys or by waiting a caller comes from a menu to something else than menus."""
    seen, waiting = {menu.id}, [menu]
    while waiting:
        here = waiting.pop()
        goals = [target for _, target in here.keys]
        if here.repeats != ENDLESS:
            goals.append(here.timeout)
        for target in goals:
            there = menus.get(target.id or 0) if target.kind == "menu" else None
            if there is not None and there.id not in seen:
                seen.add(there.id)
                waiting.append(there)
            elif target.kind not in ("menu", "repeat", "play"):
                return True
            elif target is here.timeout and target.kind == "play":
                # Played in place of a key, it is the last thing that a caller hears.
                return True
    return False


def _named(menu: Line) -> dict[str, Any]:
    return {"menu": menu.name}
