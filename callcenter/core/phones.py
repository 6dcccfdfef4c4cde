"""Phone numbers: E.164 inside, a readable form outside. Pure; ``phonenumbers`` carries its own tables."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=20_000)
def to_e164(typed: str, region: str = "RU") -> str | None:
    """``typed`` as E.164, or None when it cannot be a telephone number.

    Russian habits are understood: ``8 (495) …``, ``7495…`` and ``495…`` all become ``+7495…``; a number without ``+``
    that could be several things is read as Russian (CON-27).
    """
    text = "".join(c for c in typed if c.isdigit() or c == "+")
    digits = text.lstrip("+")
    if not digits or len(digits) < 5 or len(digits) > 15:
        return None
    if not text.startswith("+") and len(digits) == 11 and digits[0] in "78":
        text = "+7" + digits[1:]
    elif not text.startswith("+") and len(digits) > 11:
        text = "+" + digits
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=20_000)
def shown(number: str) -> str:
    """The form that people read: ``+7 (495) 123-45-67`` for Russian numbers, international form for others."""
    if len(number) == 12 and number.startswith("+7"):
        return f"+7 ({number[2:5]}) {number[5:8]}-{number[8:10]}-{number[10:]}"
    if not number.startswith("+"):
        return number
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
