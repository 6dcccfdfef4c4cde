"""Timed work."""

from __future__ import annotations

from callcenter.features.callbacks import usecases
from callcenter.plugin import Services


async def work(services: Services) -> None:
    """Calls back whom an agent is free for."""
    await usecases.work(services)
