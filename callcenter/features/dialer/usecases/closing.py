"""A list with a team comes to its end, cannot go on, or its agents go."""

from __future__ import annotations

from collections.abc import Mapping

from callcenter.core.errors import ProductError
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialList, DialMember
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.usecases import desk, nailing
from callcenter.features.dialer.usecases.running import FINISHED_TEXT, REFUSED_TEXT
from callcenter.plugin import Services


async def nobody(services: Services, row: DialList) -> None:
    """Nobody is due and nobody is called: the list is through when nobody comes later."""
    async with services.db.business(row.business_id) as session:
        fresh = await queries.by_id(session, row.id, lock=True)
        if fresh is None or fresh.status != rules.RUNNING or not fresh.filled:
            return
        now = services.clock.now()
        # Also a call that an employee promised himself: he is reminded of it, and the list waits for it.
        if await queries.any_later(session, row.id) or await queries.next_entry(session, row.id, now, None) is not None:
            return
        # A call whose end is known but not settled yet may make its client due again.
        if await queries.open_attempt(session, row.id) is not None:
            return
        fresh.status, fresh.ended_at = rules.FINISHED, now
        fresh.counts = await queries.counts(session, row.id)
        row.status = rules.FINISHED
        members = await team_queries.members(session, row.id)
    for member in members:
        await nailing.leave(services, row.business_id, member.agent_id)
        await nailing.tell(services, row, member.agent_id, FINISHED_TEXT)


async def refused(services: Services, row: DialList, error: ProductError) -> None:
    """No call can be made: the list pauses and says why; its team stays."""
    async with services.db.business(row.business_id) as session:
        fresh = await queries.by_id(session, row.id, lock=True)
        if fresh is None or fresh.status != rules.RUNNING:
            return
        fresh.status = rules.PAUSED
        if error.error_code == "line_away":
            fresh.why, fresh.why_values = error.message, {}
        else:
            reason = error.message % error.values if error.values else error.message
            fresh.why, fresh.why_values = REFUSED_TEXT, {"reason": reason}
        row.status = rules.PAUSED
        members = await team_queries.members(session, row.id)
    for member in members:
        await nailing.tell(services, row, member.agent_id, fresh.why)


async def look_after(services: Services, members: Mapping[int, DialMember], row: DialList) -> None:
    """Who has gone off line has left the list; a talk goes on to its end."""
    for member in list(members.values()):
        view = services.live.agent(row.business_id, member.agent_id)
        leaving = desk.kept(services).leaving
        if member.agent_id in leaving and (view is None or view.call_id is None):
            leaving.discard(member.agent_id)
            await nailing.leave(services, row.business_id, member.agent_id)
            continue
        if view is not None and (view.wanted != "offline" or view.call_id is not None):
            continue
        if not services.telephony.up:
            continue
        await nailing.leave(services, row.business_id, member.agent_id)
        await nailing.tell(services, row, member.agent_id, nailing.OFF_LINE)
