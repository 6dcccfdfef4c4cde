"""Legs of phones that end: one of them may have recorded a prompt."""

from __future__ import annotations

from callcenter.core.events import SpyChanged
from callcenter.features.prompts.usecases import phoning
from callcenter.plugin import Services


async def leg_changed(services: Services, event: SpyChanged) -> None:
    """A leg that is no call was picked up or is gone."""
    await phoning.leg_changed(services, event)
