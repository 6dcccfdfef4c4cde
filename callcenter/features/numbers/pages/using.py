"""Numbers that come and go, and who uses a number: the API and the forms (TEL-61, TEL-62)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.features.agents import api as agents
from callcenter.features.numbers import queries
from callcenter.features.numbers.pages import rest
from callcenter.features.numbers.usecases import binding, operators
from callcenter.features.numbers.usecases.binding import BindForm, TakeForm
from callcenter.features.numbers.usecases.operators import OperatorForm
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.plugin import Services, services


class OperatorView(msgspec.Struct, kw_only=True):
    """An operator of a number: whether he calls out by it, and whether his calls by it are recorded."""

    agent_id: int
    name: str
    outgoing: bool
    record: bool


class OperatorList(msgspec.Struct, kw_only=True):
    """A number's operators; with none of them it is everybody's."""

    operators: list[OperatorView]


class FreeList(msgspec.Struct, kw_only=True):
    """Numbers (E.164) that can be taken."""

    numbers: list[str]


async def bind(request: web.Request) -> web.Response:
    """POST /api/v1/numbers."""
    here, person = services(request), current(request)
    made = await binding.bind(here, person, await render.body(request, BindForm))
    return render.api(request, await _view(here, person, made), status=201)


async def free(request: web.Request) -> web.Response:
    """GET /api/v1/numbers/free."""
    return render.api(request, FreeList(numbers=await binding.free(services(request))))


async def take(request: web.Request) -> web.Response:
    """POST /api/v1/numbers/take."""
    here, person = services(request), current(request)
    made = await binding.take(here, person, await render.body(request, TakeForm))
    return render.api(request, await _view(here, person, made), status=201)


async def delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/numbers/{id}."""
    await binding.delete(services(request), current(request), _id(request))
    return web.Response(status=204)


async def restore(request: web.Request) -> web.Response:
    """POST /api/v1/numbers/{id}/restore."""
    here, person = services(request), current(request)
    await binding.restore(here, person, _id(request))
    return render.api(request, await _view(here, person, _id(request)))


async def operator_list(request: web.Request) -> web.Response:
    """GET /api/v1/numbers/{id}/operators."""
    return render.api(
        request, OperatorList(operators=await operator_views(services(request), current(request), _id(request)))
    )


async def operator_put(request: web.Request) -> web.Response:
    """PUT /api/v1/numbers/{id}/operators/{agent}."""
    form = await render.body(request, OperatorForm)
    await operators.put(services(request), current(request), _id(request), _agent(request), form)
    return await operator_list(request)


async def operator_drop(request: web.Request) -> web.Response:
    """DELETE /api/v1/numbers/{id}/operators/{agent}."""
    await operators.drop(services(request), current(request), _id(request), _agent(request))
    return await operator_list(request)


async def add_page(request: web.Request) -> web.Response:
    """GET /numbers/add."""
    return await _add_page(request)


async def add(request: web.Request) -> web.Response:
    """POST /numbers/add: a bought number is bound, or (``way`` take) a free one taken."""
    form: Any = await request.post()
    typed = {name: str(form.get(name, "")) for name in ("e164", "free", "title", "trunk_id", "way")}
    trunk = int(typed["trunk_id"]) if typed["trunk_id"].isascii() and typed["trunk_id"][:9].isdecimal() else None
    here, person = services(request), current(request)
    try:
        if typed["way"] == "take":
            made = await binding.take(here, person, TakeForm(e164=typed["free"], title=typed["title"], trunk_id=trunk))
        else:
            made = await binding.bind(here, person, BindForm(e164=typed["e164"], title=typed["title"], trunk_id=trunk))
    except ProductError as error:
        return await _add_page(request, typed, error)
    raise web.HTTPSeeOther(f"/numbers/{made}")


async def delete_form(request: web.Request) -> web.Response:
    """POST /numbers/{id}/delete: the list then offers to bring it back."""
    gone = await binding.delete(services(request), current(request), _id(request))
    raise web.HTTPSeeOther(f"/numbers?gone={gone.id}")


async def restore_form(request: web.Request) -> web.Response:
    """POST /numbers/{id}/restore."""
    await binding.restore(services(request), current(request), _id(request))
    raise web.HTTPSeeOther("/numbers")


async def operator_form(request: web.Request) -> web.Response:
    """POST /numbers/{id}/operators: adds one, or sets both toggles of one who is there."""
    form: Any = await request.post()
    chosen = str(form.get("agent_id", ""))
    number_id = _id(request)
    agent_id = int(chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) < 10 else 0
    fresh = "toggles" not in form
    wish = OperatorForm(outgoing=fresh or "outgoing" in form, record=fresh or "record" in form)
    await operators.put(services(request), current(request), number_id, agent_id, wish)
    raise web.HTTPSeeOther(f"/numbers/{number_id}?saved=operators#operators")


async def operator_drop_form(request: web.Request) -> web.Response:
    """POST /numbers/{id}/operators/{agent}/delete."""
    had = await operators.drop(services(request), current(request), _id(request), _agent(request))
    back = f"gone={_agent(request)}&outgoing={int(had.outgoing is True)}&record={int(had.record is True)}"
    raise web.HTTPSeeOther(f"/numbers/{_id(request)}?{back}#operators")


async def operator_views(here: Services, person: Current, number_id: int) -> list[OperatorView]:
    """A number's operators as they are shown. Raises NotFound."""
    async with here.db.business(person.business_id) as session:
        if await queries.number(session, number_id) is None:
            raise NotFound(N_("This number is not there."))
        people = {one.id: one.name for one in await agents.all_agents(session)}
        return [
            OperatorView(agent_id=one.agent_id, name=people[one.agent_id], outgoing=one.outgoing, record=one.record)
            for one in await queries.operators(session, number_id)
            if one.agent_id in people
        ]


async def _add_page(
    request: web.Request, typed: dict[str, str] | None = None, error: ProductError | None = None
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        trunks = await queries.trunks(session)
    return render.page(
        request,
        "numbers/add.html",
        status=422 if error else 200,
        form=defaultdict(str, typed or {}),
        free=await binding.free(here),
        offers=bool(here.settings.number_pool),
        trunks=trunks,
        wrong=defaultdict(str, render.fields_said(request, error) if error else {}),
        said=render.said(request, error) if error else "",
    )


async def _view(here: Services, person: Current, number_id: int) -> rest.NumberView:
    return next(one for one in await rest.views(here, person) if one.id == number_id)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _agent(request: web.Request) -> int:
    return int(request.match_info["agent"])
