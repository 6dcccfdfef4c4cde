"""What a skill may be called, and what a typed matrix of levels changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.routing import MAX_LEVEL

MOST = 30
NO_NAME = N_("Enter the skill's name, at most 60 characters.")
TAKEN = N_("There is a skill of this name already.")
WRONG_LEVEL = N_("A level is a number from 0 to %(limit)s.")

Levels = dict[int, dict[int, int]]
"""Levels by agent, then by skill; 0 = lacks it."""


def name(typed: str, others: Iterable[str]) -> str:
    """A name that can be kept. Raises BadInput."""
    found = " ".join(typed.split())
    if not found or len(found) > 60:
        raise BadInput(NO_NAME, fields={"name": NO_NAME})
    if found.casefold() in {one.casefold() for one in others}:
        raise BadInput(TAKEN, fields={"name": TAKEN})
    return found


def typed(fields: Mapping[str, object]) -> Levels:
    """The matrix as its form sends it: ``level-<agent>-<skill>`` = 0 … 5. Raises BadInput."""
    found: Levels = {}
    for key, value in fields.items():
        word, _, rest = key.partition("-")
        agent, _, skill = rest.partition("-")
        if word != "level" or not _id(agent) or not _id(skill):
            continue
        text = str(value).strip() or "0"
        if not text.isdecimal() or len(text) > 2:
            raise BadInput(WRONG_LEVEL, limit=MAX_LEVEL)
        found.setdefault(int(agent), {})[int(skill)] = int(text)
    return found


def checked(levels: Levels) -> Levels:
    """Levels within their limits. Raises BadInput."""
    if any(not 0 <= level <= MAX_LEVEL for mine in levels.values() for level in mine.values()):
        raise BadInput(WRONG_LEVEL, limit=MAX_LEVEL)
    return levels


def _id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
