"""Asterisk's configuration follows the database."""

from __future__ import annotations

from callcenter.core.events import ConfigChanged, LinkChanged
from callcenter.features.dialplan import handlers, usecases
from callcenter.plugin import Feature, Services, Subscription


async def _start(services: Services) -> None:
    await usecases.refresh_directory(services)


FEATURE = Feature(
    name="dialplan",
    subscriptions=(
        Subscription(ConfigChanged, handlers.on_config, "dialplan"),
        Subscription(LinkChanged, handlers.on_link, "dialplan"),
    ),
    on_start=_start,
)
