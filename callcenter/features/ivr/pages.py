"""Voice menus' API: list, one, make, change, delete, main."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import NotFound
from callcenter.core.routing import Goal
from callcenter.features.ivr import api, usecases
from callcenter.features.ivr.api import MenuInfo
from callcenter.features.ivr.rules import MenuForm, MenuKeyForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services


class KeyBody(msgspec.Struct, kw_only=True):
    """A key (0–9, * or #) and where it leads.

    ``kind`` is agent, queue, menu or agent_voicemail (each with ``id``), external (``number``), play (``prompt``),
    voicemail (``id`` of a queue, or none for the company's), repeat or hangup.
    """

    key: str
    kind: str
    id: int | None = None
    number: str = ""
    prompt: str = ""


class GoalBody(msgspec.Struct, kw_only=True):
    """Where a call goes; kinds as those of keys."""

    kind: str
    id: int | None = None
    number: str = ""
    prompt: str = ""


class MenuBody(msgspec.Struct, kw_only=True):
    """A menu as a whole.

    ``activity`` is always, open (in working hours), closed or never; ``repeats`` -1 = without end, every 5 seconds.
    ``main`` true makes it the main one, false changes nothing.
    """

    name: str
    prompt: str = ""
    wait_seconds: int = 5
    repeats: int = 2
    activity: str = "always"
    timeout: GoalBody = msgspec.field(default_factory=lambda: GoalBody(kind="hangup"))
    keys: list[KeyBody] = []
    main: bool = False

    def form(self) -> MenuForm:
        """The body as the rules want it."""
        return MenuForm(
            name=self.name,
            prompt=self.prompt,
            wait_seconds=self.wait_seconds,
            repeats=self.repeats,
            activity=self.activity,
            timeout=_goal(self.timeout),
            keys=tuple(MenuKeyForm(key=one.key, goal=_goal(one)) for one in self.keys),
        )


class MenuView(MenuBody, kw_only=True):
    """A menu with its id."""

    id: int


class MenuList(msgspec.Struct, kw_only=True):
    """The business's menus, the oldest first."""

    menus: list[MenuView]


async def menu_list(request: web.Request) -> web.Response:
    """GET /api/v1/menus."""
    async with services(request).db.business(current(request).business_id) as session:
        found = await api.all_menus(session)
    return render.api(request, MenuList(menus=[view(one) for one in found]))


async def menu_one(request: web.Request) -> web.Response:
    """GET /api/v1/menus/{id}."""
    return render.api(request, await _view(request, _id(request)))


async def menu_create(request: web.Request) -> web.Response:
    """POST /api/v1/menus."""
    body = await render.body(request, MenuBody)
    menu_id = await usecases.create(
        services(request), current(request), body.form(), main=body.main, apply=_apply(request)
    )
    return render.api(request, await _view(request, menu_id), status=201)


async def menu_put(request: web.Request) -> web.Response:
    """PUT /api/v1/menus/{id}."""
    body = await render.body(request, MenuBody)
    here, person, menu_id = services(request), current(request), _id(request)
    if body.main:
        await usecases.make_main(here, person, menu_id)
    await usecases.change(here, person, menu_id, body.form(), apply=_apply(request))
    return render.api(request, await _view(request, menu_id))


async def menu_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/menus/{id}: answers what was deleted, so that it can be made again."""
    gone = await _view(request, _id(request))
    await usecases.delete(services(request), current(request), gone.id, apply=_apply(request))
    return render.api(request, gone)


async def menu_main(request: web.Request) -> web.Response:
    """PUT /api/v1/menus/{id}/main."""
    menu_id = _id(request)
    await usecases.make_main(services(request), current(request), menu_id, apply=_apply(request))
    return render.api(request, await _view(request, menu_id))


async def _view(request: web.Request, menu_id: int) -> MenuView:
    async with services(request).db.business(current(request).business_id) as session:
        found = await api.get(session, menu_id)
    if found is None:
        raise NotFound(usecases.NO_MENU)
    return view(found)


def view(menu: MenuInfo) -> MenuView:
    """A menu as the API shows it."""
    return MenuView(
        id=menu.id,
        name=menu.name,
        prompt=menu.prompt,
        wait_seconds=menu.wait_seconds,
        repeats=menu.repeats,
        activity=menu.activity,
        main=menu.main,
        timeout=GoalBody(
            kind=menu.timeout_action, id=menu.timeout_target_id, number=menu.timeout_number, prompt=menu.timeout_prompt
        ),
        keys=[
            KeyBody(key=one.key, kind=one.action, id=one.target_id, number=one.number, prompt=one.prompt)
            for one in menu.keys
        ],
    )


def _goal(body: GoalBody | KeyBody) -> Goal:
    return Goal(kind=body.kind, id=body.id, number=body.number, prompt=body.prompt)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _apply(request: web.Request) -> bool:
    return request.query.get("apply") == "1"
