"""Asterisk's configuration follows the database."""

from __future__ import annotations

from callcenter.core.events import ConfigChanged, LinkChanged
from callcenter.features.dialplan import handlers, usecases
from callcenter.plugin import Feature, Services, Subscription


async def _start(services: Services) -> None:
    await usecases.refresh_directory(services)
    if services.settings.asterisk_dir is not None:
        # An Asterisk in a container waits for its files; any other is started after they were written.
        await usecases.apply_changes(services)


FEATURE = Feature(
    name="dialplan",
    subscriptions=(
        Subscription(ConfigChanged, handlers.on_config, "dialplan"),
        Subscription(LinkChanged, handlers.on_link, "dialplan"),
    ),
    on_start=_start,
)
