"""What is known of a caller: his own employee, who talked to him last, his priority."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.events import CallerAsked
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.distribution import rules


class Known(NamedTuple):
    """``first`` is the agent who shall be rung first; ``priority`` None = what the number says."""

    first: int | None = None
    priority: int | None = None


async def priorities(session: AsyncSession, business_id: int) -> rules.Priorities:
    """The business's priorities by tag and list."""
    business = await accounts.business(session, business_id)
    return rules.read(business.settings) if business else rules.Priorities()


async def known(session: AsyncSession, asked: CallerAsked, now: datetime, free: Callable[[int], bool]) -> Known:
    """The answer (business session): his own employee, else who talked to him last, if he is ``free``; his priority."""
    ranks = await priorities(session, asked.business_id)
    client = await contacts.caller(session, asked.caller, labels=bool(ranks)) if asked.own_first or ranks else None
    first = None
    if asked.own_first and client is not None and client.responsible_id is not None:
        agent = await agents.by_membership(session, client.responsible_id)
        first = agent.id if agent and agent.active and free(agent.id) else None
    if first is None and asked.last_days > 0 and contacts.outside(asked.caller):
        last = await calls.last_agent(session, asked.caller, now - timedelta(days=asked.last_days))
        first = last if last is not None and free(last) else None
    return Known(first, ranks.of(client.tags, client.lists) if client is not None else None)
