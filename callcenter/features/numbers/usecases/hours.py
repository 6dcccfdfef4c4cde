"""Working hours that follow each employee's clock (INB-11): whose zones count, and who is out of his hours now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core import routing
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.numbers import queries
from callcenter.features.numbers.models import Number
from callcenter.features.numbers.rules import hours as rules
from callcenter.features.queues import api as queues

Days = dict[date, tuple[tuple[int, int], ...]]


async def employee_zones(session: AsyncSession) -> dict[int, list[str]]:
    """The time zones of those who take a number's calls, by number: its hours may follow them."""
    zones = await _zones(session)
    some = await takers(session)
    return {number_id: sorted({zones[a] for a in agent_ids if a in zones}) for number_id, agent_ids in some.items()}


async def takers(session: AsyncSession) -> dict[int, list[int]]:
    """Who takes the calls of numbers: agents by number, in their order. A menu may lead to everybody."""
    members = {one.id: [m.agent_id for m in one.members] for one in await queues.all_queues(session)}
    of_business: dict[int, list[int]] = {}
    for agent in await agents.all_agents(session):
        of_business.setdefault(agent.business_id, []).append(agent.id)
    found = {}
    for one in await queries.numbers(session):
        if one.kind == "personal":
            found[one.id] = [one.agent_id] if one.agent_id else []
        elif one.target_kind == "queue":
            found[one.id] = members.get(one.target_id or 0, [])
        elif one.target_kind == "agent" and one.target_id:
            found[one.id] = [one.target_id]
        else:
            found[one.id] = of_business.get(one.business_id, [])
    return found


async def out_of_hours(session: AsyncSession, at: datetime) -> set[tuple[int, int]]:
    """Pairs (queue, agent): numbers' own queues and their members for whom it is not working time now."""
    found = [one for one in await queries.numbers(session) if one.takers and _follows(one)]
    if not found:
        return set()
    zones = await _zones(session)
    days = await special_days(session)
    own = {one.number_id: one for one in await queues.all_queues(session) if one.number_id is not None}
    away: set[tuple[int, int]] = set()
    for number in found:
        queue, hours = own.get(number.id), routing.hours(number.hours)
        for member in queue.members if queue else ():
            there = days.get(number.business_id, {})
            if queue and not rules.open_at(hours, there, at, zones.get(member.agent_id, "")):
                away.add((queue.id, member.agent_id))
    return away


async def special_days(session: AsyncSession) -> dict[int, Days]:
    """Special days by business."""
    found: dict[int, Days] = {}
    for one in await queries.special_days(session):
        found.setdefault(one.business_id, {})[one.day] = tuple((int(b), int(e)) for b, e in one.spans)
    return found


async def is_open(session: AsyncSession, number: Number, at: datetime, company: str) -> bool:
    """Whether a number's callers are led on at ``at``; ``company`` is the business's zone."""
    hours = routing.hours(number.hours)
    if hours is None:
        return True
    zones: Mapping[int, list[str]] = await employee_zones(session) if _follows(number) else {}
    days = (await special_days(session)).get(number.business_id, {})
    chosen = zones.get(number.id) or ["" if hours.zone == rules.EMPLOYEES else hours.zone]
    return any(rules.open_at(hours, days, at, zone, company=company) for zone in chosen)


def _follows(number: Number) -> bool:
    hours = routing.hours(number.hours)
    return hours is not None and hours.zone == rules.EMPLOYEES


async def _zones(session: AsyncSession) -> dict[int, str]:
    """Each agent's time zone: his own, else his company's."""
    own = await accounts.timezones(session)
    companies = {one.id: one.timezone for one in await accounts.businesses(session)}
    return {
        one.id: own.get(one.membership_id) or companies.get(one.business_id, "UTC")
        for one in await agents.all_agents(session)
    }
