"""One's own telephone, and the administrator's list of all."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict
from callcenter.features.agents import api as agents
from callcenter.features.confirmations import api as confirmations
from callcenter.features.forwarding import queries, rules, usecases
from callcenter.features.forwarding.models import ForwardNumber
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import Services, services


class TelephoneBody(msgspec.Struct, kw_only=True):
    """One's own telephone as it is typed; '' takes it away."""

    number: str = ""


class ApprovalBody(msgspec.Struct, kw_only=True):
    """Whether the telephone may take forwarded calls."""

    approved: bool


class TelephoneView(msgspec.Struct, kw_only=True):
    """An employee's telephone. ``state``: unconfirmed, waiting, works; '' = none.

    ``confirmation`` is none, valid, ending or expired; ``until`` is when it ends.
    """

    agent_id: int
    name: str
    number: str
    state: str
    confirmation: str
    until: str | None


class TelephoneList(msgspec.Struct, kw_only=True):
    """Telephones by when they were entered."""

    telephones: list[TelephoneView]


async def mine(request: web.Request) -> web.Response:
    """GET /api/v1/telephone."""
    return render.api(request, await _mine(request))


async def set_mine(request: web.Request) -> web.Response:
    """PUT /api/v1/telephone."""
    await usecases.enter(services(request), current(request), (await render.body(request, TelephoneBody)).number)
    return render.api(request, await _mine(request))


async def listing(request: web.Request) -> web.Response:
    """GET /api/v1/telephones."""
    return render.api(request, TelephoneList(telephones=await _all(request)))


async def set_approval(request: web.Request) -> web.Response:
    """PUT /api/v1/telephones/{id}: by the employee's id."""
    body = await render.body(request, ApprovalBody)
    await usecases.approve(services(request), current(request), int(request.match_info["id"]), body.approved)
    return render.api(request, TelephoneList(telephones=await _all(request)))


async def my_page(request: web.Request) -> web.Response:
    """GET /telephone."""
    return await _my_page(request)


async def save_mine(request: web.Request) -> web.Response:
    """POST /telephone."""
    form = await render.body(request, TelephoneBody)
    try:
        await usecases.enter(services(request), current(request), form.number)
    except (BadInput, Conflict) as error:
        return await _my_page(request, form.number, error)
    raise web.HTTPSeeOther("/telephone?saved=1")


async def list_page(request: web.Request) -> web.Response:
    """GET /telephones."""
    return render.page(
        request,
        "forwarding/list.html",
        telephones=await _all(request),
        states=rules.STATES,
        confirmations=confirmations.STATES,
    )


async def approve(request: web.Request) -> web.Response:
    """POST /telephones/{id}."""
    form = await render.body(request, ApprovalBody)
    await usecases.approve(services(request), current(request), int(request.match_info["id"]), form.approved)
    raise web.HTTPSeeOther("/telephones")


async def _my_page(request: web.Request, typed: str | None = None, error: Any = None) -> web.Response:
    view = await _mine(request)
    return render.page(
        request,
        "forwarding/mine.html",
        status=422 if error else 200,
        telephone=view,
        typed=view.number if typed is None else typed,
        states=rules.STATES,
        confirmations=confirmations.STATES,
        confirmed=request.query.get("confirmed", ""),
        saved=request.query.get("saved", ""),
        wrong=defaultdict(str, render.fields_said(request, error) if error else {}),
        said=render.said(request, error) if error else "",
    )


async def _mine(request: web.Request) -> TelephoneView:
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        found = await queries.of_agent(session, person.agent_id) if person.agent_id else None
        return await _view(session, services(request), found, person.agent_id or 0, person.name)


async def _all(request: web.Request) -> list[TelephoneView]:
    async with services(request).db.business(current(request).business_id) as session:
        people = {one.id: one.name for one in await agents.all_agents(session)}
        return [
            await _view(session, services(request), one, one.agent_id, people[one.agent_id])
            for one in await queries.everybody(session)
            if one.agent_id in people
        ]


async def _view(
    session: AsyncSession, here: Services, one: ForwardNumber | None, agent_id: int, name: str
) -> TelephoneView:
    now = here.clock.now()
    ends = await usecases.confirmed_until(session, one) if one else None
    return TelephoneView(
        agent_id=agent_id,
        name=name,
        number=one.e164 if one else "",
        state=await usecases.state_of(session, one, now) if one else "",
        confirmation=confirmations.state(ends, now),
        until=ends.isoformat().replace("+00:00", "Z") if ends else None,
    )
