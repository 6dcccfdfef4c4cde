"""Gathers what the page shows: menus, numbers, names, faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.phones import shown
from callcenter.core.routing import Goal
from callcenter.features.agents import api as agents
from callcenter.features.callflow.rules.tree import MenuLine, NumberLine, World, first_menu, goals_of, reaches
from callcenter.features.ivr import api as ivr
from callcenter.features.ivr.api import Fault, MenuInfo
from callcenter.features.numbers import api as numbers
from callcenter.features.numbers.api import NumberInfo
from callcenter.features.prompts import api as prompts
from callcenter.features.queues import api as queues
from callcenter.features.skills import api as skills
from callcenter.telephony.config.story import Names, Taker, takers


@dataclass(frozen=True)
class Look:
    """Everything of one business that the page needs; ``stock`` are prompts whose title is a gettext key."""

    menus: Mapping[int, MenuInfo]
    numbers: Mapping[int, NumberInfo]
    world: World
    faults: list[Fault]
    stock: frozenset[str] = frozenset()
    takers: Mapping[int, tuple[Taker, ...]] = field(default_factory=dict)

    def names(self) -> Names:
        """Names for the story of a simulated call."""
        return Names(
            menus={key: one.name for key, one in self.menus.items()},
            queues=self.world.queues,
            agents={key: found for key, (found, _) in self.world.agents.items()},
            prompts=self.world.prompts,
            takers=self.takers,
        )

    def number(self, number_id: int) -> NumberLine:
        """A number as the tree wants it."""
        one = self.numbers[number_id]
        target = (
            Goal(kind="agent", id=one.agent_id)
            if one.kind == "personal"
            else Goal(kind=one.target_kind, id=one.target_id)
        )
        return NumberLine(
            one.id, one.e164, one.title, target, one.menu_id, one.hours, one.closed_target or Goal(kind="hangup")
        )

    def numbers_of(self, menu_id: int) -> list[int]:
        """Numbers whose callers may meet a menu, those that lead to it at once first."""
        far, near = [], []
        for one in self.numbers:
            line = self.number(one)
            goals = goals_of(line, self.world)
            first = first_menu(line, self.world)
            if (first and first.id == menu_id) or any(g.kind == "menu" and g.id == menu_id for g in goals):
                near.append(one)
            elif reaches(self.world, goals, menu_id):
                far.append(one)
        return near + far


async def look(session: AsyncSession) -> Look:
    """The session's business."""
    menus = {one.id: one for one in await ivr.all_menus(session)}
    sounds = await prompts.choices(session)
    lines = await queues.all_queues(session)
    people = {one.id: one for one in await agents.all_agents(session)}
    levels = await skills.levels(session) if any(one.asked for one in lines) else {}
    world = World(
        menus={
            one.id: MenuLine(
                one.id,
                one.name,
                one.activity,
                one.wait_seconds,
                one.repeats,
                Goal(
                    kind=one.timeout_action,
                    id=one.timeout_target_id,
                    number=one.timeout_number,
                    prompt=one.timeout_prompt,
                ),
                tuple(
                    (key.key, Goal(kind=key.action, id=key.target_id, number=key.number, prompt=key.prompt))
                    for key in one.keys
                ),
            )
            for one in menus.values()
        },
        queues={one.id: one.name for one in lines},
        agents={one.id: (one.name, one.short_number) for one in people.values()},
        prompts={one.name: one.title for one in sounds},
    )
    return Look(
        menus=menus,
        numbers={one.id: one for one in await numbers.all_numbers(session)},
        world=world,
        faults=ivr.faults(await ivr.lines(session), await ivr.known(session)),
        stock=frozenset(one.name for one in sounds if one.stock),
        takers={
            one.id: takers(
                one.asked,
                [
                    (people[m.agent_id].name, levels.get(m.agent_id, {}).get(one.asked.skill_id, 0))
                    for m in one.members
                    if m.agent_id in people
                ],
            )
            for one in lines
            if one.asked is not None
        },
    )


async def numbers_leading(session: AsyncSession, menu_id: int) -> list[str]:
    """Numbers that lead calls to a menu at once, as people know them: such a menu cannot be deleted."""
    return [
        one.title or shown(one.e164)
        for one in await numbers.all_numbers(session)
        if menu_id == one.menu_id
        or (one.target_kind == "menu" and one.target_id == menu_id and not one.takers)
        or (one.closed_target is not None and one.closed_target.kind == "menu" and one.closed_target.id == menu_id)
    ]
