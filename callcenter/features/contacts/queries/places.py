"""Where clients may be: sets of time zones, a row each, which their cards point at (rules.zones)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.models import ContactZone
from callcenter.features.contacts.rules import zones


async def known(session: AsyncSession, texts: Collection[str]) -> Mapping[str, int]:
    """The ids of sets of zones, for those that stand in the table."""
    return {one.zones: one.id for one in await session.scalars(select(ContactZone).where(ContactZone.zones.in_(texts)))}


async def where_it_is(session: AsyncSession, first: time, last: time, now: datetime) -> tuple[int, ...]:
    """The ids of the sets in all of whose zones the clock is at ``first`` or later and before ``last``.

    Of clients of whom nothing tells it, the company's own clock counts.
    """
    found = []
    for row in await session.scalars(select(ContactZone)):
        names = [one for one in row.zones.split(",") if one]
        if not names:
            business = await accounts.business(session, row.business_id)
            names = [business.timezone if business is not None else "UTC"]
        if zones.within(names, first, last, now):
            found.append(row.id)
    return tuple(found)
