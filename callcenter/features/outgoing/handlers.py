"""Events that concern confirmations."""

from __future__ import annotations

from callcenter.core.events import SpyChanged
from callcenter.features.outgoing.usecases import confirming
from callcenter.plugin import Services


async def on_leg(services: Services, event: SpyChanged) -> None:
    """A leg of ours was picked up or ended: perhaps one that dictates."""
    await confirming.leg_changed(services, event)
