"""The dialplan's question."""

from __future__ import annotations

from callcenter.core.events import CallerAsked
from callcenter.features.distribution.usecases import Answers
from callcenter.plugin import Services


async def on_asked(services: Services, event: CallerAsked) -> None:
    """A call to a number that wants to know its caller is waiting for a moment."""
    services.part(Answers, Answers).ask(event)
