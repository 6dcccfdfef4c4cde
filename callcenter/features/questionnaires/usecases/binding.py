"""Scripts, which are above, say which of them ask a questionnaire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession


class Bound(NamedTuple):
    """A script that asks a questionnaire; one that is ``archived`` does so no more."""

    script_id: int
    name: str
    questionnaire_id: int | None
    archived: bool = False


Binder = Callable[[AsyncSession], Awaitable[list[Bound]]]
"""All scripts of the business, with the questionnaire of each."""
_binders: list[Binder] = []


def add_binder(binder: Binder) -> None:
    """Says how the scripts of a business are read; the feature that holds them calls this when it is loaded."""
    if binder not in _binders:
        _binders.append(binder)


async def bound(session: AsyncSession) -> list[Bound]:
    """All scripts, by name."""
    found = [one for binder in _binders for one in await binder(session)]
    return sorted(found, key=lambda one: one.name)
