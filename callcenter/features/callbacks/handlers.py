"""A key was pressed, a call is over, a call is in the log."""

from __future__ import annotations

from callcenter.core.events import CallEnded, CallLogged, CallUpdated
from callcenter.features.callbacks import usecases
from callcenter.plugin import Services


async def updated(services: Services, event: CallUpdated) -> None:
    """Somebody wants to be called back."""
    if event.what == "callback":
        await usecases.ask(services, event.call)


async def ended(services: Services, event: CallEnded) -> None:
    """What became of a call-back."""
    await usecases.ended(services, event.call)


async def logged(services: Services, event: CallLogged) -> None:
    """The log is looked through for keys whose pressing nobody saw."""
    if event.ended:
        usecases.kept(services).logged.add((event.business_id, event.call_id))
