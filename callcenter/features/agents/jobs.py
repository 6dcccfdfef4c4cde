"""Timed work of agents."""

from __future__ import annotations

import asyncio

from callcenter.features.agents.usecases import life
from callcenter.plugin import Services


async def sign_of_life(services: Services) -> None:
    """Says that the server runs, for the next start."""
    await asyncio.to_thread(life.touch_life, services.settings)
