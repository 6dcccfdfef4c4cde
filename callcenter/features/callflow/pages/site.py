"""The page of voice menus: the tree of a number's calls, the chosen menu's form, faults, a simulated caller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.core.routing import GOALS, Goal
from callcenter.features.accounts import api as accounts
from callcenter.features.callflow.rules import tree, typing
from callcenter.features.callflow.rules.typing import Row, Typed
from callcenter.features.callflow.usecases import forms, looking
from callcenter.features.callflow.usecases.looking import Look
from callcenter.features.ivr import api as ivr
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services

NO_MENU = N_("This menu is not there.")
GROUP_TITLES = {**GOALS, "agent_voicemail": N_("Take a message for an employee")}


async def first(request: web.Request) -> web.Response:
    """GET /menus: the main menu."""
    return await _page(request, None)


async def one(request: web.Request) -> web.Response:
    """GET /menus/{id}; ``?number=`` chooses the number whose calls are drawn."""
    return await _page(request, int(request.match_info["id"]))


async def new(request: web.Request) -> web.Response:
    """GET /menus/new."""
    return await _page(request, None, typed=Typed(), fresh=True)


async def create(request: web.Request) -> web.Response:
    """POST /menus/new."""
    typed = await _typed(request)
    try:
        menu_id = await ivr.create(services(request), current(request), forms.form(typed))
    except BadInput as error:
        return await _page(request, None, typed=typed, error=error, fresh=True)
    raise web.HTTPSeeOther(f"/menus/{menu_id}")


async def save(request: web.Request) -> web.Response:
    """POST /menus/{id}."""
    menu_id = int(request.match_info["id"])
    typed = await _typed(request)
    try:
        await ivr.change(services(request), current(request), menu_id, forms.form(typed))
    except BadInput as error:
        return await _page(request, menu_id, typed=typed, error=error)
    number = request.query.get("number", "")
    query = f"?number={number}" if number.isascii() and number.isdecimal() and len(number) < 10 else ""
    raise web.HTTPSeeOther(f"/menus/{menu_id}{query}")


async def main(request: web.Request) -> web.Response:
    """POST /menus/{id}/main."""
    menu_id = int(request.match_info["id"])
    await ivr.make_main(services(request), current(request), menu_id)
    raise web.HTTPSeeOther(f"/menus/{menu_id}")


async def _typed(request: web.Request) -> Typed:
    posted = await request.post()

    def text(name: str) -> str:
        found = posted.get(name, "")
        return found if isinstance(found, str) else ""

    def texts(name: str) -> list[str]:
        return [found if isinstance(found, str) else "" for found in posted.getall(name, [])]

    return Typed(
        name=text("name"),
        prompt=text("prompt"),
        wait_seconds=text("wait_seconds"),
        repeat=text("repeat"),
        times=text("times"),
        activity=text("activity"),
        timeout=text("timeout"),
        timeout_number=text("timeout_number"),
        rows=typing.rows(texts("key"), texts("goal"), texts("number")),
    )


async def _page(
    request: web.Request,
    menu_id: int | None,
    *,
    typed: Typed | None = None,
    error: BadInput | None = None,
    fresh: bool = False,
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        look = await looking.look(session)
        business = await accounts.business(session, person.business_id)
        if menu_id is None and not fresh:
            menu_id = next((key for key, menu in look.menus.items() if menu.main), next(iter(look.menus), None))
        if menu_id is not None and menu_id not in look.menus:
            raise NotFound(NO_MENU)
        places = await ivr.pointing(session, menu_id) if menu_id is not None else []
    menu = look.menus[menu_id] if menu_id is not None else None
    texts = render.texts(request)

    def say(text: str, **values: Any) -> str:
        return texts.fill(text, values)

    # Titles of the stock set are texts of ours.
    titles = {name: say(title) if name in look.stock else title for name, title in look.world.prompts.items()}
    look = replace(look, world=replace(look.world, prompts=titles))
    numbers = look.numbers_of(menu_id) if menu_id is not None else []
    asked = request.query.get("number", "")
    number_id = next((key for key in numbers if str(key) == asked), numbers[0] if numbers else None)
    drawing = tree.Tree(look.world, say, menu_id, number_id if asked and number_id else None)
    root = None
    if menu_id is not None:
        root = drawing.number(look.number(number_id)) if number_id else drawing.menu(look.world.menus[menu_id])
    lines = [
        ivr.Line(
            one.id, one.name, one.prompt, one.repeats, look.world.menus[one.id].timeout, look.world.menus[one.id].keys
        )
        for one in look.menus.values()
    ]
    if typed is None and menu is not None:
        typed = forms.typed(
            ivr.MenuForm(
                name=menu.name,
                prompt=menu.prompt,
                wait_seconds=menu.wait_seconds,
                repeats=menu.repeats,
                activity=menu.activity,
                timeout=look.world.menus[menu.id].timeout,
                keys=tuple(ivr.MenuKeyForm(key=key, goal=goal) for key, goal in look.world.menus[menu.id].keys),
            )
        )
    zone = ZoneInfo(business.timezone if business else "UTC")
    return render.page(
        request,
        "callflow/menus.html",
        status=422 if error else 200,
        menus=list(look.menus.values()),
        menu=menu,
        fresh=fresh,
        root=root,
        form=typed,
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        groups=_groups(look, menu_id, say),
        blank=Row(),
        prompts=list(titles.items()),
        activities=ivr.ACTIVITIES,
        keys=ivr.KEYS,
        faults=[(one, say(one.text, **one.values)) for one in look.faults],
        ways=ivr.ways(lines, menu_id) if menu_id is not None else 0,
        numbers=[look.numbers[key] for key in numbers],
        number_id=number_id,
        places=places,
        now=here.clock.now().astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
    )


def _groups(look: Look, menu_id: int | None, say: Any) -> list[dict[str, Any]]:
    """What a key can lead to, as groups of a select box; a disabled one says why."""

    def options(goals: list[Goal]) -> list[tuple[str, str]]:
        return [(typing.code(goal), " · ".join(filter(None, tree.name(goal, look.world, say)))) for goal in goals]

    menus = [key for key in look.menus if key != menu_id]
    boxes = [Goal(kind="voicemail")]
    boxes += [Goal(kind="voicemail", id=key) for key in look.world.queues]
    found = [
        ("agent", [Goal(kind="agent", id=key) for key in look.world.agents]),
        ("queue", [Goal(kind="queue", id=key) for key in look.world.queues]),
        ("menu", [Goal(kind="menu", id=key) for key in menus]),
        ("play", [Goal(kind="play", prompt=key) for key in look.world.prompts]),
        ("voicemail", boxes),
        ("agent_voicemail", [Goal(kind="agent_voicemail", id=key) for key in look.world.agents]),
    ]
    groups = []
    for kind, goals in found:
        why = say(N_("there is only one menu")) if kind == "menu" and not goals else ""
        groups.append({"title": say(GROUP_TITLES[kind]), "options": options(goals), "why": why})
    plain = [("external", say(N_("To an outside number …")))]
    plain += [(kind, say(GOALS[kind])) for kind in ("repeat", "hangup")]
    groups.insert(2, {"title": say(GOALS["external"]), "options": plain[:1], "why": ""})
    groups.append({"title": say(N_("Other")), "options": plain[1:], "why": ""})
    return groups
