"""The link to Asterisk, as the shift sees it."""

from __future__ import annotations

from callcenter.core.events import LinkChanged
from callcenter.features.wallboard import usecases
from callcenter.plugin import Services


async def on_link(services: Services, event: LinkChanged) -> None:
    """Asterisk went or came; the job says it when it stays away."""
    usecases.check_link(services, event.up)
