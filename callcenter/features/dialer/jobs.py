"""Timed work."""

from __future__ import annotations

from callcenter.features.dialer.usecases import pacing, promising, running, samples
from callcenter.plugin import Services


async def serve(services: Services) -> None:
    """Calls the clients of the lists that run."""
    await running.serve(services)


async def pace(services: Services) -> None:
    """Calls the clients of the lists that have a team."""
    await pacing.serve(services)


async def prune(services: Services) -> None:
    """Removes greetings that were kept long enough."""
    await samples.prune(services)


async def remind(services: Services) -> None:
    """Tells agents that a call which they promised is due."""
    await promising.remind(services)
