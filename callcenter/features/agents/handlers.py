"""Keeps the time that agents spend in each state, in the order of the events, also while the database is locked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.bus import Gathering
from callcenter.core.clock import utc
from callcenter.core.events import AgentChanged, AgentWanted, CallEnded, CallUpdated, LinkChanged, PauseOverdue
from callcenter.features.agents import queries, rules
from callcenter.features.agents.models import AgentStateSpan
from callcenter.features.agents.usecases import states
from callcenter.plugin import Services
from callcenter.storage.scope import insert_many

log = logging.getLogger(__name__)

GIVE_UP = 600.0
"""Seconds after which a change is given up: the events behind it must not wait for ever."""


GATHER = 0.1
"""Seconds that changes wait for others."""
_WRITTEN = ("agent_id", "state", "reason", "reason_id", "since", "until", "due_at", "extended")


class SpanWriter:
    """One per process (``services.part(SpanWriter, SpanWriter)``): writes changes in their order, many at a time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        gathered: Gathering[AgentChanged] = Gathering(services.bus, "agents.spans", GATHER, self._keep)
        self.put, self.drained = gathered.put, gathered.drained

    async def _keep(self, business_id: int, changes: list[AgentChanged]) -> None:
        await until_written(partial(self._write, business_id, changes), f"{len(changes)} states of agents")

    async def _write(self, business_id: int, changes: list[AgentChanged]) -> None:
        try:
            async with self._services.db.business(business_id) as session:
                await _change(session, changes)
        except IntegrityError:
            if len(changes) == 1:
                raise
            # An agent was deleted in this very moment: the others must not suffer from it.
            for change in changes:
                await until_written(partial(self._write, business_id, [change]), f"state of agent {change.agent_id}")


async def on_changed(services: Services, event: AgentChanged) -> None:
    """An agent's real state changed: his open stretch ends, the next one begins."""
    services.part(SpanWriter, SpanWriter).put(event)


async def on_link(services: Services, event: LinkChanged) -> None:
    """After a break (or the server's start) the stretches are brought to what is true now."""
    if not event.up:
        return
    found: list[tuple[int, int]] = []

    async def read() -> None:
        async with services.db.system() as session:
            found[:] = [(agent.business_id, agent.id) for agent in await queries.agents(session)]

    await until_written(read, "states after a break")
    writer = services.part(SpanWriter, SpanWriter)
    for business_id, agent_id in sorted(found):
        now = services.live.now(business_id, agent_id, event.at)
        if now is not None:
            writer.put(now)


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


async def _change(session: AsyncSession, changes: list[AgentChanged]) -> None:
    """Brings the stretches of one business's agents to where ``changes``, in their order, lead."""
    ids = {change.agent_id for change in changes}
    newest: dict[int, AgentStateSpan] = {}
    for span in await queries.open_spans(session, ids):
        if span.agent_id in newest:
            # A crash between two writes may leave more than one open: the earlier ones ended where the newest began.
            span.until = max(span.since, newest[span.agent_id].since)
        else:
            newest[span.agent_id] = span
    there = await queries.existing(session, ids)
    made: list[AgentStateSpan] = []
    for change in changes:
        old = newest.get(change.agent_id)
        current = None if old is None else rules.Span(old.state, old.reason, old.since.timestamp(), old.reason_id)
        step = rules.change_span(current, change.state, change.reason[:60], change.at, change.reason_id)
        due_at = None if change.due_at is None else utc(change.due_at)
        if old is not None and step.close_at is not None:
            old.until = utc(step.close_at)
        elif old is not None and step.opened is None:
            old.due_at, old.extended = due_at, change.extended
        if step.opened is not None and change.agent_id in there:
            opened = step.opened
            newest[change.agent_id] = AgentStateSpan(
                agent_id=change.agent_id,
                state=opened.state,
                reason=opened.reason,
                reason_id=opened.reason_id,
                since=utc(opened.since),
                until=None,
                due_at=due_at,
                extended=change.extended,
            )
            made.append(newest[change.agent_id])
    # Never added to the session: the ORM would write them row by row, each in a statement of its own.
    await session.run_sync(
        insert_many, AgentStateSpan, [{name: getattr(one, name) for name in _WRITTEN} for one in made]
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
