"""Events that concern numbers."""

from __future__ import annotations

from callcenter.core.events import ConfigChanged
from callcenter.features.numbers import usecases
from callcenter.plugin import Services


async def config_changed(services: Services, event: ConfigChanged) -> None:
    """A new employee takes the calls of the numbers that all employees take."""
    if event.what not in ("numbers", "members"):
        await usecases.follow_agents(services, event.business_id)
