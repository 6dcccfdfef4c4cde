"""The tree of a number's calls: number, hours, menus, keys, targets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.core.routing import DAY, Goal, Hours, clock

Say = Callable[..., str]
"""``say(text, **values)``: a gettext key in the reader's language."""
DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
ICONS: dict[str, tuple[str, str]] = {
    "queue": ("queue", "talk"), "agent": ("user", "pause"), "external": ("out", "pause"), "menu": ("keypad", "pause"),
    "play": ("vol", "pause"), "voicemail": ("vm", "wrap"), "agent_voicemail": ("vm", "wrap"),
    "repeat": ("redo", "pause"), "hangup": ("hang", "pause"),
}  # fmt: skip
"""Icon and data-state of each kind of goal."""

HANGUP = Goal(kind="hangup")


@dataclass(frozen=True)
class MenuLine:
    """A menu in the tree; ``keys`` in the order of the keypad."""

    id: int
    name: str
    activity: str
    wait_seconds: int
    repeats: int
    timeout: Goal
    keys: tuple[tuple[str, Goal], ...]


@dataclass(frozen=True)
class NumberLine:
    """A number: ``goal`` is where its calls go, ``first`` the menu before that (id), ``hours`` None = always."""

    id: int
    e164: str
    title: str
    goal: Goal
    first: int | None = None
    hours: Hours | None = None
    closed: Goal = HANGUP


@dataclass(frozen=True)
class World:
    """What the tree is made of, with names by id; ``agents`` have (name, short number), prompts titles by name."""

    menus: Mapping[int, MenuLine]
    queues: Mapping[int, str] = field(default_factory=dict)
    agents: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Node:
    """A card. ``press`` stands on the line to it, ``way`` is what a simulated caller's path marks, '' = always."""

    icon: str
    state: str
    title: str
    note: str
    href: str = ""
    way: str = ""
    press: str = ""
    press_title: str = ""
    chosen: bool = False
    menu: bool = False
    under: list[Node] = field(default_factory=list)

    @property
    def shut(self) -> bool:
        """Whether what stands behind it is folded: a menu that neither is the chosen one nor leads to it."""
        return self.menu and bool(self.under) and not self.leads_to_chosen

    @property
    def leads_to_chosen(self) -> bool:
        """Whether the chosen menu is this one or stands somewhere behind it."""
        return self.chosen or any(one.leads_to_chosen for one in self.under)


def first_menu(number: NumberLine, world: World) -> MenuLine | None:
    """The menu that callers of a number may meet first; one that is never active is none."""
    found = world.menus.get(number.first or 0)
    return found if found is not None and found.activity != "never" else None


def reaches(world: World, goals: Sequence[Goal], menu_id: int) -> bool:
    """Whether a menu can be reached by some of these goals and what stands behind them."""
    seen: set[int] = set()
    waiting = list(goals)
    while waiting:
        goal = waiting.pop()
        if goal.kind != "menu" or goal.id is None or goal.id in seen:
            continue
        if goal.id == menu_id:
            return True
        seen.add(goal.id)
        if there := world.menus.get(goal.id):
            waiting += [there.timeout, *(target for _, target in there.keys)]
    return False


def goals_of(number: NumberLine, world: World) -> list[Goal]:
    """Where a number's calls may go first."""
    first = first_menu(number, world)
    return [
        *([Goal(kind="menu", id=first.id)] if first else []),
        number.goal,
        *([number.closed] if number.hours else []),
    ]


