"""What was typed into the search, and what fits it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from callcenter.core.i18n import N_

LONGEST = 100
EMPLOYEES = "*"
# Words by which a page is found beside its title: path → words (a gettext key, so both languages have their own).
WORDS: dict[str, str] = {
    "/profile": N_("profile password language theme time zone sessions sign in"),
    "/profile/tokens": N_("API tokens programs integration"),
    "/api/docs": N_("API description developers integration"),
    "/numbers": N_("numbers lines recording who takes the calls"),
    "/campaigns": N_("ad campaigns advertising budget call tracking"),
    "/queues": N_("queues waiting music operators target"),
    "/exports": N_("export csv xlsx excel file of clients"),
    "/webforms": N_("site forms landing leads API lists"),
    "/audit": N_("audit log who did what security"),
    "/privacy": N_("personal data erase consent file"),
    "/day": N_("my day talk time breaks wrap-up results"),
    "/calls": N_("calls history recordings missed"),
}


class Typed(NamedTuple):
    """What is looked for: ``text`` in small letters, its ``digits`` when it can be a number, ``people`` only or not."""

    text: str
    digits: str
    people: bool


def typed(query: str) -> Typed:
    """Reads what was typed; a star in front looks among employees only."""
    line = " ".join(query.replace("\x00", " ").split())[:LONGEST]
    people = line.startswith(EMPLOYEES)
    text = line.lstrip(EMPLOYEES).strip().casefold()
    return Typed(text, digits(text), people)


def digits(text: str) -> str:
    """The digits of a piece of a number, without the Russian 8 or 7 in front; empty when it is no number."""
    if any(not (c.isdigit() or c in "+-() .\u00a0") for c in text):
        return ""
    found = "".join(c for c in text if c.isdigit() and c.isascii())
    if not text.startswith("+") and len(found) > 3 and found[0] in "78":
        found = found[1:]
    return found if len(found) >= 3 else ""


def fits(text: str, *values: str) -> bool:
    """Whether every word of ``text`` begins some word of the values."""
    words = [word for value in values for word in value.casefold().replace("-", " ").split()]
    return all(any(word.startswith(piece) for word in words) for piece in text.split())


def best_first(names: Iterable[tuple[bool, str, int]], text: str) -> list[int]:
    """Ids in the order in which they are shown: saved ones, those whose name begins so, then by name."""
    ranked = sorted(names, key=lambda one: (not one[0], not one[1].startswith(text), one[1], one[2]))
    return [one[2] for one in ranked]
