"""What people do with voice menus: make, change, delete, choose the main one. Each change is one of the routing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import delete as sql_delete
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import RoutingDrafted
from callcenter.core.i18n import N_
from callcenter.core.routing import Goal
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.ivr import queries, rules
from callcenter.features.ivr.models import Menu, MenuKey
from callcenter.features.ivr.rules import Known, Line, MenuForm
from callcenter.features.prompts import api as prompts
from callcenter.features.queues import api as queues
from callcenter.http.current import Current
from callcenter.plugin import Services

NO_MENU = N_("This menu is not there.")

Pointing = Callable[[AsyncSession, int], Awaitable[list[str]]]
"""Says who leads calls to a menu: names as people know them, of the session's business."""
_pointing: list[Pointing] = []


def add_pointing(pointing: Pointing) -> None:
    """For features above this one: what leads to a menu keeps it from being deleted."""
    if pointing not in _pointing:
        _pointing.append(pointing)


PromptChoice = prompts.Choice
prompt_choices = prompts.choices


async def known(session: AsyncSession) -> Known:
    """What the business has that a menu can point at."""
    return Known(
        agents=[one.id for one in await agents.all_agents(session)],
        queues=[one.id for one in await queues.all_queues(session)],
        menus={one.id: one.name for one in await queries.menus(session)},
        prompts=[one.name for one in await prompt_choices(session)],
    )


async def lines(session: AsyncSession) -> list[Line]:
    """All menus as the checks see them."""
    found = await queries.menus(session)
    keys = await queries.keys(session, [one.id for one in found]) if found else {}
    return [line(one, keys.get(one.id, [])) for one in found]


def line(menu: Menu, keys: list[MenuKey]) -> Line:
    """A row as the checks see it."""
    return Line(
        menu.id,
        menu.name,
        menu.prompt,
        menu.repeats,
        timeout_of(menu),
        tuple((one.key, goal_of(one)) for one in keys),
    )


def timeout_of(menu: Menu) -> Goal:
    """What happens when nothing is pressed."""
    return Goal(
        kind=menu.timeout_action, id=menu.timeout_target_id, number=menu.timeout_number, prompt=menu.timeout_prompt
    )


def goal_of(key: MenuKey) -> Goal:
    """Where a key leads."""
    return Goal(kind=key.action, id=key.target_id, number=key.number, prompt=key.prompt)


async def create(
    services: Services, person: Current, form: MenuForm, *, main: bool = False, apply: bool = False
) -> int:
    """Adds a menu and gives its id; the first one is the main one. Raises BadInput."""
    async with services.db.business(person.business_id) as session:
        there = await known(session)
        if len(there.menus) >= rules.MAX_MENUS:
            raise BadInput(N_("There are %(limit)s menus already. Delete one first."), limit=rules.MAX_MENUS)
        kept = rules.clean(form, there)
        menu = Menu(business_id=person.business_id, created_at=services.clock.now(), main=not there.menus)
        _fill(menu, kept)
        session.add(menu)
        await session.flush()
        await _write_keys(session, menu, kept)
        if main:
            await _only_main(session, menu)
        await accounts.audit(session, person, "menu.create", "menu", menu.id, name=menu.name)
        menu_id = menu.id
    changed(services, person, apply)
    return menu_id


async def change(services: Services, person: Current, menu_id: int, form: MenuForm, *, apply: bool = False) -> None:
    """Writes a menu anew. Raises NotFound, BadInput."""
    async with services.db.business(person.business_id) as session:
        menu = await need(session, menu_id)
        kept = rules.clean(form, await known(session), menu_id)
        after = Line(menu_id, kept.name, kept.prompt, kept.repeats, kept.timeout, ())
        rules.no_circle([one for one in await lines(session) if one.id != menu_id] + [after], menu_id)
        _fill(menu, kept)
        await _write_keys(session, menu, kept)
        await accounts.audit(session, person, "menu.change", "menu", menu_id, name=menu.name)
    changed(services, person, apply)


