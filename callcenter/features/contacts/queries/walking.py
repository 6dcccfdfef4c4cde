"""Jobs go through all clients by their ids, portion by portion, whatever the condition is that chooses among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact

WINDOW = 500
"""So many clients are looked at by one statement …"""
WINDOWS = 20
"""… and so many times that by one call, so that whoever waits for a rare client sees the job go on."""


class Walked(NamedTuple):
    """Ids of clients who are chosen, all up to ``after`` looked at; ``more`` = there may be others behind it."""

    ids: Sequence[int]
    after: int
    more: bool


async def walk(
    session: AsyncSession, chosen: ColumnElement[bool], after: int, limit: int, top: int | None = None
) -> Walked:
    """Up to ``limit`` clients behind the id ``after`` (none behind ``top``) for whom the condition holds, by id.

    Ids come first, and only then is it asked which of them are chosen: with both at once either database looks up and
    sorts the whole base anew for each portion.
    """
    found: list[int] = []
    for _ in range(WINDOWS):
        stretch = select(Contact.id).where(Contact.id > after).order_by(Contact.id).limit(WINDOW)
        ids = list(await session.scalars(stretch if top is None else stretch.where(Contact.id <= top)))
        if not ids:
            return Walked(found, after, more=False)
        fitting = select(Contact.id).where(Contact.id.in_(ids), chosen).order_by(Contact.id)
        found += await session.scalars(fitting.limit(limit - len(found)))
        if len(found) == limit:
            return Walked(found, found[-1], more=True)
        after = ids[-1]
        if len(ids) < WINDOW:
            return Walked(found, after, more=False)
    return Walked(found, after, more=True)
