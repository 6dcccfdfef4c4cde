"""What is left in place of personal data. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

KEPT_SECONDS = 24 * 3600
GONE = "…"
# A shorter piece could stand for anything.
SHORTEST = 4


def marker(contact_id: int) -> str:
    """What stands in calls in place of the number: the same for all calls of the person, and tells nothing of him."""
    return f"erased-{contact_id}"


def needles(numbers: Collection[str], emails: Collection[str], names: Collection[str]) -> list[str]:
    """The texts to look for, in small letters, the longest first: numbers without their plus."""
    digits = [one.lstrip("+") for one in numbers]
    found = {one.casefold() for one in (*digits, *emails, *names) if len(one) >= SHORTEST}
    return sorted(found, key=lambda one: (-len(one), one))


def cleaned(value: Any, wanted: Collection[str]) -> Any:
    """``value`` (a text, or JSON) without the wanted texts; a text that holds a number in any writing goes whole."""
    if isinstance(value, str):
        return _clean(value, wanted)
    if isinstance(value, dict):
        return {_clean(str(key), wanted): cleaned(one, wanted) for key, one in value.items()}
    if isinstance(value, list):
        return [cleaned(one, wanted) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and _clean(str(value), wanted) != str(value):
        return None
    return value


def _clean(text: str, wanted: Collection[str]) -> str:
    small = text.casefold()
    if any(one in small for one in wanted):
        return GONE
    digits = "".join(c for c in text if c.isdigit())
    # 8 (912) 345-67-89 is +7 912 345-67-89.
    numbers = [one for one in wanted if one.isdecimal()]
    return GONE if any(one in digits or (one.startswith("7") and "8" + one[1:] in digits) for one in numbers) else text


def confirmed(typed: str, name: str, number: int | None) -> bool:
    """Whether the second question was answered: the client's name or his running number."""
    said = " ".join(typed.casefold().split()).lstrip("№ ")
    return bool(said) and said in {" ".join(name.casefold().split()), str(number or "")}
