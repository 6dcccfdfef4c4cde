"""The parts of what is held on a person, one for each feature that holds some."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.plugin import Services

Person = contacts.erasing.Person
Held = contacts.erasing.Held
as_json = contacts.erasing.as_json


class Part(NamedTuple):
    """What one feature holds.

    ``held(services, session, person)`` reads it (business session); ``erase(services, business_id, person)`` deletes
    or anonymises it in short transactions of its own, bears being run again, and says how many of what.
    """

    name: str
    held: Callable[[Services, AsyncSession, Person], Awaitable[Held]]
    erase: Callable[[Services, int, Person], Awaitable[dict[str, int]]]


_parts: dict[str, Part] = {}


def add_part(part: Part) -> None:
    """Adds a part; features call this when they are loaded. The same name again replaces it."""
    _parts[part.name] = part


def parts() -> list[Part]:
    """All parts; the card itself comes last, because the others find the person by it."""
    return list(_parts.values())
