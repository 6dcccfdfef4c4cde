"""Numbers come and go (TEL-61): bound when they were bought elsewhere, taken from the pool, deleted, brought back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.config import Settings
from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged, RoutingDrafted
from callcenter.core.i18n import N_
from callcenter.core.phones import shown, to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.numbers import queries, rules
from callcenter.features.numbers.models import Number, PoolNumber
from callcenter.features.numbers.usecases.changing import create_number, serve_by_all
from callcenter.http.current import Current
from callcenter.plugin import Services

NOT_FREE = N_("This number is not free any more. Choose another one.")
OF_POOL = N_("%(number)s belongs to the operator's free numbers: take it from the list.")
NO_TRUNK = N_("This line is not there. Choose another one.")


class BindForm(msgspec.Struct, kw_only=True):
    """A number that was bought from an operator. ``trunk_id`` None = the company's first line."""

    e164: str
    title: str = ""
    trunk_id: int | None = None


class TakeForm(msgspec.Struct, kw_only=True):
    """A free number of the pool, as the list names it."""

    e164: str
    title: str = ""
    trunk_id: int | None = None


def pool(settings: Settings) -> list[str]:
    """The numbers that the installation's operator offers, in his order; what is no number is passed over."""
    found = (to_e164(one) for one in settings.number_pool.replace(";", ",").split(","))
    return list(dict.fromkeys(one for one in found if one))


async def free(services: Services) -> list[str]:
    """Numbers of the pool that nobody has."""
    offered = pool(services.settings)
    if not offered:
        return []
    async with services.db.system() as session:
        gone = {one.e164 for one in await queries.taken(session)}
        gone |= {one.e164 for one in await queries.numbers(session)}
    return [one for one in offered if one not in gone]


async def bind(services: Services, person: Current, form: BindForm) -> int:
    """Makes a bought number one of the company's; all employees take its calls. Its id. Raises BadInput, Conflict."""
    e164 = to_e164(form.e164) if len(form.e164) <= 40 else None
    if e164 is not None and e164 in pool(services.settings):
        async with services.db.business(person.business_id) as session:
            mine = {one.e164 for one in await queries.taken(session)}
        if e164 not in mine:
            raise BadInput(
                OF_POOL, fields={"e164": OF_POOL}, field_values={"e164": {"number": shown(e164)}}, number=shown(e164)
            )
    async with services.db.business(person.business_id) as session:
        number = await _add(session, services, person, form.e164, form.title, form.trunk_id)
        await accounts.audit(session, person, "number.bind", "number", number.id, number=number.e164)
    _tell(services, person)
    return number.id


async def take(services: Services, person: Current, form: TakeForm) -> int:
    """Takes a free number of the pool; its id. Raises Conflict when it is not free (any more), BadInput."""
    e164 = to_e164(form.e164)
    if e164 is None or e164 not in await free(services):
        raise Conflict(NOT_FREE, code="not_free")
    now = services.clock.now()
    try:
        async with services.db.business(person.business_id) as session:
            # By the key, not by the look before: two may ask at one moment.
            await session.execute(
                insert(PoolNumber), [{"e164": e164, "business_id": person.business_id, "taken_at": now}]
            )
            number = await _add(session, services, person, e164, form.title, form.trunk_id)
            await accounts.audit(session, person, "number.take", "number", number.id, number=e164)
    except IntegrityError:
        raise Conflict(NOT_FREE, code="not_free") from None
    _tell(services, person)
    return number.id


async def delete(services: Services, person: Current, number_id: int) -> Number:
    """Takes a number out of use; one of the pool is free again. Its settings stay, so that it can come back.

    Callers hear it once the change of the routing is applied. Raises NotFound.
    """
    async with services.db.business(person.business_id) as session:
        number = await queries.number(session, number_id)
        if number is None or not number.active:
            raise NotFound(N_("This number is not there."))
        number.active = False
        for one in await queries.taken(session):
            if one.e164 == number.e164:
                await session.delete(one)
        await accounts.audit(session, person, "number.delete", "number", number_id, number=number.e164)
    _tell(services, person)
    return number


async def reclaim(
    session: AsyncSession, settings: Settings, business_id: int, wanted: Iterable[str], now: datetime
) -> set[str]:
    """Takes numbers of the pool again that an earlier routing had; those that somebody else has meanwhile (system)."""
    mine = {one for one in wanted if one in pool(settings)}
    holders = {one.e164: one.business_id for one in await queries.taken(session)}
    session.add_all(
        PoolNumber(e164=one, business_id=business_id, taken_at=now) for one in sorted(mine - holders.keys())
    )
    await session.flush()
    return {one for one in mine if holders.get(one, business_id) != business_id}


async def restore(services: Services, person: Current, number_id: int) -> Number:
    """Brings a deleted number back as it was. Raises NotFound; Conflict when somebody else took it from the pool."""
    try:
        async with services.db.business(person.business_id) as session:
            number = await queries.number(session, number_id)
            if number is None:
                raise NotFound(N_("This number is not there."))
            if not number.active:
                if number.e164 in pool(services.settings):
                    values = {"e164": number.e164, "business_id": person.business_id}
                    await session.execute(insert(PoolNumber), [values | {"taken_at": services.clock.now()}])
                number.active = True
                await accounts.audit(session, person, "number.restore", "number", number_id, number=number.e164)
    except IntegrityError:
        raise Conflict(NOT_FREE, code="not_free") from None
    _tell(services, person)
    return number


async def _add(
    session: AsyncSession, services: Services, person: Current, typed: str, title: str, trunk_id: int | None
) -> Number:
    """The number in use, with the settings that it had before if it was one of the company's already."""
    if trunk_id is not None and trunk_id not in {one.id for one in await queries.trunks(session)}:
        raise BadInput(NO_TRUNK, fields={"trunk_id": NO_TRUNK})
    now, e164 = services.clock.now(), to_e164(typed)
    former = _former(await queries.by_e164(session, e164) if e164 else ())
    if former is not None:
        former.active, former.trunk_id = True, trunk_id
        former.title = rules.title(title) or former.title
        return former
    number = await create_number(
        session,
        business_id=person.business_id,
        e164=typed,
        at=now,
        title=title,
        kind="multichannel",
        agent_id=None,
        target_kind="queue",
        target_id=None,
        greeting="",
        takers="all",
        record=True,
        trunk_id=trunk_id,
    )
    await serve_by_all(session, number, now)
    return number


def _former(found: Iterable[Number]) -> Number | None:
    return next((one for one in found if not one.active), None)


def _tell(services: Services, person: Current) -> None:
    at = services.clock.epoch()
    # The number's own queue has its members at once, its callers come with the routing.
    services.bus.publish(ConfigChanged(at=at, business_id=person.business_id, what="members"))
    services.bus.publish(
        RoutingDrafted(at=at, business_id=person.business_id, what="numbers", now=False, user_id=person.user_id)
    )
