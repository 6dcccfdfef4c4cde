"""Everything after which queue members may stand wrongly."""

from __future__ import annotations

from callcenter.core.events import AgentChanged, AgentWanted, ConfigChanged, DeviceChanged, LinkChanged, MemberChanged
from callcenter.features.queues.gateway import MemberSync
from callcenter.plugin import Services


async def on_wanted(services: Services, event: AgentWanted) -> None:
    """An agent chose a state."""
    _sync(services).touch(event.agent_id)


async def on_changed(services: Services, event: AgentChanged) -> None:
    """A wrap-up may have begun or ended, or a call after which there will be one."""
    _sync(services).touch(event.agent_id)


async def on_device(services: Services, event: DeviceChanged) -> None:
    """A phone came or went."""
    _sync(services).device(event)


async def on_member(services: Services, event: MemberChanged) -> None:
    """Asterisk told of a member."""
    _sync(services).member(event)


async def on_link(services: Services, event: LinkChanged) -> None:
    """Asterisk is back: read what it has and compare; or it went."""
    if event.up:
        _sync(services).touch(read=True)
    else:
        _sync(services).link_down()


async def on_config(services: Services, event: ConfigChanged) -> None:
    """Queues, members or agents changed."""
    _sync(services).touch()


def _sync(services: Services) -> MemberSync:
    return services.part(MemberSync, MemberSync)
