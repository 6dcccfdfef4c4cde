"""Who uses a number: operators with their two toggles, calling out and recording (TEL-62, REC-03)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotFound
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.numbers import queries
from callcenter.features.numbers.models import NumberOperator
from callcenter.http.current import Current
from callcenter.plugin import Services

NO_NUMBER = N_("This number is not there.")
NOT_OPERATOR = N_("This employee is no operator of the number.")
NO_EMPLOYEE = N_("This employee is not there any more. Choose another one.")


class OperatorForm(msgspec.Struct, kw_only=True):
    """The two toggles of an operator; what is absent stays, or is on for a new one."""

    outgoing: bool | msgspec.UnsetType = UNSET
    record: bool | msgspec.UnsetType = UNSET


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """How a number is used: ``callers`` may call out by it (None = everybody), calls of ``silent`` are not recorded."""

    callers: frozenset[int] | None = None
    silent: frozenset[int] = frozenset()


async def uses(session: AsyncSession) -> dict[int, Use]:
    """Numbers that have operators; all others are everybody's (with a system session: of all businesses)."""
    rows: dict[int, list[NumberOperator]] = {}
    for one in await queries.operators(session):
        rows.setdefault(one.number_id, []).append(one)
    return {
        number_id: Use(
            callers=frozenset(one.agent_id for one in some if one.outgoing),
            silent=frozenset(one.agent_id for one in some if not one.record),
        )
        for number_id, some in rows.items()
    }


def unrecorded(uses: Mapping[int, Use], number_id: int | None, agent_id: int | None) -> bool:
    """Whether the calls of an agent by a number are not recorded because the operator's toggle says so."""
    found = uses.get(number_id or 0)
    return found is not None and agent_id in found.silent


async def put(services: Services, person: Current, number_id: int, agent_id: int, form: OperatorForm) -> None:
    """Adds an operator of a number, or changes his toggles. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        if await queries.number(session, number_id) is None:
            raise NotFound(NO_NUMBER)
        agent = await agents.get(session, agent_id)
        if agent is None or not agent.active:
            raise NotFound(NO_EMPLOYEE)
        row = await queries.operator(session, number_id, agent_id)
        if row is None:
            row = NumberOperator(
                business_id=person.business_id,
                number_id=number_id,
                agent_id=agent_id,
                outgoing=True,
                record=True,
                created_at=services.clock.now(),
            )
            session.add(row)
        row.outgoing = row.outgoing if form.outgoing is UNSET else form.outgoing
        row.record = row.record if form.record is UNSET else form.record
        said = {"agent": agent.name, "outgoing": row.outgoing, "record": row.record}
        await accounts.audit(session, person, "number.operator", "number", number_id, **said)
    _tell(services, person)


async def drop(services: Services, person: Current, number_id: int, agent_id: int) -> OperatorForm:
    """Takes an operator off a number; the toggles he had, so that he can be put back. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        row = await queries.operator(session, number_id, agent_id)
        if row is None:
            raise NotFound(NOT_OPERATOR)
        agent = await agents.get(session, agent_id)
        had = OperatorForm(outgoing=row.outgoing, record=row.record)
        await session.delete(row)
        said = {"agent": agent.name if agent else ""}
        await accounts.audit(session, person, "number.operator_gone", "number", number_id, **said)
    _tell(services, person)
    return had


def _tell(services: Services, person: Current) -> None:
    # Who uses a number is live at once, as people and their phones are.
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=person.business_id, what="operators"))
