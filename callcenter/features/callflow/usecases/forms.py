"""A menu's form as typed, and as the rules of menus want it."""

from __future__ import annotations

from callcenter.features.callflow.rules.typing import Row, Typed, code, goal, whole
from callcenter.features.ivr.api import MenuForm, MenuKeyForm


def form(typed: Typed) -> MenuForm:
    """The form for the rules; what is no number becomes one that they refuse."""
    repeats = {"endless": -1, "no": 0}.get(typed.repeat)
    if repeats is None:
        # Zero times is «not at all», which has a choice of its own.
        repeats = whole(typed.times) or 99
    return MenuForm(
        name=typed.name,
        prompt=typed.prompt,
        wait_seconds=whole(typed.wait_seconds),
        repeats=repeats,
        activity=typed.activity,
        timeout=goal(typed.timeout, typed.timeout_number),
        keys=tuple(MenuKeyForm(key=one.key, goal=goal(one.goal, one.number)) for one in typed.rows),
    )


def typed(menu: MenuForm) -> Typed:
    """The form of a menu that is there."""
    return Typed(
        name=menu.name,
        prompt=menu.prompt,
        wait_seconds=str(menu.wait_seconds),
        repeat="endless" if menu.repeats < 0 else "times" if menu.repeats else "no",
        times=str(menu.repeats if menu.repeats > 0 else 2),
        activity=menu.activity,
        timeout=code(menu.timeout),
        timeout_number=menu.timeout.number,
        rows=[Row(key=one.key, goal=code(one.goal), number=one.goal.number) for one in menu.keys],
    )
