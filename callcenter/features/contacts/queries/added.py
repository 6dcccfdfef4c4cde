"""What higher features let clients be filtered by: fields whose conditions and look-ups they bring themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.rules import fields
from callcenter.features.contacts.rules.filters import Field, Rule, When
from callcenter.http.current import Current


class Added(NamedTuple):
    """A field of another feature.

    ``condition(rule, when)`` is true for a Contact that matches; it should be an EXISTS, so that a list can be walked.
    ``look_up(rule, when)`` selects the ids of all that match by an index, None = not for this operator.
    ``options(session, person)`` are what a field of type «choice» can be compared with: ids with their names.
    """

    field: Field
    condition: Callable[[Rule, When], ColumnElement[bool]]
    look_up: Callable[[Rule, When], Select[Any] | None]
    options: Callable[[AsyncSession, Current], Awaitable[list[tuple[int, str]]]] | None = None
    entities: tuple[str, ...] = fields.KINDS


fields_added: dict[str, Added] = {}


def add(one: Added) -> None:
    """Adds a field; the same key again replaces it."""
    fields_added[one.field.key] = one
