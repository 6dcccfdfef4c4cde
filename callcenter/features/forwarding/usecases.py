"""An employee enters his own telephone, an administrator approves it, numbers forward to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged, MemberNotice
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.confirmations import api as confirmations
from callcenter.features.forwarding import queries, rules
from callcenter.features.forwarding.models import ForwardNumber
from callcenter.features.numbers import api as numbers
from callcenter.http.current import Current
from callcenter.plugin import Services

NOT_THERE = N_("There is no such telephone.")


async def state_of(session: AsyncSession, one: ForwardNumber, now: datetime) -> str:
    """One of ``rules.STATES``."""
    ends = await confirmed_until(session, one)
    return rules.state(confirmed=ends is not None and ends > now, approved=one.approved_at is not None)


async def confirmed_until(session: AsyncSession, one: ForwardNumber) -> datetime | None:
    """When the employee's own confirmation ends or has ended; None when he never confirmed the telephone."""
    return await confirmations.until(session, one.e164, agent_id=one.agent_id)


async def mobiles(session: AsyncSession, now: datetime) -> dict[int, list[str]]:
    """Where calls are forwarded that nobody of a number's takers answered, by number, if it is set up so."""
    valid = {(one.agent_id, one.e164) for one in confirmations.valid(await confirmations.every(session), now)}
    ready = {
        one.agent_id: one.e164
        for one in await queries.everybody(session)
        if one.approved_at is not None and (one.agent_id, one.e164) in valid
    }
    if not ready:
        return {}
    takers = await numbers.takers(session)
    return {
        number_id: list(dict.fromkeys(ready[agent] for agent in some if agent in ready))
        for number_id, some in takers.items()
    }


async def enter(services: Services, person: Current, typed: str) -> ForwardNumber | None:
    """Sets one's own telephone ('' takes it away); it must be confirmed and approved anew. Raises BadInput."""
    if person.agent_id is None:
        raise Conflict(N_("Only employees with a phone here can have calls forwarded."))
    e164 = to_e164(typed) if typed.strip() else ""
    if e164 is None:
        message = N_("This is not a telephone number.")
        raise BadInput(message, fields={"number": message})
    async with services.db.business(person.business_id) as session:
        there = await queries.of_agent(session, person.agent_id)
        if there is not None and there.e164 == e164:
            return there
        if there is not None:
            await session.delete(there)
            await session.flush()
        made = None
        if e164:
            now = services.clock.now()
            made = ForwardNumber(business_id=person.business_id, agent_id=person.agent_id, e164=e164, created_at=now)
            session.add(made)
        await accounts.audit(session, person, "telephone.enter", "agent", person.agent_id, number=e164)
    _tell(services, person.business_id)
    return made


async def approve(services: Services, person: Current, agent_id: int, yes: bool) -> None:
    """Lets an employee's telephone take forwarded calls, or no longer. Raises NotFound, Conflict."""
    async with services.db.business(person.business_id) as session:
        found = await queries.of_agent(session, agent_id)
        agent = await agents.get(session, agent_id)
        if found is None or agent is None:
            raise NotFound(NOT_THERE)
        if yes and await state_of(session, found, services.clock.now()) == rules.UNCONFIRMED:
            raise Conflict(N_("The employee has to confirm this telephone first."))
        found.approved_at = services.clock.now() if yes else None
        found.approved_by = person.membership_id if yes else None
        action = "telephone.approve" if yes else "telephone.refuse"
        await accounts.audit(session, person, action, "agent", agent_id, agent=agent.name, number=found.e164)
    services.bus.publish(
        MemberNotice(
            at=services.clock.epoch(),
            business_id=person.business_id,
            membership_id=agent.membership_id,
            kind="telephone",
            text=N_("Your telephone takes forwarded calls now.")
            if yes
            else N_("Your telephone does not take forwarded calls."),
            link="/telephone",
        )
    )
    _tell(services, person.business_id)


def _tell(services: Services, business_id: int) -> None:
    # People and their telephones are live at once: a draft of the routing stays one.
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="telephones"))
