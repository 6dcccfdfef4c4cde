"""A simulated caller: what would happen to a call, without a call."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import shown, to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.dialplan import api as dialplan
from callcenter.features.ivr.api import KEYS
from callcenter.telephony.config.model import Model, Number, Target
from callcenter.telephony.config.simulate import State, Step, is_open, simulate
from callcenter.telephony.config.story import Chip, Names, answer, chips, ways

MAX_PRESSED = 40


class TryBody(msgspec.Struct, kw_only=True):
    """A simulated call.

    To ``number_id``, or straight to ``menu_id`` that no number leads to. ``at`` is local time of the company,
    ``2026-03-02T10:30`` ('' = now); ``caller`` a telephone number ('' = hidden); each of ``keys`` is pressed when a
    menu waits for one, '' lets it wait in vain. ``answered`` false: nobody answers anywhere.
    """

    number_id: int | None = None
    menu_id: int | None = None
    at: str = ""
    caller: str = ""
    keys: list[str] = []
    answered: bool = True


@dataclasses.dataclass(frozen=True)
class Tried:
    """What came out: stops, the answer, marks of the ways in the tree, and the moment it was tried for."""

    path: list[Chip]
    answer: Chip
    ways: list[str]
    at: datetime
    steps: tuple[Step, ...]


async def run(session: AsyncSession, business_id: int, body: TryBody, names: Names, now: datetime) -> Tried:
    """Tries a call (business session). Raises BadInput, NotFound."""
    business = await accounts.business(session, business_id)
    zone = ZoneInfo(business.timezone if business else "UTC")
    at = _moment(body.at, zone, now)
    caller = to_e164(body.caller) if body.caller.strip() else ""
    if caller is None:
        raise BadInput(N_("The caller's number is not a telephone number."), fields={"caller": _NO_NUMBER})
    if len(body.keys) > MAX_PRESSED or any(key and (len(key) > 1 or key not in KEYS) for key in body.keys):
        raise BadInput(N_("Only the keys 0–9, * and # can be pressed, at most %(limit)s times."), limit=MAX_PRESSED)
    model, number = _aimed(await dialplan.drafted_model(session, business_id), business_id, body)
    steps = simulate(
        model, number.id, at=at, caller=caller, keys=tuple(body.keys), state=None if body.answered else nobody(model)
    )
    path = chips(steps, names)
    marks = ways(steps)
    if number.id:
        path.insert(0, Chip("in", "%(number)s", {"number": shown(number.e164)}))
        if number.hours is not None and not any(step.kind in ("closed", "blocked") for step in steps):
            days = {day.day.isoformat(): day.spans for one in model.businesses for day in one.days}
            opened = is_open(number.hours, days, at)
            word = N_("In working hours") if opened else N_("Out of working hours")
            path.insert(1, Chip("clock", word, {}))
            marks.insert(0, "open" if opened else "closed")
        elif any(step.kind == "closed" for step in steps):
            marks.insert(0, "closed")
    return Tried(path, answer(steps, names), marks, at, steps)


_NO_NUMBER = N_("This is not a telephone number. Write it like +7 495 123-45-67.")


def nobody(model: Model) -> State:
    """Nobody answers: neither groups nor employees nor telephones outside."""
    outside: Mapping[str, bool] = _Never()
    return State(
        queues={one.id: "timeout" for one in model.queues},
        agents={one.id: "no_answer" for one in model.agents},
        outside=outside,
    )


class _Never(dict[str, bool]):
    def get(self, key: str, default: Any = None) -> bool:
        return False


def _aimed(model: Model, business_id: int, body: TryBody) -> tuple[Model, Number]:
    if body.number_id is not None:
        for number in model.numbers:
            if number.id == body.number_id:
                return model, number
        raise NotFound(N_("This number is not there."))
    if not any(one.id == body.menu_id for one in model.menus):
        raise NotFound(N_("This menu is not there."))
    number = Number(id=0, business_id=business_id, e164="", target=Target(kind="menu", id=body.menu_id))
    return dataclasses.replace(model, numbers=(*model.numbers, number)), number


def _moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    if not text.strip():
        return now.astimezone(zone)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        message = N_("Choose a day and a time.")
        raise BadInput(message, fields={"at": message}) from None
    if not 2000 <= found.year <= 2100:
        message = N_("Choose a day and a time.")
        raise BadInput(message, fields={"at": message})
    return found.replace(tzinfo=zone) if found.tzinfo is None else found