async def delete(services: Services, person: Current, menu_id: int, *, apply: bool = False) -> None:
    """Deletes a menu that nothing leads to; the oldest of the others becomes the main one in its place.

    Raises NotFound, and Conflict that names all places which lead to it.
    """
    async with services.db.business(person.business_id) as session:
        menu = await need(session, menu_id)
        if places := await pointing(session, menu_id):
            message = N_("“%(menu)s” is in use: %(places)s. Lead these calls elsewhere first.")
            raise Conflict(message, code="in_use", menu=menu.name, places=", ".join(places))
        await accounts.audit(session, person, "menu.delete", "menu", menu_id, name=menu.name)
        was_main = menu.main
        await session.execute(sql_delete(MenuKey).where(MenuKey.menu_id == menu_id))
        await session.delete(menu)
        await session.flush()
        if was_main and (others := await queries.menus(session)):
            others[0].main = True
    changed(services, person, apply)


async def make_main(services: Services, person: Current, menu_id: int, *, apply: bool = False) -> None:
    """Makes a menu the main one, which pages of numbers offer first. Raises NotFound."""
    async with services.db.business(person.business_id) as session:
        menu = await need(session, menu_id)
        await _only_main(session, menu)
        await accounts.audit(session, person, "menu.main", "menu", menu_id, name=menu.name)
    changed(services, person, apply)


async def pointing(session: AsyncSession, menu_id: int) -> list[str]:
    """Everything that leads calls to a menu: other menus, queues that overflow into it, what other features say."""
    found = [
        one.name
        for one in await lines(session)
        if one.id != menu_id and any(_leads(target, menu_id) for target in (one.timeout, *(g for _, g in one.keys)))
    ]
    found += [one.name for one in await queues.all_queues(session) if _leads(one.overflow, menu_id)]
    for ask in _pointing:
        found += await ask(session, menu_id)
    return list(dict.fromkeys(found))


async def need(session: AsyncSession, menu_id: int) -> Menu:
    """The menu. Raises NotFound."""
    menu = await queries.menu(session, menu_id)
    if menu is None:
        raise NotFound(NO_MENU)
    return menu


def changed(services: Services, person: Current, apply: bool) -> None:
    """Tells that the draft of the menus is another one; callers hear it after an apply, which ``apply`` asks for."""
    services.bus.publish(
        RoutingDrafted(
            at=services.clock.epoch(), business_id=person.business_id, what="menus", now=apply, user_id=person.user_id
        )
    )


def _leads(goal: Goal | None, menu_id: int) -> bool:
    return goal is not None and goal.kind == "menu" and goal.id == menu_id


def _fill(menu: Menu, form: MenuForm) -> None:
    menu.name, menu.prompt, menu.activity = form.name, form.prompt, form.activity
    menu.wait_seconds, menu.repeats = form.wait_seconds, form.repeats
    menu.timeout_action, menu.timeout_target_id = form.timeout.kind, form.timeout.id
    menu.timeout_number, menu.timeout_prompt = form.timeout.number, form.timeout.prompt


async def _write_keys(session: AsyncSession, menu: Menu, form: MenuForm) -> None:
    there = {one.key: one for one in (await queries.keys(session, [menu.id])).get(menu.id, [])}
    for one in form.keys:
        row = there.pop(one.key, None)
        if row is None:
            row = MenuKey(business_id=menu.business_id, menu_id=menu.id, key=one.key)
            session.add(row)
        row.action, row.target_id = one.goal.kind, one.goal.id
        row.number, row.prompt = one.goal.number, one.goal.prompt
    for row in there.values():
        await session.delete(row)
    await session.flush()


async def _only_main(session: AsyncSession, menu: Menu) -> None:
    for other in await queries.menus(session):
        other.main = other.id == menu.id
    await session.flush()
