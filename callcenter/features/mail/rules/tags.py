"""Merge tags of a letter (OUT-33): five words in percent signs that become the addressee's names. Pure."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from callcenter.core.i18n import N_

TAGS: dict[str, str] = {
    "%FIRSTNAME%": N_("First name"),
    "%LASTNAME%": N_("Last name"),
    "%PATRONYMIC%": N_("Patronymic"),
    "%FIRM_NAME%": N_("Organisation"),
    "%FULLNAME%": N_("The organisation's full name, or the person's"),
}
_TAG = re.compile("|".join(TAGS))
_PATRONYMIC = re.compile(r"(?:вич|вна|ична|[а-я]ич|оглы|кызы)$", re.IGNORECASE)


class Addressee(NamedTuple):
    """Who a letter goes to. ``person`` False = an organisation's own address, which has no names of a person.

    ``first``, ``last`` and ``name`` are as on the card: the first name may hold the patronymic, or the whole name.
    """

    person: bool
    name: str
    first: str
    last: str
    firm: str


class Names(NamedTuple):
    """A person's name in its parts; what is not known is empty."""

    first: str
    patronymic: str
    last: str

    @property
    def full(self) -> str:
        """Last name, first name, patronymic, as names are written in full."""
        return " ".join(part for part in (self.last, self.first, self.patronymic) if part)


def names(one: Addressee) -> Names:
    """The parts of a person's name; of a card that has it in one field they are told by the patronymic's ending."""
    if not one.person:
        return Names("", "", "")
    if one.last or one.first:
        words, last = one.first.split(), one.last
    else:
        words, last = one.name.split(), ""
    if not last and len(words) == 3 and _PATRONYMIC.search(words[2]):
        return Names(words[1], words[2], words[0])
    place = next((n for n, word in enumerate(words) if n and _PATRONYMIC.search(word)), None)
    if place is None:
        return Names(" ".join(words), "", last)
    if not last:
        # «Иван Петрович Иванов»: what stands behind the patronymic.
        last = " ".join(words[place + 1 :])
        return Names(" ".join(words[:place]), words[place], last)
    return Names(" ".join(words[:place]), " ".join(words[place:]), last)


def values(one: Addressee) -> dict[str, str]:
    """What each tag becomes."""
    found = names(one)
    return {
        "%FIRSTNAME%": found.first,
        "%LASTNAME%": found.last,
        "%PATRONYMIC%": found.patronymic,
        "%FIRM_NAME%": one.firm,
        "%FULLNAME%": (found.full or one.name) if one.person else one.firm,
    }


def fill(text: str, one: Addressee) -> str:
    """Plain text with its tags filled, in one go: a name that looks like a tag stays a name."""
    table = values(one)
    return _TAG.sub(lambda found: table[found[0]], text)


def fill_html(text: str, one: Addressee) -> str:
    """HTML with its tags filled; no name can bring marks of its own."""
    table = {tag: html.escape(value) for tag, value in values(one).items()}
    return _TAG.sub(lambda found: table[found[0]], text)
