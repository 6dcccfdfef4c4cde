"""The fields of a card: the base ones, which are always there (CON-01, CON-02), and what an own field may be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

PERSON, ORGANISATION = "person", "organisation"
KINDS = (PERSON, ORGANISATION)
OWN_TYPES: dict[str, str] = {
    "text": N_("Text"),
    "number": N_("Number"),
    "date": N_("Date"),
    "list": N_("Choice from a list"),
    "file": N_("File"),
}
MAX_OWN, MAX_OPTIONS, MAX_VALUE = 100, 200, 500
CHANNELS: dict[str, str] = {
    "email": N_("E-mail"),
    "site": N_("Site"),
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "vk": N_("VK"),
    "other": N_("Other"),
}
PHONE_KINDS: dict[str, str] = {"": "", "mobile": N_("Mobile"), "work": N_("Work phone"), "home": N_("Home phone")}
ACCESS: dict[str, str] = {
    "default": N_("As the company has set"),
    "private": N_("Only the responsible person and managers"),
    "read": N_("All employees may see"),
    "write": N_("All employees may see and change"),
}

SEX: dict[str, str] = {"": "", "f": N_("Female"), "m": N_("Male")}
SOURCES: dict[str, str] = {
    "hand": N_("Added by hand"),
    "call": N_("A call"),
    "import": N_("A file"),
    "form": N_("A web form"),
    "api": N_("Another program"),
}
CURRENCIES = (
    "RUB", "USD", "EUR", "CNY", "KZT", "BYN", "UZS", "KGS", "AMD", "GEL", "AZN", "TRY", "AED", "GBP", "CHF", "JPY",
)  # fmt: skip
CONSENTS: dict[str, str] = {
    "data": N_("Processing of personal data"),
    "calls": N_("Calls"),
    "mail": N_("E-mails"),
    "sms": N_("Text messages"),
}
CHOICES: dict[str, str] = {
    "type": N_("Client types"),
    "warmth": N_("Warmth levels"),
    "category": N_("Categories of history entries"),
}


class BaseField(NamedTuple):
    """A field that every card has. ``type`` is how it is entered, filtered and sorted; ``fixed`` may not be hidden."""

    key: str
    title: str
    type: str
    entities: tuple[str, ...] = KINDS
    fixed: bool = False


BASE: tuple[BaseField, ...] = (
    BaseField("name", N_("Name"), "text", (ORGANISATION,), fixed=True),
    BaseField("first_name", N_("First name"), "text", (PERSON,), fixed=True),
    BaseField("last_name", N_("Last name"), "text", (PERSON,)),
    BaseField("phone", N_("Phone"), "phone"),
    BaseField("email", N_("E-mail"), "email"),
    BaseField("organisation", N_("Organisation"), "organisation", (PERSON,)),
    BaseField("position", N_("Job title"), "text", (PERSON,)),
    BaseField("responsible", N_("Responsible"), "member"),
    BaseField("type", N_("Client type"), "choice"),
    BaseField("warmth", N_("Warmth"), "choice"),
    BaseField("lists", N_("Lists"), "lists"),
    BaseField("tags", N_("Tags"), "tags"),
    BaseField("city", N_("City"), "text"),
    BaseField("address", N_("Address"), "text"),
    BaseField("site", N_("Site"), "channel"),
    BaseField("birth_date", N_("Date of birth"), "date", (PERSON,)),
    BaseField("sex", N_("Sex"), "sex", (PERSON,)),
    BaseField("industry", N_("Industry"), "text"),
    BaseField("inn", N_("INN"), "text", (ORGANISATION,), fixed=True),
    BaseField("kpp", N_("KPP"), "text", (ORGANISATION,)),
    BaseField("currency", N_("Currency"), "currency"),
    BaseField("description", N_("Description"), "long"),
)


class CardField(NamedTuple):
    """A field of the card as a business has set it: a base one has its ``key``, an own one its ``id``."""

    key: str
    id: int | None
    title: str
    type: str
    options: tuple[str, ...] = ()
    hidden: bool = False
    fixed: bool = False

    @property
    def ref(self) -> str:
        """What the field is called where fields are listed: its key, or its id."""
        return self.key or str(self.id)


def arranged(entity: str, kept: Iterable[CardField]) -> list[CardField]:
    """The fields of a card in the business's order (``kept``); base fields that it has not placed stand last."""
    base = {one.key: one for one in base_fields(entity)}
    fields: list[CardField] = []
    for one in kept:
        if not one.key:
            fields.append(one)
        elif (known := base.pop(one.key, None)) is not None:
            fields.append(_card_field(known, hidden=one.hidden and not known.fixed))
    return [*fields, *(_card_field(one) for one in base.values())]


def _card_field(field: BaseField, *, hidden: bool = False) -> CardField:
    return CardField(field.key, None, field.title, field.type, hidden=hidden, fixed=field.fixed)


def base_fields(entity: str) -> tuple[BaseField, ...]:
    """The base fields of persons or organisations, in their first order."""
    return tuple(field for field in BASE if entity in field.entities)


class Value(NamedTuple):
    """The value of an own field: as shown, to compare by, and as number or day where it is one."""

    text: str
    key: str
    amount: float | None = None
    day: date | None = None


def own_value(type_: str, typed: str, options: list[str], field: str) -> Value | None:
    """What was typed into an own field of ``type_``, None when it is empty. Raises BadInput that names ``field``."""
    text = " ".join(typed.split()) if type_ != "text" else typed.strip()
    if not text:
        return None
    if len(text) > MAX_VALUE:
        message = N_("This is too long: at most %(limit)s characters.")
        raise BadInput(message, fields={field: N_("This is too long.")}, limit=MAX_VALUE)
    if type_ == "number":
        amount = number(text)
        if amount is None:
            raise _wrong(N_("This is not a number. Write it like 1200 or 12.5."), field)
        return Value(text, text, amount=amount)
    if type_ == "date":
        day = a_day(text)
        if day is None:
            raise _wrong(N_("This is not a date. Write it like 31.12.2026."), field)
        return Value(day.isoformat(), day.isoformat(), day=day)
    if type_ == "list" and text not in options:
        raise _wrong(N_("Choose one of the list."), field)
    return Value(text, text.casefold())


def number(text: str) -> float | None:
    """A number as people write it (``1 200,5``), None when it is none."""
    plain = "".join(text.split()).replace(",", ".")
    try:
        amount = float(plain)
    except ValueError:
        return None
    return amount if abs(amount) < 1e15 and plain.lower().strip("+-") not in ("nan", "inf", "infinity") else None


def a_day(text: str) -> date | None:
    """A day as people write it: ``31.12.2026``, ``31/12/2026`` or ``2026-12-31``; None when it is none."""
    parts = text.strip().replace("/", ".").replace("-", ".").split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    first, second, third = (int(part) for part in parts)
    year, month, day = (first, second, third) if len(parts[0]) == 4 else (third, second, first)
    try:
        return date(year, month, day) if 1000 <= year <= 2999 else None
    except ValueError:
        return None


def tax_number(text: str, field: str, lengths: tuple[int, ...]) -> str:
    """An INN or KPP: digits only, of one of ``lengths``; '' when empty. Raises BadInput that names ``field``."""
    plain = "".join(text.split())
    if plain and not (plain.isascii() and plain.isdecimal() and len(plain) in lengths):
        raise _wrong(N_("Only digits, and as many as the tax office gave."), field)
    return plain


def _wrong(message: str, field: str) -> BadInput:
    return BadInput(message, fields={field: message})
