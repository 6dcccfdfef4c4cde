"""Agents of a list who also serve queues: callers first, clients of the list when few enough wait (OBD-11)."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from callcenter.core.errors import ProductError
from callcenter.features.dialer.models import DialList, DialMember
from callcenter.features.dialer.rules import teams
from callcenter.features.dialer.rules.floor import Floor
from callcenter.features.dialer.usecases import nailing
from callcenter.plugin import Services

log = logging.getLogger(__name__)


def waiting(services: Services, business_id: int, members: Mapping[int, DialMember]) -> dict[int, int]:
    """How many callers wait in each of the queues that somebody of the team serves."""
    found = {
        queue.id: 0
        for queue in services.telephony.directory.queues.values()
        if queue.business_id == business_id and not members.keys().isdisjoint(queue.members)
    }
    for call in services.live.calls_of(business_id):
        if call.state == "queued" and call.queue_id in found:
            found[call.queue_id] += 1
    return found


async def aside(services: Services, members: Mapping[int, DialMember], floor: Floor, row: DialList) -> bool:
    """Whether the list stands back for callers: phones of agents who are ready are freed for them.

    An agent for whom a client is being called already is kept, so that nobody is abandoned for it.
    """
    most = teams.setting(row.dialing).inbound
    callers = waiting(services, row.business_id, members) if most else {}
    if sum(callers.values()) < max(most, 1):
        await back(services, members, row)
        return False
    queues = services.telephony.directory.queues
    serves = {agent for queue, count in callers.items() if count for agent in queues[queue].members}
    spare = len(floor.ready) - floor.in_flight
    for agent_id in [one for one in floor.ready if one in serves][: max(0, min(spare, sum(callers.values())))]:
        try:
            await nailing.step_aside(services, row.business_id, agent_id)
        except ProductError as error:
            log.warning("agent %s of list %s could not step aside: %s", agent_id, row.id, error)
            continue
        members[agent_id].leg_id = ""
        floor.gone(agent_id, services.clock.epoch())
    return True


async def back(services: Services, members: Mapping[int, DialMember], row: DialList) -> None:
    """Rings the phones of those who are in the team without a leg: they served callers, or began their page anew."""
    for member in members.values():
        if not member.leg_id and services.telephony.up:
            await _back(services, row, member)


async def _back(services: Services, row: DialList, member: DialMember) -> None:
    view = services.live.agent(row.business_id, member.agent_id)
    if view is None or view.state != "ready" or view.call_id is not None:
        return
    try:
        await nailing.come_back(services, row, member.agent_id)
    except ProductError as error:
        log.warning("agent %s of list %s could not come back: %s", member.agent_id, row.id, error)
        return
    async with services.db.business(row.business_id) as session:
        fresh = await session.get(DialMember, member.id)
        if fresh is not None:
            member.leg_id, member.endpoint = fresh.leg_id, fresh.endpoint
