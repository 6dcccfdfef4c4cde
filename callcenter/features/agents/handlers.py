"""Keeps the time that agents spend in each state, in the order of the events, also while the database is locked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.clock import utc
from callcenter.core.events import AgentChanged, LinkChanged
from callcenter.features.agents import queries, rules
from callcenter.features.agents.models import AgentStateSpan
from callcenter.plugin import Services

log = logging.getLogger(__name__)

GIVE_UP = 600.0
"""Seconds after which a change is given up: the events behind it must not wait for ever."""


async def on_changed(services: Services, event: AgentChanged) -> None:
    """An agent's real state changed: his open stretch ends, the next one begins."""

    async def write() -> None:
        async with services.db.business(event.business_id) as session:
            await _change(session, event.business_id, event.agent_id, event.state, event.reason, event.at)

    await until_written(write, f"state {event.state} of agent {event.agent_id}")


async def on_link(services: Services, event: LinkChanged) -> None:
    """After a break (or the server's start) the stretches are brought to what is true now."""
    if not event.up:
        return

    async def write() -> None:
        async with services.db.system() as session:
            people = await queries.agents(session)
        for agent in people:
            view = services.live.agent(agent.business_id, agent.id)
            if view is not None:
                async with services.db.business(agent.business_id) as session:
                    await _change(session, agent.business_id, agent.id, view.state, view.reason, event.at)

    await until_written(write, "states after a break")


async def _change(session: AsyncSession, business_id: int, agent_id: int, state: str, reason: str, at: float) -> None:
    spans = await queries.open_spans(session, agent_id)
    newest = spans[0] if spans else None
    for older in spans[1:]:
        # A crash between two writes may leave more than one open: the earlier ones ended where the newest began.
        older.until = max(older.since, spans[0].since)
    current = None if newest is None else rules.Span(newest.state, newest.reason, newest.since.timestamp())
    step = rules.change_span(current, state, reason[:60], at)
    if newest is not None and step.close_at is not None:
        newest.until = utc(step.close_at)
    if step.opened is not None and await queries.agent(session, agent_id) is not None:
        opened = step.opened
        session.add(
            AgentStateSpan(
                business_id=business_id,
                agent_id=agent_id,
                state=opened.state,
                reason=opened.reason,
                since=utc(opened.since),
            )
        )


async def until_written(write: Callable[[], Awaitable[None]], what: str) -> None:
    """Runs ``write`` again with growing pauses while the database is locked or away (at most ``GIVE_UP`` seconds)."""
    loop = asyncio.get_running_loop()
    last, pause = loop.time() + GIVE_UP, 0.2
    while True:
        try:
            await write()
        except IntegrityError:
            # The agent was deleted meanwhile: nothing is left to keep.
            log.info("not kept, the agent is gone: %s", what)
        except (DBAPIError, OSError) as error:
            if loop.time() >= last:
                log.error("given up after %.0f s: %s (%s)", GIVE_UP, what, error)
                return
            log.warning("database is away, trying again: %s", what)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)
            continue
        return
