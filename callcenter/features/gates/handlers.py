"""The link's return, and marks of spam."""

from __future__ import annotations

from callcenter.core.events import LinkChanged, SpamMarked
from callcenter.features.gates.gateway import Gates
from callcenter.plugin import Services


async def on_link(services: Services, event: LinkChanged) -> None:
    """Asterisk is back: what it holds is compared whole."""
    if event.up:
        services.part(Gates, Gates).touch(read=True)


async def on_spam(services: Services, event: SpamMarked) -> None:
    """A number was marked, or the mark was taken off."""
    services.part(Gates, Gates).touch()
