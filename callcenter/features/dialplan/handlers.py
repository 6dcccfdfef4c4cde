"""Changes of the configuration, and the link's return."""

from __future__ import annotations

from callcenter.core.events import ConfigChanged, LinkChanged, RoutingDrafted
from callcenter.features.dialplan.rules import versions
from callcenter.features.dialplan.usecases import rendering, staging
from callcenter.plugin import Services


async def on_config(services: Services, event: ConfigChanged) -> None:
    """People, phones or members changed, or a program changed the routing: both are live at once."""
    await rendering.refresh_directory(services)
    if event.what in versions.ROUTING:
        await staging.apply_tables(services, event.business_id, lines_only=event.what == versions.TRUNKS)
        # Queues that are new or gone now.
        await rendering.refresh_directory(services)
    else:
        await rendering.apply_changes(services)


async def on_drafted(services: Services, event: RoutingDrafted) -> None:
    """Somebody saved a change of the routing."""
    await staging.drafted(services, event.business_id, at_once=event.now, user_id=event.user_id)


async def on_link(services: Services, event: LinkChanged) -> None:
    """Asterisk is there again: it reads what was written meanwhile."""
    if event.up:
        await rendering.apply_changes(services)
