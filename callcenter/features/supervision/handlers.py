"""Events that supervision follows."""

from __future__ import annotations

from callcenter.core.events import SpyChanged
from callcenter.features.supervision.usecases.spying import spying
from callcenter.plugin import Services


async def spy_changed(services: Services, event: SpyChanged) -> None:
    """A spy's phone was picked up, or is gone."""
    await spying(services).changed(event)
