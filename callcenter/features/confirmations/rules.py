"""Codes, how long a confirmation lasts, and what a company's choice of caller ID asks for. Pure."""

from __future__ import annotations

import hashlib
import hmac
from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from callcenter.core.i18n import N_

Way = Literal["call", "sms"]
NumberMode = Literal["common", "personal"]
CallerMode = Literal["line", "own", "service"]

DIGITS = 6
CODE_LIFE = timedelta(minutes=10)
TRIES = 5
ASKS = 5
"""So often a person may ask for codes within ``ASK_WINDOW``, and so many codes may go to one number."""
ASK_WINDOW = timedelta(hours=1)
MONTHS = 3
WARN = timedelta(days=14)

WAYS: dict[str, str] = {"call": N_("By a call that says the code"), "sms": N_("By an SMS message")}
NUMBER_MODES: dict[str, str] = {
    "common": N_("One number for everybody"),
    "personal": N_("Everybody's own number"),
}
CALLER_MODES: dict[str, str] = {
    "line": N_("The number of the line"),
    "own": N_("Own number"),
    "service": N_("Service number"),
}
NONE, VALID, ENDING, EXPIRED = "none", "valid", "ending", "expired"
STATES: dict[str, str] = {
    NONE: N_("Not confirmed"),
    VALID: N_("Confirmed"),
    ENDING: N_("The confirmation ends soon"),
    EXPIRED: N_("The confirmation has ended"),
}
SETTING = "calling"
"""The business's setting that holds a ``Calling``."""


class Calling(msgspec.Struct, frozen=True, kw_only=True):
    """How a company calls out: whose number counts, what clients see, and the common number (E.164, '' = none).

    ``caller_mode`` line = the line's own number, for which its operator vouches; own and service need a confirmation.
    """

    number_mode: NumberMode = "common"
    caller_mode: CallerMode = "line"
    number: str = ""


def calling(settings: dict[str, Any]) -> Calling:
    """A business's choice; what cannot be read counts as none."""
    try:
        return msgspec.convert(settings.get(SETTING, {}), Calling)
    except msgspec.ValidationError:
        return Calling()


def ends(confirmed_at: datetime) -> datetime:
    """Three calendar months later (TEL-34); where that month is too short, at its last day."""
    month = confirmed_at.month - 1 + MONTHS
    year, month = confirmed_at.year + month // 12, month % 12 + 1
    return confirmed_at.replace(year=year, month=month, day=min(confirmed_at.day, monthrange(year, month)[1]))


def state(expires_at: datetime | None, now: datetime) -> str:
    """How a confirmation stands (a key of ``STATES``)."""
    if expires_at is None:
        return NONE
    if expires_at <= now:
        return EXPIRED
    return ENDING if expires_at - now <= WARN else VALID


def wait(recent: Sequence[datetime], now: datetime) -> int:
    """Seconds until one more code may be asked for, 0 = at once; ``recent`` are earlier asks in their order."""
    if len(recent) < ASKS:
        return 0
    return max(0, int((recent[-ASKS] + ASK_WINDOW - now).total_seconds()))


def hashed(code: str, e164: str, key: str) -> str:
    """What is kept of a code. With six digits a plain hash would be no secret: ``key`` is the installation's."""
    return hmac.new(key.encode(), f"{e164}:{code}".encode(), hashlib.sha256).hexdigest()


def clean_code(typed: str) -> str:
    """The digits of what was typed, as people group them; '' when it cannot be a code."""
    digits = "".join(one for one in typed[:40] if one not in " -\u00a0")
    return digits if len(digits) == DIGITS and digits.isascii() and digits.isdecimal() else ""


def spoken(code: str, lead: str) -> str:
    """What is said: the ``lead`` and each digit as a sentence of its own, so that the voice pauses."""
    return f"{lead} {' '.join(f'{digit}.' for digit in code)}"
