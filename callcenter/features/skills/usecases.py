"""What people do with skills: add, rename, delete, set levels. All is live at once; what queues ask for is staged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.skills import queries, rules
from callcenter.features.skills.models import AgentSkill, Skill
from callcenter.http.current import Current
from callcenter.plugin import Services

NO_SKILL = N_("There is no such skill.")
ASKED = N_("%(queues)s ask for this skill. Let them ask for another one first, and apply that.")
TOO_MANY = N_("At most %(limit)s skills can be kept.")

User = Callable[[AsyncSession, int], Awaitable[list[str]]]
USERS: list[User] = []
"""Each names what asks for a skill (its id), so that it is not deleted; a business session."""


async def add(services: Services, person: Current, name: str) -> Skill:
    """Adds a skill that nobody has yet. Raises BadInput, Conflict."""
    async with services.db.business(person.business_id) as session:
        there = await queries.skills(session)
        if len(there) >= rules.MOST:
            raise Conflict(TOO_MANY, limit=rules.MOST)
        skill = Skill(
            business_id=person.business_id,
            name=rules.name(name, [one.name for one in there]),
            created_at=services.clock.now(),
        )
        session.add(skill)
        await session.flush()
        await accounts.audit(session, person, "skills.add", "skill", skill.id, name=skill.name)
    return skill


async def rename(services: Services, person: Current, skill_id: int, name: str) -> Skill:
    """Gives a skill another name. Raises NotFound, BadInput."""
    async with services.db.business(person.business_id) as session:
        skill = await _need(session, skill_id)
        skill.name = rules.name(name, [one.name for one in await queries.skills(session) if one.id != skill_id])
        await accounts.audit(session, person, "skills.rename", "skill", skill_id, name=skill.name)
    return skill


async def delete(services: Services, person: Current, skill_id: int) -> None:
    """Deletes a skill with all levels. Raises NotFound; Conflict while a queue asks for it."""
    async with services.db.business(person.business_id) as session:
        skill = await _need(session, skill_id)
        asking = [name for user in USERS for name in await user(session, skill_id)]
        if asking:
            raise Conflict(ASKED, queues=", ".join(f"«{name}»" for name in dict.fromkeys(asking)))
        await accounts.audit(session, person, "skills.delete", "skill", skill_id, name=skill.name)
        await session.delete(skill)
    _tell(services, person.business_id)


async def set_levels(services: Services, person: Current, levels: rules.Levels) -> None:
    """Sets the named levels (0 takes the skill away); others stay. Live at once. Raises BadInput."""
    rules.checked(levels)
    async with services.db.business(person.business_id) as session:
        known = {one.id for one in await queries.skills(session)}
        people = {one.id for one in await agents.all_agents(session)}
        if not people.issuperset(levels) or any(not known.issuperset(mine) for mine in levels.values()):
            raise BadInput(N_("An agent or a skill is not there any more. Look again and repeat."))
        there = await queries.rows(session)
        changed = 0
        for agent_id, mine in levels.items():
            for skill_id, level in mine.items():
                changed += await _set(session, there.get((agent_id, skill_id)), agent_id, skill_id, level, person)
        if changed:
            await accounts.audit(session, person, "skills.levels", "skill", "", changed=changed)
    if changed:
        _tell(services, person.business_id)


async def _set(
    session: AsyncSession, row: AgentSkill | None, agent_id: int, skill_id: int, level: int, person: Current
) -> bool:
    if row is None:
        if level:
            session.add(AgentSkill(business_id=person.business_id, agent_id=agent_id, skill_id=skill_id, level=level))
        return bool(level)
    if row.level == level:
        return False
    if level:
        row.level = level
    else:
        await session.delete(row)
    return True


async def _need(session: AsyncSession, skill_id: int) -> Skill:
    skill = await queries.skill(session, skill_id)
    if skill is None:
        raise NotFound(NO_SKILL)
    return skill


def _tell(services: Services, business_id: int) -> None:
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="skills"))
