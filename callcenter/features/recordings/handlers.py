"""A call ended: its recording is wanted."""

from __future__ import annotations

from callcenter.core.events import CallEnded, CallLogged, CallUpdated
from callcenter.features.recordings.usecases import silencing
from callcenter.features.recordings.usecases.converting import pipeline
from callcenter.plugin import Services


async def on_ended(services: Services, event: CallEnded) -> None:
    """Remembers the call until it is bound to its recording; the next sweep looks after it."""
    silencing.forget(services, event.call.id)
    if event.call.recording:
        pipeline(services).ended[event.call.id] = event.call


async def on_logged(services: Services, event: CallLogged) -> None:
    """The log has the whole call, and has bound it to its recording in the same transaction."""
    if event.ended:
        pipeline(services).ended.pop(event.call_id, None)


async def on_updated(services: Services, event: CallUpdated) -> None:
    """A call changed: perhaps somebody has taken it whose calls are not recorded."""
    await silencing.look(services, event.call)
