"""What is known over a stop of the server: its last sign of life, what agents wanted, and what they did."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

from callcenter.config import Settings
from callcenter.core.clock import utc
from callcenter.core.events import AgentState, AgentWanted, WantedState
from callcenter.features.agents import queries
from callcenter.live.agents import OpenStretch
from callcenter.plugin import Services

LIFE_EVERY = 15.0
"""Seconds between signs of life."""
SHORT_BREAK = 90.0
"""After so many seconds without a server nobody knows what agents did meanwhile: stretches end at its last sign."""


def life_file(settings: Settings) -> Path:
    """A file whose time of change is the last moment when the server is known to have run."""
    return settings.data / "agents.alive"


def touch_life(settings: Settings) -> None:
    """A sign of life."""
    life_file(settings).touch()


async def end_stale_spans(services: Services) -> None:
    """After a long break of the server ends the open stretches where its last sign of life was.

    A night without the server must not count as eight hours of readiness. After a short break they go on: the first
    look at the live state corrects those that changed.
    """
    try:
        last = (await asyncio.to_thread(life_file(services.settings).stat)).st_mtime
    except OSError:
        last = 0.0
    if services.clock.epoch() - last < SHORT_BREAK:
        return
    async with services.db.system() as session:
        for span in await queries.open_spans(session):
            span.until = max(span.since, utc(last))


async def restore(services: Services) -> None:
    """Tells what every agent chose before the server stopped, and goes on with what he did."""
    await end_stale_spans(services)
    async with services.db.system() as session:
        people = await queries.agents(session)
        going_on = await queries.open_spans(session)
    for agent in people:
        services.bus.publish(
            AgentWanted(
                at=agent.wanted_since.timestamp(),
                business_id=agent.business_id,
                agent_id=agent.id,
                wanted=cast(WantedState, agent.wanted),
                reason=agent.reason,
                reason_id=agent.reason_id,
            )
        )
    # The newest last: a crash may have left more than one open.
    services.live.restore(
        OpenStretch(
            agent_id=span.agent_id,
            state=cast(AgentState, span.state),
            since=span.since.timestamp(),
            reason=span.reason,
            reason_id=span.reason_id,
            due_at=span.due_at.timestamp() if span.due_at else None,
            extended=span.extended,
        )
        for span in reversed(going_on)
    )
