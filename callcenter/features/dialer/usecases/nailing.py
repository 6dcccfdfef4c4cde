"""Who is in a list's team: the phone of each is rung once and stays picked up until he leaves."""

from __future__ import annotations

import logging

from callcenter.core.directory import endpoint_name
from callcenter.core.errors import Conflict, ProductError
from callcenter.core.events import MemberNotice
from callcenter.core.i18n import N_
from callcenter.features.agents import api as agents
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialList, DialMember
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.usecases import desk
from callcenter.plugin import Services
from callcenter.telephony.nailing import Standing

log = logging.getLogger(__name__)

IN_ANOTHER = N_("You take part in another list already: “%(title)s”. Leave it first.")
PERFORMS = N_("You perform another list already: “%(title)s”. Stop or pause it first.")
IN_A_CALL = N_("You are in a call already. Finish it first.")
HUNG_UP = N_("You have left “%(title)s”: your phone was hung up. Join the list again to go on.")
OFF_LINE = N_("You have left “%(title)s”, because you are off line.")
STOPPED = N_("“%(title)s” is stopped.")


def standing_of(member: DialMember) -> Standing | None:
    """A member's standing leg; None while he has none."""
    return Standing(leg_id=member.leg_id, endpoint=member.endpoint) if member.leg_id else None


async def join(services: Services, row: DialList, agent_id: int) -> None:
    """Takes an agent into a list's team and rings his phone. Conflict when he is busy, or without a phone on line."""
    view = services.live.agent(row.business_id, agent_id)
    if view is not None and view.call_id is not None:
        raise Conflict(IN_A_CALL, code="in_call")
    standing = await services.telephony.nailing.standing(agent_id, row.business_id)
    async with services.db.business(row.business_id) as session:
        known = await team_queries.member(session, agent_id)
        if known is not None and known.list_id != row.id:
            other = await queries.by_id(session, known.list_id)
            raise Conflict(IN_ANOTHER, code="busy", title=other.title if other is not None else "")
        held = next((one for one in await queries.held_by(session, agent_id) if one.status == rules.RUNNING), None)
        if held is not None:
            raise Conflict(PERFORMS, code="busy", title=held.title)
        if known is not None and services.telephony.nailing.there(known.leg_id):
            desk.kept(services).leaving.discard(agent_id)
            return
        if known is None:
            known = DialMember(list_id=row.id, agent_id=agent_id, joined_at=services.clock.now())
            session.add(known)
        known.leg_id, known.endpoint = standing.leg_id, standing.endpoint
    # It is written down: whatever happens now, somebody knows whose leg it is.
    await _nail(services, row, agent_id, standing)


async def _nail(services: Services, row: DialList, agent_id: int, standing: Standing) -> None:
    try:
        await services.telephony.nailing.nail(agent_id, row.business_id, standing, row.title)
    except ProductError:
        await forget(services, row.business_id, agent_id)
        raise


async def forget(services: Services, business_id: int, agent_id: int) -> DialMember | None:
    """Takes an agent out of his team; what he was there, None when he was in none."""
    async with services.db.business(business_id) as session:
        member = await team_queries.member(session, agent_id)
        if member is not None:
            await session.delete(member)
        return member


async def leave(services: Services, business_id: int, agent_id: int) -> None:
    """Takes an agent out of his team and hangs up his standing leg; being in none is fine."""
    member = await forget(services, business_id, agent_id)
    if member is not None and member.leg_id:
        try:
            await services.telephony.nailing.release(member.leg_id)
        except ProductError as error:
            # Found again when the link is back: a leg that nobody is written down for is ended.
            log.warning("the standing leg of agent %s could not be ended: %s", agent_id, error)
    if member is not None:
        await desk.tell(services, business_id, agent_id)


async def let_go(services: Services, row: DialList, agent_id: int, *, told: bool = True) -> None:
    """He takes part no more; while he talks, his phone stays picked up to the talk's end."""
    view = services.live.agent(row.business_id, agent_id)
    if view is not None and view.call_id is not None:
        desk.kept(services).leaving.add(agent_id)
    else:
        await leave(services, row.business_id, agent_id)
    if told:
        await tell(services, row, agent_id, STOPPED)


async def step_aside(services: Services, business_id: int, agent_id: int) -> None:
    """Frees an agent's phone for callers who wait; he stays in the team."""
    async with services.db.business(business_id) as session:
        member = await team_queries.member(session, agent_id)
        if member is None or not member.leg_id:
            return
        leg_id, member.leg_id, member.endpoint = member.leg_id, "", ""
    await services.telephony.nailing.release(leg_id)


async def renew(services: Services, business_id: int, agent_id: int) -> None:
    """An agent's page was loaded anew and its standing leg went with the old one: he stays in the team, and is rung
    again when he is ready. A talk goes on (telephony.rescue), only its standing leg is nobody's from now on.
    """
    async with services.db.business(business_id) as session:
        member = await team_queries.member(session, agent_id)
        if member is None or member.endpoint != endpoint_name(agent_id, "webrtc"):
            return
        leg_id, member.leg_id, member.endpoint = member.leg_id, "", ""
    view = services.live.agent(business_id, agent_id)
    if leg_id and (view is None or view.call_id is None):
        await services.telephony.nailing.release(leg_id)


async def come_back(services: Services, row: DialList, agent_id: int) -> None:
    """Rings the phone of a member who had stepped aside."""
    standing = await services.telephony.nailing.standing(agent_id, row.business_id)
    async with services.db.business(row.business_id) as session:
        member = await team_queries.member(session, agent_id)
        if member is None or member.leg_id:
            return
        member.leg_id, member.endpoint = standing.leg_id, standing.endpoint
    await _nail(services, row, agent_id, standing)


async def leg_ended(services: Services, leg_id: str) -> int | None:
    """A standing leg is gone: unless we ended it, its agent has left the list, and is told so; his id."""
    async with services.db.system() as session:
        member = await team_queries.by_leg(session, leg_id)
        row = await queries.by_id(session, member.list_id) if member is not None else None
    if member is None or row is None:
        return None
    await forget(services, member.business_id, member.agent_id)
    await tell(services, row, member.agent_id, HUNG_UP)
    return member.agent_id


async def check(services: Services) -> None:
    """The link is up again: legs that went meanwhile take their agents out, legs that nobody knows are ended."""
    there = services.telephony.nailing.all()
    async with services.db.system() as session:
        known = {one.leg_id for one in await team_queries.members(session) if one.leg_id}
    for leg_id in known - there:
        await leg_ended(services, leg_id)
    for leg_id in there - known:
        await services.telephony.nailing.release(leg_id)


async def tell(services: Services, row: DialList, agent_id: int, text: str) -> None:
    """A notice on an agent's pages."""
    async with services.db.business(row.business_id) as session:
        agent = await agents.get(session, agent_id)
    if agent is not None:
        services.bus.publish(
            MemberNotice(
                at=services.clock.epoch(),
                business_id=row.business_id,
                membership_id=agent.membership_id,
                kind="dialer",
                text=text,
                values={"title": row.title},
                link=f"/dialer/{row.id}",
            )
        )