class Tree:
    """Draws trees of one world in one language. ``chosen`` is the menu that is edited."""

    def __init__(self, world: World, say: Say, chosen: int | None = None, number_id: int | None = None) -> None:
        self.world, self.say, self.chosen = world, say, chosen
        self.query = f"?number={number_id}" if number_id else ""
        self.drawn: set[int] = set()

    def number(self, number: NumberLine) -> Node:
        """A number with everything behind it."""
        root = Node(
            "in", "pause", shown(number.e164), number.title or self.say(N_("multichannel number")),
            href=f"/numbers?edit={number.id}",
        )  # fmt: skip
        first = first_menu(number, self.world)
        if first is not None and (first.activity == "always" or (first.activity == "open" and number.hours is None)):
            root.under = [self.menu(first)]
            return root
        opened = self.menu(first) if first and first.activity == "open" else self.goal(number.goal)
        if number.hours is None:
            root.under = [opened]
            return root
        opened.press, opened.press_title, opened.way = (
            self.say(N_("Yes")),
            self.say(N_("It is open")),
            opened.way or "open",
        )
        hours = Node(
            "clock",
            "pause",
            self.say(N_("Working hours")),
            week(number.hours, self.say),
            href=f"/numbers?edit={number.id}",
        )
        shut = self.menu(first) if first and first.activity == "closed" else self.goal(number.closed)
        shut.press, shut.press_title = self.say(N_("No")), self.say(N_("It is closed"))
        opened.way, shut.way = "open", "closed"
        hours.under = [opened, shut]
        root.under = [hours]
        return root

    def menu(self, menu: MenuLine) -> Node:
        """A menu with its keys; one that stands in the tree already is only named again."""
        note = self.say(N_("waits %(seconds)s s"), seconds=menu.wait_seconds)
        if menu.id != self.chosen:
            note = self.say(N_("keys: %(count)s"), count=len(menu.keys))
        node = Node("keypad", "pause", menu.name, note, href=f"/menus/{menu.id}{self.query}", way=f"menu:{menu.id}")
        node.menu, node.chosen = True, menu.id == self.chosen and menu.id not in self.drawn
        if menu.id in self.drawn:
            node.icon, node.note = "redo", self.say(N_("goes on there"))
            return node
        self.drawn.add(menu.id)
        for place, (key, target) in enumerate(menu.keys):
            there = self.goal(target, menu)
            there.press, there.press_title = key, self.say(N_("Key %(key)s"), key=key)
            there.way = f"{menu.id}:{key}"
            if target.kind != "menu":
                there.href = f"/menus/{menu.id}{self.query}#row-{place}"
            node.under.append(there)
        if menu.repeats >= 0:
            last = self.goal(menu.timeout, menu, silent=True)
            last.press, last.press_title, last.way = "…", self.say(N_("No key pressed")), f"{menu.id}:"
            if menu.timeout.kind != "menu":
                last.href = f"/menus/{menu.id}{self.query}#silence"
            node.under.append(last)
        return node

    def goal(self, goal: Goal, of: MenuLine | None = None, *, silent: bool = False) -> Node:
        """A target."""
        if goal.kind == "menu" and (menu := self.world.menus.get(goal.id or 0)):
            return self.menu(menu)
        icon, state = ICONS.get(goal.kind, ("alert", "missed"))
        title, note = name(goal, self.world, self.say)
        if not title:
            return Node("alert", "missed", self.say(N_("Leads nowhere")), self.say(N_("choose another target")))
        if goal.kind == "play":
            note = self.say(N_("then the menu again") if of and not silent else N_("then the call ends"))
        return Node(icon, state, title, note)


def name(goal: Goal, world: World, say: Say) -> tuple[str, str]:
    """What a target is called, and one line beside it; '' when it is not there any more."""
    there = goal.id or 0
    if goal.kind == "queue":
        return world.queues.get(there, ""), say(N_("group"))
    if goal.kind in ("agent", "agent_voicemail"):
        found, short = world.agents.get(there, ("", ""))
        if goal.kind == "agent":
            return found, say(N_("ext. %(number)s"), number=short)
        return (say(N_("Message")), found) if found else ("", "")
    if goal.kind == "external":
        return shown(goal.number), say(N_("outside number"))
    if goal.kind == "play":
        return world.prompts.get(goal.prompt, ""), ""
    if goal.kind == "voicemail":
        if goal.id is None:
            return say(N_("Message")), say(N_("for the company"))
        return (say(N_("Message")), world.queues[there]) if there in world.queues else ("", "")
    if goal.kind == "menu":
        menu = world.menus.get(there)
        return (menu.name, say(N_("menu"))) if menu else ("", "")
    if goal.kind == "repeat":
        return say(N_("Repeat")), say(N_("the menu again"))
    return (say(N_("End the call")), say(N_("the caller is hung up on"))) if goal.kind == "hangup" else ("", "")


def week(hours: Hours, say: Say) -> str:
    """Working hours in a line: ``Mon–Fri 09:00–20:00, Sat 10:00–15:00``."""
    parts: list[str] = []
    day = 0
    while day < len(hours.week):
        last = day
        while last + 1 < len(hours.week) and hours.week[last + 1] == hours.week[day]:
            last += 1
        if spans := hours.week[day]:
            days = say(DAYS[day]) if day == last else f"{say(DAYS[day])}–{say(DAYS[last])}"
            parts.append(f"{days} {', '.join(_span(one, say) for one in spans)}")
        day = last + 1
    return ", ".join(parts) or say(N_("never open"))


def _span(span: tuple[int, int], say: Say) -> str:
    return say(N_("all day")) if tuple(span) == (0, DAY) else f"{clock(span[0])}–{clock(span[1])}"
