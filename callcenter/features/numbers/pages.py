"""Numbers over HTTP: the list for everybody, changes for administrators, the API."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.agents import api as agents
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import queries, rules, usecases
from callcenter.features.numbers.models import Number
from callcenter.features.numbers.usecases import NumberPatch
from callcenter.features.queues import api as queues
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import NUMBERS_EDIT
from callcenter.plugin import Services, services


class TargetView(msgspec.Struct, kw_only=True):
    """Where calls go: ``kind`` queue, menu or agent."""

    kind: str
    id: int | None
    name: str


class NumberView(msgspec.Struct, kw_only=True):
    """A number. ``title`` is the line's name; ``takers`` is target, all or some (``agent_ids`` then names them)."""

    id: int
    e164: str
    title: str
    kind: str
    agent_id: int | None
    target: TargetView
    takers: str
    agent_ids: list[int]
    record: bool
    created_at: str


class NumberList(msgspec.Struct, kw_only=True):
    """The business's numbers by date added."""

    numbers: list[NumberView]


class NumberForm(msgspec.Struct, kw_only=True):
    """The form on the page; an unticked ``record`` is not sent at all. ``target`` is ``queue-3``, ``agent-2`` or so."""

    title: str = ""
    record: bool = False
    takers: str = ""
    agent_ids: list[int] = []
    target: str = ""

    def patch(self, kind: str) -> NumberPatch:
        """The form as changes; raises BadInput."""
        patch = NumberPatch(title=self.title, record=self.record)
        if kind == "personal":
            return patch
        patch.takers = self.takers
        if self.takers == "some":
            patch.agent_ids = self.agent_ids
        elif self.takers == "target":
            target_kind, _, target_id = self.target.partition("-")
            if not target_id.isdecimal() or len(target_id) > 9:
                message = N_("Choose where calls to this number go.")
                raise BadInput(message, fields={"target_id": message})
            patch.target_kind, patch.target_id = target_kind, int(target_id)
        return patch


async def number_list(request: web.Request) -> web.Response:
    """GET /api/v1/numbers."""
    return render.api(request, NumberList(numbers=await _views(services(request), current(request))))


async def number_patch(request: web.Request) -> web.Response:
    """PATCH /api/v1/numbers/{id}: name (TEL-19), recording, who takes the calls (INB-03)."""
    here, person = services(request), current(request)
    number_id = int(request.match_info["id"])
    await usecases.change(here, person, number_id, await render.body(request, NumberPatch))
    found = [one for one in await _views(here, person) if one.id == number_id]
    return render.api(request, found[0])


async def number_page(request: web.Request) -> web.Response:
    """GET /numbers: the second tab of the telephony section; ``?edit=ID`` opens a number for an administrator."""
    edit = request.query.get("edit", "")
    person = current(request)
    editable = edit.isascii() and edit.isdecimal() and len(edit) < 10 and person.can(NUMBERS_EDIT)
    return await _page(request, int(edit) if editable else None)


async def number_form(request: web.Request) -> web.Response:
    """POST /numbers/{id}: saves the form."""
    here, person = services(request), current(request)
    number_id = int(request.match_info["id"])
    form = await render.body(request, NumberForm)
    async with here.db.business(person.business_id) as session:
        number = await queries.number(session, number_id)
    if number is None:
        raise NotFound(N_("This number is not there."))
    try:
        await usecases.change(here, person, number_id, form.patch(number.kind))
    except BadInput as error:
        return await _page(request, number_id, form, error)
    raise web.HTTPSeeOther("/numbers")


async def _page(
    request: web.Request, open_id: int | None, typed: NumberForm | None = None, error: BadInput | None = None
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        choices = await _choices(session)
    views = await _views(here, person)
    form = typed
    for view in views:
        if view.id == open_id and form is None:
            target = f"{view.target.kind}-{view.target.id}" if view.takers == "target" else ""
            form = NumberForm(
                title=view.title, record=view.record, takers=view.takers, agent_ids=view.agent_ids, target=target
            )
    return render.page(
        request,
        "numbers/list.html",
        status=422 if error else 200,
        numbers=views,
        open_id=open_id,
        form=form,
        choices=choices,
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        titles={"takers": rules.TAKER_TITLES, "targets": rules.TARGET_TITLES},
    )


async def _choices(session: AsyncSession) -> dict[str, Any]:
    """What the form offers."""
    return {
        "agents": [(one.id, one.name) for one in await agents.all_agents(session)],
        "queues": [(one.id, one.name) for one in await queues.all_queues(session) if one.number_id is None],
        "menus": [(one.id, one.name) for one in await ivr.all_menus(session)],
    }


async def _views(here: Services, person: Current) -> list[NumberView]:
    async with here.db.business(person.business_id) as session:
        found = await queries.numbers(session)
        people = {one.id: one for one in await agents.all_agents(session)}
        lines = {one.id: one for one in await queues.all_queues(session)}
        own = {one.number_id: [member.agent_id for member in one.members] for one in lines.values() if one.number_id}
        menus = {one.id: one for one in await ivr.all_menus(session)}

    def name(number: Number) -> str:
        owner: Any = {"queue": lines, "menu": menus, "agent": people}.get(number.target_kind, {})
        there = owner.get(number.target_id)
        return there.name if there else ""

    return [
        NumberView(
            id=one.id,
            e164=one.e164,
            title=one.title,
            kind=one.kind,
            agent_id=one.agent_id,
            target=TargetView(kind="agent", id=one.agent_id, name=people[one.agent_id].name)
            if one.kind == "personal" and one.agent_id in people
            else TargetView(kind=one.target_kind, id=one.target_id, name=name(one)),
            takers=one.takers or "target",
            agent_ids=own.get(one.id, []) if one.takers else [],
            record=one.record,
            created_at=one.created_at.isoformat().replace("+00:00", "Z"),
        )
        for one in found
    ]
