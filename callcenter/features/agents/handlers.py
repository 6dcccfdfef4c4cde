"""Keeps the time that agents spend in each state, in the order of the events, also while the database is locked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.clock import utc
from callcenter.core.events import AgentChanged, AgentWanted, CallEnded, CallUpdated, LinkChanged, PauseOverdue
from callcenter.features.agents import queries, rules
from callcenter.features.agents.models import AgentStateSpan
from callcenter.features.agents.usecases import states
from callcenter.plugin import Services

log = logging.getLogger(__name__)

GIVE_UP = 600.0
"""Seconds after which a change is given up: the events behind it must not wait for ever."""


async def on_changed(services: Services, event: AgentChanged) -> None:
    """An agent's real state changed: his open stretch ends, the next one begins."""

    async def write() -> None:
        async with services.db.business(event.business_id) as session:
            await _change(session, event)

    await until_written(write, f"state {event.state} of agent {event.agent_id}")


async def on_link(services: Services, event: LinkChanged) -> None:
    """After a break (or the server's start) the stretches are brought to what is true now."""
    if not event.up:
        return

    async def write() -> None:
        async with services.db.system() as session:
            people = await queries.agents(session)
        for agent in people:
            now = services.live.now(agent.business_id, agent.id, event.at)
            if now is not None:
                async with services.db.business(agent.business_id) as session:
                    await _change(session, now)

    await until_written(write, "states after a break")


async def on_overdue(services: Services, event: PauseOverdue) -> None:
    """A pause went over its limit: the agent and the supervisors are told."""
    await until_written(lambda: states.tell_overdue(services, event), f"overdue pause of agent {event.agent_id}")


async def on_call(services: Services, event: CallUpdated | CallEnded) -> None:
    """A call rang somewhere: who lets too many ring is paused."""
    if event.call.direction == "out" or (isinstance(event, CallEnded) and event.source != "live"):
        return
    found = services.part(rules.Rings, lambda _: rules.Rings()).look(event.call)
    if not found:
        return
    business = services.telephony.directory.businesses.get(event.call.business_id)
    most = business.unanswered if business else rules.UNANSWERED
    for agent_id, rings in found.items():
        if 0 < most <= rings:
            await _pause(services, event.call.business_id, agent_id, rings)


async def _pause(services: Services, business_id: int, agent_id: int, rings: int) -> None:
    async def write() -> None:
        await states.pause_unanswered(services, business_id, agent_id, rings)

    await until_written(write, f"pause of agent {agent_id}, who does not answer")


async def on_wanted(services: Services, event: AgentWanted) -> None:
    """Somebody chose a state for an agent: his rings are counted anew."""
    services.part(rules.Rings, lambda _: rules.Rings()).forget(event.agent_id)


async def _change(session: AsyncSession, now: AgentChanged) -> None:
    agent_id, reason = now.agent_id, now.reason[:60]
    spans = await queries.open_spans(session, agent_id)
    newest = spans[0] if spans else None
    for older in spans[1:]:
        # A crash between two writes may leave more than one open: the earlier ones ended where the newest began.
        older.until = max(older.since, spans[0].since)
    current = (
        None if newest is None else rules.Span(newest.state, newest.reason, newest.since.timestamp(), newest.reason_id)
    )
    step = rules.change_span(current, now.state, reason, now.at, now.reason_id)
    due_at = None if now.due_at is None else utc(now.due_at)
    if newest is not None and step.close_at is not None:
        newest.until = utc(step.close_at)
    elif newest is not None and step.opened is None:
        newest.due_at, newest.extended = due_at, now.extended
    if step.opened is not None and await queries.agent(session, agent_id) is not None:
        opened = step.opened
        session.add(
            AgentStateSpan(
                business_id=now.business_id,
                agent_id=agent_id,
                state=opened.state,
                reason=opened.reason,
                reason_id=opened.reason_id,
                since=utc(opened.since),
                due_at=due_at,
                extended=now.extended,
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
