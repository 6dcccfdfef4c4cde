"""Ad campaigns: what a form may say, and whether a campaign runs. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

State = Literal["planned", "active", "finished"]
STATE_TITLES: dict[State, str] = {
    "planned": N_("Campaign is planned"),
    "active": N_("Campaign runs"),
    "finished": N_("Campaign is finished"),
}
MAX_NAME = 100
MAX_BUDGET = 10**12


def state(starts_on: date, ends_on: date | None, today: date) -> State:
    """Whether a campaign runs on ``today``; without an end it runs on."""
    if starts_on > today:
        return "planned"
    # «Finish» sets the end to today: from then on it is over.
    return "finished" if ends_on is not None and ends_on <= today else "active"


def name(text: str) -> str:
    """The campaign's name; raises BadInput when it is empty or too long."""
    line = " ".join(text.split())
    if not line or len(line) > MAX_NAME or not line.isprintable():
        message = N_("Give the campaign a name of at most %(limit)s characters.")
        raise BadInput(message, fields={"name": N_("Fill in this field.")}, limit=MAX_NAME)
    return line


def day(text: str, field: str) -> date | None:
    """A day as ``2026-03-02``, None when empty; raises BadInput."""
    if not text.strip():
        return None
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year <= 2200:
        raise BadInput(N_("This is not a date."), fields={field: N_("This is not a date.")})
    return found


def period(starts_on: date | None, ends_on: date | None) -> date:
    """The first day; raises BadInput when there is none or the last day is before it."""
    if starts_on is None:
        raise BadInput(N_("Give the first day."), fields={"starts_on": N_("Fill in this field.")})
    if ends_on is not None and ends_on < starts_on:
        message = N_("The last day is before the first one.")
        raise BadInput(message, fields={"ends_on": message})
    return starts_on


def budget(text: str, digits: int) -> int | None:
    """A sum as typed (``12 500,50``) in minor units of a currency with ``digits``; None when empty. BadInput."""
    plain = "".join(text.split()).replace(",", ".")
    if not plain:
        return None
    try:
        minor = Decimal(plain).scaleb(digits)
        whole = int(minor)
    except (InvalidOperation, ValueError, OverflowError):
        minor, whole = Decimal(-1), -1
    if minor != whole or not 0 <= whole <= MAX_BUDGET:
        message = N_("This is not a sum of money. Write it like 12500 or 12500.50.")
        raise BadInput(message, fields={"budget": message})
    return whole
