"""A call ended: its recording is wanted."""

from __future__ import annotations

from callcenter.core.events import CallEnded
from callcenter.features.recordings.usecases.converting import pipeline
from callcenter.plugin import Services


async def on_ended(services: Services, event: CallEnded) -> None:
    """Remembers the call until it is bound to its recording; the next sweep looks after it."""
    if event.call.recording:
        pipeline(services).ended[event.call.id] = event.call
