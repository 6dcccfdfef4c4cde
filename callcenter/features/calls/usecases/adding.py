"""Parts of the page of a call that higher features add."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from callcenter.http.current import Current
from callcenter.plugin import Services


class Part(NamedTuple):
    """A part of the page of a call. ``load(services, current, call_id)`` gives its values, None = nothing to show.

    ``template`` finds them as ``part``.
    """

    name: str
    template: str
    load: Callable[[Services, Current, str], Awaitable[dict[str, Any] | None]]


class Shown(NamedTuple):
    """A part with its values."""

    template: str
    values: dict[str, Any]


_parts: dict[str, Part] = {}


def add_part(part: Part) -> None:
    """Adds a part to the page of a call; the same name again replaces it."""
    _parts[part.name] = part


async def parts_of(services: Services, person: Current, call_id: str) -> list[Shown]:
    """The parts of the page of a call that have something to show, in the order in which they were added."""
    found = []
    for part in _parts.values():
        values = await part.load(services, person, call_id)
        if values is not None:
            found.append(Shown(part.template, values))
    return found
