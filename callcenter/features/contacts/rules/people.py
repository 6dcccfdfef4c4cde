"""What a contact is called, how it is found, and where its number is from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

MAX_NAME = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


class Place(NamedTuple):
    """Where a number is registered: the city or region in the reader's language and, where it is one only, its zone."""

    city: str
    zone: str


class Known(NamedTuple):
    """A contact that has a number, as far as the choice between several goes."""

    id: int
    saved: bool


def outside(number: str) -> bool:
    """Whether a card can be made for ``number``: an outside party's in E.164, not withheld, not a short number."""
    return number.startswith("+") and number[1:].isdecimal() and 5 <= len(number) - 1 <= 15


def best(found: Iterable[Known]) -> Known | None:
    """Of several contacts with one number: a saved client before an unsaved one, the older before the newer."""
    return min(found, key=lambda one: (not one.saved, one.id), default=None)


def full_name(first: str, last: str) -> str:
    """First and last name as one; raises BadInput when both are empty or too long."""
    name = " ".join(_CONTROL.sub(" ", f"{first} {last}").split())
    if not name:
        message = N_("Give a first or a last name.")
        raise BadInput(message, fields={"first_name": message})
    return limited(name, "first_name")


def limited(text: str, field: str, limit: int = MAX_NAME) -> str:
    """``text`` in one line; raises BadInput when it is longer than ``limit``."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    if len(line) > limit:
        message = N_("This is too long: at most %(limit)s characters.")
        raise BadInput(message, fields={field: N_("This is too long.")}, limit=limit)
    return line


def like(text: str) -> str:
    """``text`` as a pattern for LIKE with ``\\`` as escape: anywhere in the value, its own signs taken literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def sort_key(name: str) -> str:
    """What a name is sorted and compared by."""
    return name.casefold()[:MAX_NAME]


def search_text(name: str, *others: str, phones: Iterable[str] = (), emails: Iterable[str] = ()) -> str:
    """Everything that a contact is found by, a line each: name first, then other texts, numbers as digits, e-mails."""
    parts = [name.casefold(), *(other.casefold() for other in others), *phones, *(one.casefold() for one in emails)]
    return "\n".join(dict.fromkeys(part for part in parts if part))


def email(typed: str) -> str | None:
    """An e-mail address as it is kept (its domain in small letters), None when it can be none."""
    text = typed.strip()
    box, _, domain = text.rpartition("@")
    fine = len(text) <= 254 and _EMAIL.fullmatch(text) is not None and ".." not in text
    return f"{box}@{domain.lower()}" if fine else None


_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")


@lru_cache(maxsize=1)
def numbering() -> tuple[Any, Any]:
    """The places and zones of the numbering plan, read when they are first asked for: that takes most of a second."""
    return import_module("phonenumbers.geocoder"), import_module("phonenumbers.timezone")


@lru_cache(maxsize=10_000)
def place(number: str, language: str) -> Place:
    """Where ``number`` (E.164) is from, as far as the numbering plan tells; empty strings where it does not."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return Place("", "")
    geocoder, timezone = numbering()
    city = geocoder.description_for_number(parsed, language) or ""
    if city == geocoder.country_name_for_number(parsed, language) and number.startswith("+7"):
        city = ""
    zones = [zone for zone in timezone.time_zones_for_number(parsed) if zone != timezone.UNKNOWN_TIMEZONE]
    return Place(city, zones[0] if len(zones) == 1 else "")


def local_time(zone: str, now: datetime) -> str:
    """``16:13`` on the other side's clock, or nothing when its zone is not known."""
    if not zone:
        return ""
    try:
        return now.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    except (KeyError, ValueError, OSError):
        return ""
