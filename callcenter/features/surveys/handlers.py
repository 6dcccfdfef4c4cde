"""Calls that are in the log."""

from __future__ import annotations

from callcenter.core.events import CallLogged
from callcenter.features.surveys import usecases
from callcenter.plugin import Services


async def logged(services: Services, event: CallLogged) -> None:
    """A call is over: perhaps its client was asked something."""
    if event.ended:
        usecases.kept(services).logged.setdefault((event.business_id, event.call_id))
