"""Changes of the configuration, and the link's return."""

from __future__ import annotations

from callcenter.core.events import ConfigChanged, LinkChanged
from callcenter.features.dialplan import usecases
from callcenter.plugin import Services


async def on_config(services: Services, event: ConfigChanged) -> None:
    """Numbers, queues, menus, trunks, agents or phones changed."""
    await usecases.refresh_directory(services)
    await usecases.apply_changes(services)


async def on_link(services: Services, event: LinkChanged) -> None:
    """Asterisk is there again: it reads what was written meanwhile."""
    if event.up:
        await usecases.apply_changes(services)
