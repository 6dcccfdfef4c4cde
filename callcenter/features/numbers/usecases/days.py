"""Special days: hours of their own for all numbers, or none (INQ-06)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.events import RoutingDrafted
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.numbers import rules
from callcenter.features.numbers.models import SpecialDay
from callcenter.http.current import Current
from callcenter.plugin import Services

MOST_AT_ONCE = 31
"""So many days one entry may set."""
MOST = 500


async def save(
    services: Services,
    person: Current,
    *,
    first: date,
    last: date,
    title: str,
    spans: Sequence[tuple[int, int]],
) -> list[date]:
    """Gives the days from ``first`` to ``last`` hours of their own (none = closed). Days that are there are changed.

    Raises BadInput.
    """
    count = (last - first).days + 1
    if not 1 <= count <= MOST_AT_ONCE:
        message = N_("The last day must follow the first one, by at most %(limit)s days.")
        limit = MOST_AT_ONCE - 1
        raise BadInput(message, fields={"last": message}, field_values={"last": {"limit": limit}}, limit=limit)
    name = rules.title(title)
    days = [first + timedelta(days=n) for n in range(count)]
    async with services.db.business(person.business_id) as session:
        there = {one.day: one for one in await session.scalars(select(SpecialDay))}
        if len(there.keys() | set(days)) > MOST:
            raise BadInput(N_("There are too many special days. Delete those that have passed."))
        for day in days:
            _put(session, there.get(day), person.business_id, day, name, spans, services)
        await accounts.audit(
            session, person, "day.save", "day", first.isoformat(), first=first.isoformat(), last=last.isoformat()
        )
    _tell(services, person)
    return days


async def delete(services: Services, person: Current, day: date) -> SpecialDay:
    """Takes a day away and gives what it was, for an undo. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        found = await session.scalar(select(SpecialDay).where(SpecialDay.day == day))
        if found is None:
            raise NotFound(N_("There is no such special day."))
        await session.delete(found)
        await accounts.audit(session, person, "day.delete", "day", day.isoformat(), day=day.isoformat())
    _tell(services, person)
    return found


def _put(
    session: AsyncSession,
    there: SpecialDay | None,
    business_id: int,
    day: date,
    title: str,
    spans: Sequence[tuple[int, int]],
    services: Services,
) -> None:
    kept = [list(span) for span in spans]
    if there is not None:
        there.title, there.spans = title, kept
        return
    session.add(SpecialDay(business_id=business_id, day=day, title=title, spans=kept, created_at=services.clock.now()))


def _tell(services: Services, person: Current) -> None:
    services.bus.publish(
        RoutingDrafted(at=services.clock.epoch(), business_id=person.business_id, what="hours", user_id=person.user_id)
    )
