"""A number's settings: each field is checked by itself, and all that are wrong are named at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core import routing
from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.core.routing import Forward, Goal, Hours
from callcenter.features.agents import api as agents
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import rules
from callcenter.features.numbers.models import Number
from callcenter.features.numbers.rules import hours as rules_hours
from callcenter.features.numbers.usecases import prompts
from callcenter.features.numbers.usecases.callers import confirmed
from callcenter.features.queues import api as queues

Unset = msgspec.UnsetType
NOT_CONFIRMED = N_("Confirm this number first: calls are forwarded to confirmed numbers only.")


class NumberPatch(msgspec.Struct, kw_only=True):
    """Changes of a number; what is absent stays. Seconds, days, E.164, prompts by name ('' = none), ids.

    ``takers`` 'all' or 'some' (with ``agent_ids``, whose order is that of the distribution in order) gives the number a
    queue of its own (INB-03) with ``strategy`` and ``ring_seconds``; 'target' sends calls to ``target_kind`` queue,
    menu or agent with ``target_id``. ``hours`` None = always open; ``menu_id`` None = no menu first.
    """

    title: str | Unset = UNSET
    record: bool | Unset = UNSET
    outgoing: bool | Unset = UNSET
    takers: str | Unset = UNSET
    agent_ids: list[int] | Unset = UNSET
    target_kind: str | Unset = UNSET
    target_id: int | Unset = UNSET
    strategy: str | Unset = UNSET
    ring_seconds: int | Unset = UNSET
    own_first: bool | Unset = UNSET
    last_days: int | Unset = UNSET
    own_seconds: int | Unset = UNSET
    priority: int | Unset = UNSET
    hours: Hours | Unset | None = UNSET
    closed_target: Goal | Unset | None = UNSET
    greeting: str | Unset = UNSET
    waiting: str | Unset = UNSET
    busy: str | Unset = UNSET
    nobody: str | Unset = UNSET
    closed: str | Unset = UNSET
    menu_id: int | Unset | None = UNSET
    forward: Forward | Unset = UNSET
    missed_agent_id: int | Unset | None = UNSET


async def fill(session: AsyncSession, number: Number, patch: NumberPatch, now: datetime) -> None:
    """Puts the patch's plain settings into the row. Raises BadInput that names every wrong field."""
    wrong: dict[str, str] = {}
    for name in ("record", "outgoing", "own_first"):
        if (value := getattr(patch, name)) is not UNSET:
            setattr(number, name, value)
    for name, (least, most) in rules.LIMITS.items():
        if (value := getattr(patch, name)) is UNSET:
            continue
        if least <= value <= most:
            setattr(number, name, value)
        else:
            wrong[name] = rules.LIMIT_TEXTS[name]
    for name in rules.SITUATIONS:
        value = getattr(patch, name)
        if value is UNSET:
            continue
        if value and value != getattr(number, name) and not await prompts.exists(session, value):
            wrong[name] = N_("This prompt is not there any more. Choose another one.")
        else:
            setattr(number, name, value)
    if patch.menu_id is not UNSET:
        if patch.menu_id is not None and await ivr.get(session, patch.menu_id) is None:
            wrong["menu_id"] = N_("This voice menu is not there any more. Choose another one.")
        else:
            number.menu_id = patch.menu_id
    if patch.missed_agent_id is not UNSET:
        if patch.missed_agent_id is not None and await agents.get(session, patch.missed_agent_id) is None:
            wrong["missed_agent_id"] = N_("This employee is not there any more. Choose another one.")
        else:
            number.missed_agent_id = patch.missed_agent_id
    if wrong:
        raise BadInput(next(iter(wrong.values())), fields=wrong)
    if patch.hours is not UNSET:
        number.hours = None if patch.hours is None else routing.stored(rules_hours.checked(patch.hours))
    if patch.closed_target is not UNSET:
        number.closed_target = routing.stored(await checked_goal(session, patch.closed_target, "closed_target"))
    if patch.forward is not UNSET:
        number.forward = routing.stored(await _forward(session, number, patch.forward, now))


async def checked_goal(session: AsyncSession, goal: Goal | None, field: str) -> Goal | None:
    """A goal that there is, with its number as E.164. Raises BadInput that names ``field``."""
    if goal is None or goal.kind == "hangup":
        return goal
    if goal.kind == "external":
        e164 = to_e164(goal.number)
        if e164 is None:
            message = N_("This is not a telephone number.")
            raise BadInput(message, fields={field: message})
        return Goal(kind="external", number=e164)
    found: Any
    if goal.kind == "play":
        found = await prompts.exists(session, goal.prompt)
    elif goal.kind == "voicemail" and goal.id is None:
        found = True
    elif goal.id is None or goal.kind not in rules.GOAL_KINDS:
        found = None
    elif goal.kind in ("queue", "voicemail"):
        found = await queues.get(session, goal.id)
    elif goal.kind == "menu":
        found = await ivr.get(session, goal.id)
    else:
        found = await agents.get(session, goal.id)
    if not found:
        message = N_("This is not there any more. Choose where calls go.")
        raise BadInput(message, fields={field: message})
    return goal


async def _forward(session: AsyncSession, number: Number, wish: Forward, now: datetime) -> Forward:
    """Forwarding that may be kept: its one number is a telephone number and confirmed (INB-14)."""
    wrong: dict[str, str] = {}
    for name, (least, most) in rules.FORWARD_LIMITS.items():
        if not least <= getattr(wish, name) <= most:
            wrong[f"forward_{name}"] = rules.LIMIT_TEXTS[f"forward_{name}"]
    e164 = to_e164(wish.number) if wish.number else ""
    if wish.mode == "one":
        if not e164:
            wrong["forward_number"] = N_("This is not a telephone number.")
        elif not await confirmed(session, e164, now):
            wrong["forward_number"] = NOT_CONFIRMED
    if wrong:
        raise BadInput(next(iter(wrong.values())), fields=wrong)
    return msgspec.structs.replace(wish, number=e164 or "")
