"""Ends of calls."""

from __future__ import annotations

from callcenter.core.events import CallEnded
from callcenter.features.missed import usecases
from callcenter.plugin import Services


async def on_end(services: Services, event: CallEnded) -> None:
    """Somebody has to know of a missed call at once."""
    services.part(usecases.Missed, usecases.Missed).put(event.call)
