"""What people do with numbers: add, name, choose who takes the calls and where they go, switch recording."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.core.phones import shown, to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import queries, rules
from callcenter.features.numbers.models import Number, Trunk
from callcenter.features.queues import api as queues
from callcenter.http.current import Current
from callcenter.plugin import Services


class NumberPatch(msgspec.Struct, kw_only=True):
    """Changes of a number; what is absent stays.

    ``takers`` 'all' or 'some' (with ``agent_ids``) gives the number a queue of its own (INB-03); 'target' sends calls
    to ``target_kind`` queue, menu or agent with ``target_id``.
    """

    title: str | msgspec.UnsetType = UNSET
    record: bool | msgspec.UnsetType = UNSET
    takers: str | msgspec.UnsetType = UNSET
    agent_ids: list[int] | msgspec.UnsetType = UNSET
    target_kind: str | msgspec.UnsetType = UNSET
    target_id: int | msgspec.UnsetType = UNSET


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


async def change(services: Services, person: Current, number_id: int, patch: NumberPatch) -> Number:
    """Changes a number and tells everybody by ConfigChanged. Raises NotFound, BadInput."""
    now, business_id = services.clock.now(), person.business_id
    async with services.db.business(business_id) as session:
        number = await queries.number(session, number_id)
        if number is None:
            raise NotFound(N_("This number is not there."))
        if patch.title is not UNSET:
            number.title = rules.title(patch.title)
        if patch.record is not UNSET:
            number.record = patch.record
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
        changed = {field: value for field in patch.__struct_fields__ if (value := getattr(patch, field)) is not UNSET}
        await accounts.audit(session, person, "number.change", "number", number_id, **changed)
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="numbers"))
    return number


async def follow_agents(services: Services, business_id: int) -> bool:
    """Gives numbers that all employees take their new employees; says whether anything changed."""
    changed = False
    async with services.db.business(business_id) as session:
        for number in await queries.numbers(session):
            if number.takers != "all":
                continue
            everybody = {agent.id for agent in await agents.all_agents(session)}
            own = await queues.own_queue(session, number.id)
            if own is None or {member.agent_id for member in own.members} != everybody:
                await _own_queue(session, number, sorted(everybody), services.clock.now())
                changed = True
    if changed:
        services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="numbers"))
    return changed


async def _route(session: AsyncSession, number: Number, patch: NumberPatch, now: datetime) -> None:
    if number.kind == "personal":
        raise BadInput(N_("A personal number rings its owner only."))
    if patch.takers == "target":
        await _to_target(session, number, patch)
    elif patch.takers == "all":
        number.takers = "all"
        everybody = [agent.id for agent in await agents.all_agents(session)]
        await _own_queue(session, number, everybody, now)
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
