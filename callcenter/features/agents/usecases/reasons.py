"""Why people pause: the list of a business, what it begins with, and how an administrator arranges it."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import queries, rules
from callcenter.features.agents.models import PauseReason
from callcenter.http.current import Current
from callcenter.http.site import catalogues
from callcenter.plugin import Services
from callcenter.storage.scope import exclusive

MOST = 40
LONGEST_NAME = 60
LONGEST_LIMIT = 24 * 60


class First(msgspec.Struct, frozen=True):
    """A reason that a business begins with; ``name`` is a gettext key, ``limit`` in minutes."""

    key: str
    name: str
    works: bool
    limit: int | None


FIRST = (
    First("break", N_("Break"), False, 15),
    First("lunch", N_("Lunch"), False, 60),
    First("meeting", N_("Meeting"), True, None),
    First("training", N_("Training"), True, None),
    First("paperwork", N_("Paperwork"), True, 30),
)


class ReasonForm(msgspec.Struct, kw_only=True):
    """A reason: ``limit_minutes`` empty = as long as one likes."""

    name: str
    counts_as_work: bool = False
    limit_minutes: int | None = None


class Seeded:
    """The businesses of which this process knows that they have reasons; one object per process."""

    def __init__(self, _services: Services) -> None:
        self.done: set[int] = set()


async def ready(services: Services, business_id: int) -> None:
    """Sees to it that a business has its first reasons, in its owner's language. Reasons are never deleted, so a
    business without any is new.
    """
    seeded = services.part(Seeded, Seeded)
    if business_id in seeded.done:
        return
    made = False
    async with services.db.business(business_id) as session:
        if not await queries.reasons(session, retired=True):
            await exclusive(session, "pause_reasons")
            made = not await queries.reasons(session, retired=True)
            if made:
                await _seed(session, business_id)
    seeded.done.add(business_id)
    if made:
        _changed(services, business_id)


async def _seed(session: AsyncSession, business_id: int) -> None:
    business = await accounts.business(session, business_id)
    say = catalogues().language(business.language if business else "ru").gettext
    rows = {
        one.key: PauseReason(
            key=one.key,
            name=say(one.name),
            counts_as_work=one.works,
            limit_minutes=one.limit,
            position=place,
        )
        for place, one in enumerate(FIRST)
    }
    session.add_all(rows.values())
    await session.flush()
    # Who paused before there were lists said why by the same keys.
    for agent in await queries.agents(session):
        if agent.reason in rows and agent.reason_id is None:
            agent.reason_id, agent.reason = rows[agent.reason].id, rows[agent.reason].name


async def ready_all(services: Services) -> None:
    """The same for every business, at the server's start."""
    async with services.db.system() as session:
        known = [one.id for one in await accounts.businesses(session)]
    for business_id in known:
        await ready(services, business_id)


async def listed(services: Services, business_id: int, *, retired: bool = False) -> list[PauseReason]:
    """The business's reasons in their order; ``retired`` adds those that can no longer be chosen, at the end."""
    await ready(services, business_id)
    async with services.db.business(business_id) as session:
        return await queries.reasons(session, retired=retired)


async def chosen(session: AsyncSession, reason: str, reason_id: int | None) -> tuple[int | None, str]:
    """The reason that somebody chose, by id, key or name; (None, '') for none. Raises BadInput for an unknown one."""
    if reason_id is None and not reason:
        return None, ""
    wanted = reason.casefold()
    for row in await queries.reasons(session):
        if row.id == reason_id or (reason_id is None and wanted in (row.key or None, row.name.casefold())):
            return row.id, row.name
    text = N_("There is no such reason. Choose one from the list.")
    raise BadInput(text, fields={"reason": text})


async def save(services: Services, person: Current, form: ReasonForm, reason_id: int | None = None) -> int:
    """Adds a reason or changes one; its id. Raises BadInput that names the field, Conflict, NotFound."""
    await ready(services, person.business_id)
    name = _checked(form)
    async with services.db.business(person.business_id) as session:
        await exclusive(session, "pause_reasons")
        there = await queries.reasons(session)
        if any(one.name.casefold() == name.casefold() and one.id != reason_id for one in there):
            text = N_("There is a reason with this name already.")
            raise BadInput(text, code="reason_exists", fields={"name": text})
        if reason_id is None:
            if len(there) >= MOST:
                raise Conflict(N_("There are too many reasons. Retire some first."))
            row = PauseReason(key="", name=name, position=max((one.position for one in there), default=-1) + 1)
            session.add(row)
        else:
            row = _need(there, reason_id)
        row.name, row.counts_as_work, row.limit_minutes = name, form.counts_as_work, form.limit_minutes
        await session.flush()
        await accounts.audit(session, person, "reason.save", "reason", row.id, name=name)
    _changed(services, person.business_id)
    return row.id


async def retire(services: Services, person: Current, reason_id: int, *, back: bool = False) -> None:
    """Takes a reason out of the choice; stretches of the past keep it. ``back`` puts it in again."""
    async with services.db.business(person.business_id) as session:
        await exclusive(session, "pause_reasons")
        there = await queries.reasons(session, retired=True)
        row = _need(there, reason_id)
        if back and any(one.active and one.name.casefold() == row.name.casefold() and one is not row for one in there):
            raise Conflict(N_("There is a reason with this name already."), code="reason_exists")
        row.active = back
        await accounts.audit(
            session, person, "reason.back" if back else "reason.retire", "reason", row.id, name=row.name
        )
    _changed(services, person.business_id)


async def order(services: Services, person: Current, ids: list[int]) -> None:
    """Puts the reasons into this order; those that are not named come after, as they were."""
    async with services.db.business(person.business_id) as session:
        await exclusive(session, "pause_reasons")
        for place, row in enumerate(rules.ordered(await queries.reasons(session), ids)):
            row.position = place
        await accounts.audit(session, person, "reason.order", "business", person.business_id)
    _changed(services, person.business_id)


async def move(services: Services, person: Current, reason_id: int, by: int) -> None:
    """Moves a reason up (-1) or down (1) by one place."""
    ids = [one.id for one in await listed(services, person.business_id)]
    if reason_id not in ids:
        raise NotFound(N_("There is no such reason. Choose one from the list."))
    place = ids.index(reason_id)
    ids.insert(min(max(place + by, 0), len(ids) - 1), ids.pop(place))
    await order(services, person, ids)


def _need(there: list[PauseReason], reason_id: int) -> PauseReason:
    for row in there:
        if row.id == reason_id:
            return row
    raise NotFound(N_("There is no such reason. Choose one from the list."))


def _checked(form: ReasonForm) -> str:
    wrong: dict[str, str] = {}
    name = " ".join(form.name.split())
    if not name or len(name) > LONGEST_NAME or name in rules.BUILT_IN:
        wrong["name"] = N_("Enter a name of at most 60 characters.")
    if form.limit_minutes is not None and not 1 <= form.limit_minutes <= LONGEST_LIMIT:
        wrong["limit_minutes"] = N_("Enter from 1 to 1440 minutes, or leave it empty.")
    if wrong:
        raise BadInput(next(iter(wrong.values())), fields=wrong)
    return name


def _changed(services: Services, business_id: int) -> None:
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="pause_reasons"))
