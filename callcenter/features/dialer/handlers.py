"""A call is over or did not come about, an agent's state changed: lists may go on."""

from __future__ import annotations

from callcenter.core.events import (
    AgentChanged,
    CallEnded,
    CallFailed,
    CallUpdated,
    DeviceChanged,
    LinkChanged,
    SpyChanged,
)
from callcenter.features.dialer.rules import outcomes
from callcenter.features.dialer.usecases import desk, nailing, pacing
from callcenter.plugin import Services
from callcenter.telephony.intents import OUR_CALL_ID
from callcenter.telephony.spies import is_standing


async def ended(services: Services, event: CallEnded) -> None:
    """What became of a call that a list may have made."""
    if outcomes.client_first(event.call.id):
        pacing.kept(services).ended(event.call, event.at)
    elif event.call.direction == "out" and OUR_CALL_ID.match(event.call.id):
        desk.kept(services).over(event.call)


async def goes_on(services: Services, event: CallUpdated) -> None:
    """A call of a list that calls the client first."""
    if outcomes.client_first(event.call.id):
        pacing.kept(services).updated(event.call, event.what, event.at)


async def leg(services: Services, event: SpyChanged) -> None:
    """An agent's standing leg is there, or gone."""
    if not is_standing(event.spy_id):
        return
    if event.state == "ended":
        agent_id = await nailing.leg_ended(services, event.spy_id)
        if agent_id is not None:
            desk.kept(services).leaving.discard(agent_id)
            agent = services.telephony.directory.agents.get(agent_id)
            await desk.tell(services, agent.business_id if agent is not None else 0, agent_id)
    pacing.kept(services).changed()


async def failed(services: Services, event: CallFailed) -> None:
    """A call did not come about."""
    desk.kept(services).refused(event.call_id, event.reason)


async def updated(services: Services, event: CallUpdated) -> None:
    """A list's call goes on: its page says whom it rings, and that he talks."""
    call = event.call
    if call.agent_id in desk.kept(services).agents and event.what in ("started", "rang", "answered", "leg"):
        await desk.tell(services, call.business_id, call.agent_id)


async def agent(services: Services, event: AgentChanged) -> None:
    """An agent is free, or not there any more."""
    found = desk.kept(services)
    team = pacing.kept(services)
    # Of hundreds who change their states only a list's team matters to it.
    if any(event.agent_id in run.members for run in team.runs.values()):
        team.woken.set()
        await desk.tell(services, event.business_id, event.agent_id)
    if event.agent_id in found.agents:
        found.woken.set()
        if event.extended:
            await desk.tell(services, event.business_id, event.agent_id)


async def device(services: Services, event: DeviceChanged) -> None:
    """An agent's phone is there again, or gone."""
    found = desk.kept(services)
    if event.agent_id in found.agents:
        found.woken.set()


async def link(services: Services, event: LinkChanged) -> None:
    """Asterisk is there again: what it knows is known from now on."""
    found = desk.kept(services)
    found.up_since = event.at if event.up else None
    found.looked = False
    found.woken.set()
    if event.up:
        await nailing.check(services)
    pacing.kept(services).changed()
