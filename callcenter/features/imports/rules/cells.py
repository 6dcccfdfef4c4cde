"""A row of a file as cards: what of it can be used, and why it is refused when it cannot. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.imports.rules.columns import ORG, OWN
from callcenter.features.imports.rules.limits import MAX_CELL

# Reasons are gettext keys; what stands after a line feed is the cell that is meant.
LONG = N_("A cell is longer than 250 characters.")
NO_NAME = N_("There is no name.")
NO_MAIL = N_("There is no e-mail address.")
BAD_PHONE = N_("This is not a telephone number with its code.")
BAD_MAIL = N_("This is not an e-mail address.")
BAD_DAY = N_("This is not a date like 31.12.2026.")
BAD_INN = N_("An INN has 10 or 12 digits.")
BAD_KPP = N_("A KPP has 9 digits.")
BAD_SEX = N_("Write the sex as m or f.")
BAD_CURRENCY = N_("A currency has three letters, like RUB.")
BAD_TYPE = N_("There is no such client type.")
BAD_WARMTH = N_("There is no such warmth.")
BAD_OWN = N_("This value does not fit into its field.")
TOO_LONG = N_("This is too long for its field.")
LONG_TAG = N_("A tag has at most 60 characters.")
MANY = N_("There is too much for one card.")

_LIMITS = {
    "name": 200, "first_name": 100, "last_name": 100, "position": 200, "address": 500, "city": 100, "industry": 200,
    "description": 10_000, "site": 254,
}  # fmt: skip
_SEX = {
    "m": "m", "м": "m", "муж": "m", "муж.": "m", "мужской": "m", "male": "m", "мужчина": "m",
    "f": "f", "ж": "f", "жен": "f", "жен.": "f", "женский": "f", "female": "f", "женщина": "f",
}  # fmt: skip
_JOINED = {"phone": ";", "email": ",", "tags": ";"}
_RUSSIAN = re.compile(r"(?:\+?7|8)?([349]\d{9})")
_MOST = 20


class Refused(Exception):
    """The row cannot be used; ``reason`` is a gettext key, ``cell`` what is meant."""

    def __init__(self, reason: str, cell: str = "") -> None:
        super().__init__(reason)
        self.reason, self.cell = reason, cell

    def __str__(self) -> str:
        return f"{self.reason}\n{self.cell[:80]}" if self.cell else self.reason


@dataclass(slots=True)
class Card:
    """A person or an organisation as the file has it. ``name`` is the whole name, ``columns`` texts of the card."""

    kind: str
    name: str = ""
    columns: dict[str, Any] = field(default_factory=dict)
    phones: list[tuple[str, str]] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    own: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Words:
    """What the business offers: types and warmths by their title in small letters; own fields with their kind."""

    types: Mapping[str, int] = field(default_factory=dict)
    warmths: Mapping[str, int] = field(default_factory=dict)
    own: Mapping[int, str] = field(default_factory=dict)


def row(
    cells: Sequence[str], mapping: Mapping[int, str], words: Words, *, mails: bool = False
) -> tuple[Card | None, Card | None]:
    """(organisation, person) of a row, as far as it has them. Raises Refused."""
    for cell in cells:
        if len(cell) > MAX_CELL:
            raise Refused(LONG, cell)
    values: dict[str, str] = {}
    for column, key in mapping.items():
        cell = cells[column] if column < len(cells) else ""
        if not cell:
            continue
        if key in values:
            # IMP-05: two columns of one field are joined with a space; what holds several, as several.
            values[key] += _JOINED.get(key.removeprefix(ORG), "") + " " + cell
        else:
            values[key] = cell
    firm: dict[str, str] = {}
    person: dict[str, str] = {}
    for key, cell in values.items():
        if key.startswith(ORG):
            firm[key[len(ORG) :]] = cell
        elif key.startswith(OWN) and words.own.get(int(key[len(OWN) :])) == "organisation":
            firm[key] = cell
        else:
            person[key] = cell
    made_firm = _card("organisation", firm, words) if firm else None
    made = _card("person", person, words) if person else None
    if mails:
        for one in (made_firm, made):
            if one is not None and one.emails and not one.name:
                one.name = one.emails[0]
                one.columns["first_name"] = one.name[:100] if one.kind == "person" else ""
        if not any(one is not None and one.emails for one in (made_firm, made)):
            raise Refused(NO_MAIL)
    if made_firm is not None and not made_firm.name:
        raise Refused(NO_NAME)
    if made is not None and not made.name:
        raise Refused(NO_NAME)
    if made_firm is None and made is None:
        raise Refused(NO_NAME)
    return made_firm, made


def _card(kind: str, values: Mapping[str, str], words: Words) -> Card:
    card = Card(kind)
    columns = card.columns
    for key, cell in values.items():
        if key in ("name", "first_name", "last_name", "position", "address", "city", "industry"):
            columns[key] = _text(cell, _LIMITS[key])
        elif key == "phone":
            card.phones = _phones(cell)
        elif key == "email":
            card.emails = _emails(cell)
        elif key == "tags":
            card.tags = _tags(cell)
        elif key == "site":
            card.sites = [_text(cell, _LIMITS["site"])]
        elif key == "description":
            columns[key] = cell
        elif key.startswith(OWN):
            card.own[int(key[len(OWN) :])] = cell
        else:
            _other(columns, key, cell, words)
    if kind == "person":
        card.name = f"{columns.get('first_name', '')} {columns.get('last_name', '')}".strip()
        if len(card.name) > _LIMITS["name"]:
            raise Refused(TOO_LONG, card.name)
    else:
        card.name = columns.pop("name", "")
    return card


def _other(columns: dict[str, Any], key: str, cell: str, words: Words) -> None:
    plain = " ".join(cell.casefold().split())
    if key == "birth_date":
        columns[key] = day(cell)
    elif key == "sex":
        if plain not in _SEX:
            raise Refused(BAD_SEX, cell)
        columns[key] = _SEX[plain]
    elif key in ("inn", "kpp"):
        digits = "".join(cell.split())
        if not (digits.isascii() and digits.isdecimal() and len(digits) in ((10, 12) if key == "inn" else (9,))):
            raise Refused(BAD_INN if key == "inn" else BAD_KPP, cell)
        columns[key] = digits
    elif key == "currency":
        code = cell.strip().upper()
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise Refused(BAD_CURRENCY, cell)
        columns[key] = code
    elif key in ("type", "warmth"):
        known = words.types if key == "type" else words.warmths
        if plain not in known:
            raise Refused(BAD_TYPE if key == "type" else BAD_WARMTH, cell)
        columns[f"{key}_id"] = known[plain]


def _text(cell: str, limit: int) -> str:
    line = " ".join(cell.split())
    if not line.isprintable():
        line = " ".join("".join(sign if sign.isprintable() else " " for sign in line).split())
    if len(line) > limit:
        raise Refused(TOO_LONG, cell)
    return line


def day(cell: str) -> date:
    """A day as people write it. Raises Refused."""
    parts = re.split(r"[./-]", cell.strip().split(" ")[0])
    if len(parts) == 3 and all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        first, second, third = (int(part) for part in parts)
        year, month, number = (first, second, third) if len(parts[0]) == 4 else (third, second, first)
        try:
            if 1000 <= year <= 2999:
                return date(year, month, number)
        except ValueError:
            pass
    raise Refused(BAD_DAY, cell)


def _phones(cell: str) -> list[tuple[str, str]]:
    """Several numbers stand between «,» or «;» (IMP-09)."""
    found: dict[str, str] = {}
    for part in re.split("[,;]", cell):
        typed = " ".join(part.split())
        if typed:
            found.setdefault(phone(typed), typed[:80])
    if len(found) > _MOST:
        raise Refused(MANY, cell)
    return list(found.items())


def phone(typed: str) -> str:
    """E.164 of a number with its code, the same as core.phones says. Raises Refused."""
    digits = "".join(sign for sign in typed if sign in "0123456789+")
    if (usual := _RUSSIAN.fullmatch(digits)) and not any(sign.isalpha() for sign in typed):
        # Most numbers of a file: no need to ask the whole numbering plan of the world.
        return "+7" + usual[1]
    if any(sign.isalpha() for sign in typed):
        raise Refused(BAD_PHONE, typed)
    e164 = to_e164(typed)
    if e164 is None or (e164.startswith("+7") and len(e164) != 12):
        raise Refused(BAD_PHONE, typed)
    return e164


def _emails(cell: str) -> list[str]:
    """Several addresses stand between «,» (IMP-10)."""
    found: dict[str, str] = {}
    for part in re.split(r"[,;\s]+", cell.strip()):
        if not part:
            continue
        box, _, domain = part.rpartition("@")
        if len(part) > 254 or ".." in part or _EMAIL.fullmatch(part) is None:
            raise Refused(BAD_MAIL, part)
        found.setdefault(part.casefold(), f"{box}@{domain.lower()}")
    if len(found) > _MOST:
        raise Refused(MANY, cell)
    return list(found.values())


_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")


def _tags(cell: str) -> list[str]:
    """Several tags stand between «;» (IMP-08)."""
    found: dict[str, str] = {}
    for part in cell.split(";"):
        title = " ".join(part.split())
        if len(title) > 60:
            raise Refused(LONG_TAG, title)
        if title:
            found.setdefault(title.casefold(), title)
    if len(found) > _MOST:
        raise Refused(MANY, cell)
    return list(found.values())


def own_problem(error: BadInput, cell: str) -> Refused:
    """Why a value does not fit into an own field."""
    return Refused(error.message if "%(" not in error.message else BAD_OWN, cell)
