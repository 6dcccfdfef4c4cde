"""A number's page has sections, each a form: what was typed as a change, and what to show in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from multidict import MultiMapping

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.routing import MAX_SPANS, WEEK, Forward, Goal
from callcenter.features.numbers import rules
from callcenter.features.numbers.rules import hours as rules_hours
from callcenter.features.numbers.usecases import NumberPatch

Form = MultiMapping[str]

SECTIONS: dict[str, str] = {
    "line": N_("Line"),
    "hours": N_("Working hours"),
    "menu": N_("First voice menu"),
    "takers": N_("Who takes the calls"),
    "forward": N_("Forwarding"),
    "prompts": N_("Prompts"),
    "missed": N_("Missed calls"),
}
PERSONAL = ("line", "hours", "forward", "prompts", "missed")
"""The sections of a personal number: it rings its owner only."""


def patch(section: str, form: Form) -> NumberPatch:
    """What a section's form changes. Raises BadInput with the fields of the form."""
    return _READERS[section](form)


def values(one: Mapping[str, Any]) -> dict[str, Any]:
    """What the forms show of a number (``NumberView`` as a dict)."""
    forward: Forward = one["forward"]
    goal: Goal | None = one["closed_target"]
    target = one["target"]
    return {
        **one,
        "target_choice": f"{target.kind}-{target.id}" if one["takers"] == "target" else "",
        "mode": "always" if one["hours"] is None else "week",
        "zone": one["hours"].zone if one["hours"] else "",
        "week": rules_hours.shown(one["hours"]),
        "closed_choice": _choice_of(goal),
        "closed_number": goal.number if goal else "",
        "forward_mode": forward.mode,
        "forward_number": forward.number,
        "forward_seconds": forward.seconds,
        "forward_attempts": forward.attempts,
        "forward_show": forward.show,
    }


def typed(section: str, form: Form) -> dict[str, Any]:
    """What was typed, for a form that is shown again."""
    shown: dict[str, Any] = {name: form[name] for name in form if name not in ("_csrf", "scope")}
    for name in ("record", "outgoing", "own_first"):
        shown[name] = name in form
    if section == "takers":
        shown["agent_ids"] = _ids(form, "agent_ids")
        shown["order"] = _ids(form, "order")
        shown["target_choice"] = form.get("target", "")
    if section == "hours":
        shown["week"] = _week(form)
    for name in ("menu_id", "missed_agent_id"):
        if name in form:
            shown[name] = int(form[name]) if _is_id(form[name]) else None
    return shown


def _line(form: Form) -> NumberPatch:
    return NumberPatch(title=form.get("title", ""), record="record" in form, outgoing="outgoing" in form)


def _hours(form: Form) -> NumberPatch:
    found = NumberPatch(closed_target=_goal(form))
    if form.get("mode") == "always":
        found.hours = None
    else:
        found.hours = rules_hours.from_form(_week(form), form.get("zone", ""))
    return found


def _menu(form: Form) -> NumberPatch:
    return NumberPatch(menu_id=_id(form, "menu_id"))


def _takers(form: Form) -> NumberPatch:
    wrong: dict[str, str] = {}
    found = NumberPatch(takers=form.get("takers", ""), own_first="own_first" in form)
    for name in ("last_days", "own_seconds", "priority"):
        setattr(found, name, _whole(form, name, wrong))
    if found.takers == "target":
        kind, _, target_id = form.get("target", "").partition("-")
        if _is_id(target_id):
            found.target_kind, found.target_id = kind, int(target_id)
        else:
            wrong["target_id"] = N_("Choose where calls to this number go.")
    else:
        chosen = set(_ids(form, "agent_ids"))
        order = _ids(form, "order") or sorted(chosen)
        found.agent_ids = [one for one in order if found.takers == "all" or one in chosen]
        found.strategy = form.get("strategy", "")
        found.ring_seconds = _whole(form, "ring_seconds", wrong)
    if wrong:
        raise BadInput(next(iter(wrong.values())), fields=wrong)
    return found


def _forward(form: Form) -> NumberPatch:
    wrong: dict[str, str] = {}
    mode, show = form.get("forward_mode", "off"), form.get("forward_show", "called")
    if mode not in ("off", "one", "own"):
        wrong["forward_mode"] = N_("This value cannot be used.")
    seconds, attempts = _whole(form, "forward_seconds", wrong), _whole(form, "forward_attempts", wrong)
    if wrong:
        raise BadInput(next(iter(wrong.values())), fields=wrong)
    return NumberPatch(
        forward=Forward(
            mode=cast(Any, mode),
            number=form.get("forward_number", ""),
            seconds=seconds,
            attempts=attempts,
            show="caller" if show == "caller" else "called",
        )
    )


def _prompts(form: Form) -> NumberPatch:
    found = NumberPatch()
    for name in rules.SITUATIONS:
        setattr(found, name, form.get(name, ""))
    return found


def _missed(form: Form) -> NumberPatch:
    return NumberPatch(missed_agent_id=_id(form, "missed_agent_id"))


_READERS: dict[str, Callable[[Form], NumberPatch]] = {
    "line": _line,
    "hours": _hours,
    "menu": _menu,
    "takers": _takers,
    "forward": _forward,
    "prompts": _prompts,
    "missed": _missed,
}


def _week(form: Form) -> list[list[tuple[str, str]]]:
    days = []
    for number in range(WEEK):
        begins, ends = form.getall(f"from{number}", []), form.getall(f"to{number}", [])
        days.append([(b[:9], e[:9]) for b, e in list(zip(begins, ends, strict=False))[: MAX_SPANS + 1]])
    return days


def _goal(form: Form) -> Goal:
    choice = form.get("closed_choice", "hangup")
    if choice == "external":
        return Goal(kind="external", number=form.get("closed_number", ""))
    kind, _, target_id = choice.partition("-")
    return Goal(kind=kind, id=int(target_id) if _is_id(target_id) else None)


def _choice_of(goal: Goal | None) -> str:
    if goal is None:
        return "hangup"
    return f"{goal.kind}-{goal.id}" if goal.id is not None else goal.kind


def _id(form: Form, name: str) -> int | None:
    text = form.get(name, "")
    return int(text) if _is_id(text) else None


def _ids(form: Form, name: str) -> list[int]:
    return [int(one) for one in form.getall(name, []) if _is_id(one)]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _whole(form: Form, name: str, wrong: dict[str, str]) -> int:
    text = form.get(name, "").strip()
    if _is_id(text):
        return int(text)
    wrong[name] = N_("Enter a whole number.") if text else N_("Fill in this field.")
    return 0
