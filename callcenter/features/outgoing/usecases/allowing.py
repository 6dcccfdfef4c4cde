"""Who may call out: a right of each employee, and of each number (OUT-40)."""

from __future__ import annotations

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.numbers import api as numbers
from callcenter.http.current import Current
from callcenter.plugin import Services

GONE = N_("There is no such agent.")
NO_NUMBER = N_("This number is not there.")


class NumberRight(msgspec.Struct, kw_only=True):
    """A number of the company. ``allowed``: the employee calls out by it; ``open``: it takes calls out at all.

    ``everybody`` = it has no operators, so that it is everybody's.
    """

    number_id: int
    e164: str
    title: str
    allowed: bool
    open: bool
    everybody: bool


class Rights(msgspec.Struct, kw_only=True):
    """By what an employee may call out: ``calls_out`` False = by nothing, whatever the numbers say."""

    agent_id: int
    name: str
    calls_out: bool
    numbers: list[NumberRight]


class NumberWish(msgspec.Struct, kw_only=True):
    """Whether an employee shall call out by a number."""

    number_id: int
    allowed: bool


class RightsForm(msgspec.Struct, kw_only=True):
    """What changes: the right as such, and by which numbers he calls out; what is absent stays."""

    calls_out: bool | msgspec.UnsetType = msgspec.UNSET
    numbers: list[NumberWish] = []


async def rights(services: Services, person: Current, agent_id: int) -> Rights:
    """By what an employee may call out. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        agent = await agents.get(session, agent_id)
        if agent is None or not agent.active:
            raise NotFound(GONE)
        uses = await numbers.uses(session)
        found = [
            NumberRight(
                number_id=one.id,
                e164=one.e164,
                title=one.title or shown(one.e164),
                allowed=_callers(uses, one.id) is None or agent_id in (_callers(uses, one.id) or ()),
                open=one.outgoing,
                everybody=_callers(uses, one.id) is None,
            )
            for one in await numbers.all_numbers(session)
            if one.active and (one.kind != "personal" or one.agent_id == agent_id)
        ]
    return Rights(agent_id=agent_id, name=agent.name, calls_out=agent.calls_out, numbers=found)


async def allow(services: Services, person: Current, agent_id: int, form: RightsForm) -> Rights:
    """Changes an employee's rights to call out; at once, also for his telephone. Raises NotFound."""
    before = await rights(services, person, agent_id)
    known = {one.number_id: one for one in before.numbers}
    if not {one.number_id for one in form.numbers} <= set(known):
        raise NotFound(NO_NUMBER)
    for wish in form.numbers:
        there = known[wish.number_id]
        if wish.allowed != there.allowed:
            await _number(
                services, person, wish.number_id, agent_id, allowed=wish.allowed, everybody=there.everybody
            )  # fmt: skip
    if form.calls_out is not msgspec.UNSET and form.calls_out != before.calls_out:
        name = await agents.set_calls_out(services, person.business_id, agent_id, allowed=form.calls_out)
        async with services.db.business(person.business_id) as session:
            await accounts.audit(
                session, person, "agent.calls_out", "agent", agent_id, agent=name, allowed=form.calls_out
            )
    return await rights(services, person, agent_id)


async def _number(
    services: Services, person: Current, number_id: int, agent_id: int, *, allowed: bool, everybody: bool
) -> None:
    if everybody:
        # A number of everybody has no operators: those who keep it are named before one is left out.
        async with services.db.business(person.business_id) as session:
            others = await _active(session)
        for other in others - {agent_id}:
            await numbers.put_operator(services, person, number_id, other, numbers.OperatorForm())
    await numbers.put_operator(services, person, number_id, agent_id, numbers.OperatorForm(outgoing=allowed))


async def _active(session: AsyncSession) -> set[int]:
    return {one.id for one in await agents.all_agents(session) if one.active}


def _callers(uses: dict[int, numbers.Use], number_id: int) -> frozenset[int] | None:
    found = uses.get(number_id)
    return found.callers if found is not None else None
