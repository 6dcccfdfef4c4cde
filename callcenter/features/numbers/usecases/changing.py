"""What people do with numbers: add, name, choose who takes the calls and where they go, switch recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.clock import SystemClock
from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged, RoutingDrafted
from callcenter.core.i18n import N_
from callcenter.core.phones import shown, to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import queries, rules
from callcenter.features.numbers.models import Number, SpecialDay, Trunk
from callcenter.features.numbers.usecases.fields import NumberPatch, fill
from callcenter.features.queues import api as queues
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.storage import putback


async def create_trunk(
    session: AsyncSession,
    *,
    business_id: int,
    name: str,
    host: str,
    at: datetime,
    port: int,
    match: str,
    username: str,
    password: str,
    register: bool,
) -> int:
    """Adds a trunk and gives its id."""
    trunk = Trunk(
        business_id=business_id,
        name=name,
        host=host,
        port=port,
        match=match,
        username=username,
        password=password,
        register=register,
        # Operators that one signs in at want the login as the caller's name.
        caller_rule="asserted" if register else "number",
        created_at=at,
    )
    session.add(trunk)
    await session.flush()
    return trunk.id


async def create_number(
    session: AsyncSession,
    *,
    business_id: int,
    e164: str,
    at: datetime,
    title: str,
    kind: str,
    agent_id: int | None,
    target_kind: str,
    target_id: int | None,
    greeting: str,
    takers: str,
    record: bool,
    trunk_id: int | None,
) -> Number:
    """Adds a number. Raises BadInput for no number, Conflict when the business has it already."""
    parsed = to_e164(e164)
    if parsed is None:
        message = N_("“%(number)s” is not a telephone number. Write it like +7 495 123-45-67.")
        raise BadInput(message, fields={"e164": N_("This is not a telephone number.")}, number=e164[:40])
    taken = await session.scalar(select(Number.id).where(Number.e164 == parsed, Number.business_id == business_id))
    if taken is not None:
        raise Conflict(N_("The number %(number)s is there already."), number=shown(parsed))
    number = Number(
        business_id=business_id,
        e164=parsed,
        title=rules.title(title),
        kind=kind,
        agent_id=agent_id,
        target_kind=target_kind,
        target_id=target_id,
        greeting=greeting,
        takers=takers,
        record=record,
        trunk_id=trunk_id,
        created_at=at,
    )
    session.add(number)
    await session.flush()
    return number


async def put_back(
    session: AsyncSession,
    business_id: int,
    *,
    numbers: Iterable[msgspec.Struct],
    trunks: Iterable[msgspec.Struct],
    days: Mapping[date, tuple[str, list[Any]]],
) -> None:
    """Makes numbers, trunks and special days (title, spans) what they were; what is not among them is out of use."""
    now = SystemClock().now()
    lines = [msgspec.structs.asdict(one) for one in trunks]
    for trunk in await putback.put_back(session, Trunk, business_id, lines, created_at=now):
        trunk.active = False
    rows = [msgspec.structs.asdict(one) for one in numbers]
    for number in await putback.put_back(session, Number, business_id, rows):
        number.active = False
    wanted = dict(days)
    for day in await queries.special_days(session):
        found = wanted.pop(day.day, None)
        if found is None:
            await session.delete(day)
        else:
            day.title, day.spans = found
    session.add_all(
        SpecialDay(business_id=business_id, day=day, title=title, spans=spans, created_at=now)
        for day, (title, spans) in wanted.items()
    )
    await session.flush()


async def change(
    services: Services, person: Current, number_id: int, patch: NumberPatch, *, apply: bool = False
) -> Number:
    """Changes a number's draft and tells it by RoutingDrafted; with ``apply`` callers shall hear it at once.

    Raises NotFound, BadInput.
    """
    now, business_id = services.clock.now(), person.business_id
    async with services.db.business(business_id) as session:
        number = await queries.number(session, number_id)
        if number is None:
            raise NotFound(N_("This number is not there."))
        await _change(session, number, patch, now)
        await accounts.audit(session, person, "number.change", "number", number_id, **_told(patch))
    _tell(services, person, patch, apply)
    return number


async def change_all(services: Services, person: Current, patch: NumberPatch, *, apply: bool = False) -> int:
    """Changes all numbers' drafts of the business alike, or none (INB-12); how many. Raises BadInput.

    A personal number rings its owner only, so it takes no part in who takes the calls and what menu comes first.
    """
    if patch.title is not UNSET:
        message = N_("Each line has a name of its own.")
        raise BadInput(message, fields={"title": message})
    now, business_id = services.clock.now(), person.business_id
    async with services.db.business(business_id) as session:
        found = await queries.numbers(session)
        for number in found:
            await _change(session, number, for_kind(patch, number.kind), now)
        await accounts.audit(session, person, "number.change_all", "number", "", **_told(patch))
    _tell(services, person, patch, apply)
    return len(found)


def _tell(services: Services, person: Current, patch: NumberPatch, apply: bool) -> None:
    at = services.clock.epoch()
    if patch.takers is not UNSET:
        # Who serves a queue is live at once.
        services.bus.publish(ConfigChanged(at=at, business_id=person.business_id, what="members"))
    services.bus.publish(
        RoutingDrafted(at=at, business_id=person.business_id, what="numbers", now=apply, user_id=person.user_id)
    )


def for_kind(patch: NumberPatch, kind: str) -> NumberPatch:
    """What of a change for all numbers a number of this kind takes over."""
    if kind != "personal":
        return patch
    return NumberPatch(**{name: getattr(patch, name) for name in patch.__struct_fields__ if name not in _ROUTES})


_ROUTES = frozenset(
    {"title", "takers", "agent_ids", "target_kind", "target_id", "strategy", "ring_seconds", "own_first", "last_days"}
    | {"own_seconds", "priority", "menu_id"}
)


def _told(patch: NumberPatch) -> dict[str, Any]:
    given = {field: value for field in patch.__struct_fields__ if (value := getattr(patch, field)) is not UNSET}
    return {field: msgspec.to_builtins(value) for field, value in given.items()}


async def _change(session: AsyncSession, number: Number, patch: NumberPatch, now: datetime) -> None:
    if patch.title is not UNSET:
        number.title = rules.title(patch.title)
    await fill(session, number, patch, now)
    if patch.takers is not UNSET:
        await _route(session, number, patch, now)
    elif patch.target_kind is not UNSET or patch.target_id is not UNSET:
        await _to_target(session, number, patch)
    elif patch.agent_ids is not UNSET:
        message = N_("Say who takes the calls: all employees or chosen ones.")
        raise BadInput(message, fields={"takers": message})
    elif number.takers:
        # The private queue carries the line's name.
        await _own_queue(session, number, await _takers(session, number), now)
    if patch.strategy is not UNSET or patch.ring_seconds is not UNSET:
        if not number.takers or number.target_id is None:
            message = N_("This number has no takers of its own: the queue's own page has its distribution.")
            raise BadInput(message, fields={"strategy": message})
        settings = queues.QueuePatch(
            strategy=None if patch.strategy is UNSET else patch.strategy,
            ring_seconds=None if patch.ring_seconds is UNSET else patch.ring_seconds,
        )
        await queues.settle(session, number.target_id, settings)


async def follow_agents(services: Services, business_id: int) -> bool:
    """Gives numbers that all employees take their new employees; says whether anything changed."""
    changed = False
    async with services.db.business(business_id) as session:
        for number in await queries.numbers(session):
            if number.takers != "all":
                continue
            everybody = [agent.id for agent in await agents.all_agents(session)]
            there = await _takers(session, number)
            if not there or set(there) != set(everybody):
                await _own_queue(session, number, _in_order(there, everybody), services.clock.now())
                changed = True
    if changed:
        services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="members"))
    return changed


async def _route(session: AsyncSession, number: Number, patch: NumberPatch, now: datetime) -> None:
    if number.kind == "personal":
        raise BadInput(N_("A personal number rings its owner only."))
    if patch.takers == "target":
        await _to_target(session, number, patch)
    elif patch.takers == "all":
        number.takers = "all"
        everybody = [agent.id for agent in await agents.all_agents(session)]
        order = await _takers(session, number) if patch.agent_ids is UNSET else patch.agent_ids
        await _own_queue(session, number, _in_order(order, everybody), now)
    elif patch.takers == "some":
        chosen = [] if patch.agent_ids is UNSET else patch.agent_ids
        known = {agent.id for agent in await agents.all_agents(session)}
        if not chosen or not known.issuperset(chosen):
            message = N_("Choose at least one employee who takes the calls.")
            raise BadInput(message, fields={"agent_ids": message})
        number.takers = "some"
        await _own_queue(session, number, list(dict.fromkeys(chosen)), now)
    else:
        message = N_("Say who takes the calls: all employees or chosen ones.")
        raise BadInput(message, fields={"takers": message})


async def _to_target(session: AsyncSession, number: Number, patch: NumberPatch) -> None:
    kind = number.target_kind if patch.target_kind is UNSET else patch.target_kind
    target_id = number.target_id if patch.target_id is UNSET else patch.target_id
    there = target_id is not None and (
        (kind == "queue" and await queues.get(session, target_id) is not None)
        or (kind == "menu" and await ivr.get(session, target_id) is not None)
        or (kind == "agent" and await agents.get(session, target_id) is not None)
    )
    if not there:
        message = N_("Choose where calls to this number go.")
        raise BadInput(message, fields={"target_id": message})
    number.takers, number.target_kind, number.target_id = "", kind, target_id


async def _takers(session: AsyncSession, number: Number) -> list[int]:
    own = await queues.own_queue(session, number.id)
    return [member.agent_id for member in own.members] if own else []


def _in_order(order: Sequence[int], everybody: Sequence[int]) -> list[int]:
    """All of ``everybody``, first those that ``order`` names, as it names them."""
    known = set(everybody)
    return list(dict.fromkeys([*(one for one in order if one in known), *everybody]))


async def serve_by_all(session: AsyncSession, number: Number, now: datetime) -> None:
    """All employees, those of the future too, take a number's calls from a queue of its own (INB-03)."""
    number.takers = "all"
    await _own_queue(session, number, [agent.id for agent in await agents.all_agents(session)], now)


async def _own_queue(session: AsyncSession, number: Number, agent_ids: Sequence[int], now: datetime) -> None:
    queue = await queues.set_own_members(
        session,
        business_id=number.business_id,
        number_id=number.id,
        name=rules.own_queue_name(number.title, shown(number.e164)),
        agent_ids=agent_ids,
        at=now,
    )
    number.target_kind, number.target_id = "queue", queue.id
