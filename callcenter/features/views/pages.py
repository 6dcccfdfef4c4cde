"""Saved views over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.features.views import usecases
from callcenter.features.views.models import SavedView
from callcenter.features.views.usecases import ViewChange, ViewForm
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CONTACTS_SEE
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"


class ViewOut(msgspec.Struct, kw_only=True):
    """A saved view; ``mine``: it belongs to who asks."""

    id: int
    page: str
    title: str
    shared: bool
    mine: bool
    state: dict[str, Any]


class ViewList(msgspec.Struct, kw_only=True):
    """Views in their order."""

    views: list[ViewOut]


class Gone(msgspec.Struct, kw_only=True):
    """The view that was deleted."""

    id: int


async def view_list(request: web.Request) -> web.Response:
    """GET /api/v1/views?page=."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        found = await usecases.views(session, person, request.query.get("page", "")[:30])
    return render.api(request, ViewList(views=[_out(one, person) for one in found]))


async def view_save(request: web.Request) -> web.Response:
    """POST /api/v1/views."""
    here, person = services(request), current(request)
    form = await render.body(request, ViewForm)
    async with here.db.business(person.business_id) as session:
        view = await usecases.save(session, person, form, here.clock.now())
    return render.api(request, _out(view, person), status=201)


async def view_change(request: web.Request) -> web.Response:
    """PATCH /api/v1/views/{id}."""
    here, person = services(request), current(request)
    form = await render.body(request, ViewChange)
    async with here.db.business(person.business_id) as session:
        view = await usecases.change(session, person, int(request.match_info["id"]), form, here.clock.now())
    return render.api(request, _out(view, person))


async def view_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/views/{id}."""
    person, view_id = current(request), int(request.match_info["id"])
    async with services(request).db.business(person.business_id) as session:
        await usecases.delete(session, person, view_id)
    return render.api(request, Gone(id=view_id))


def _out(view: SavedView, person: Current) -> ViewOut:
    return ViewOut(
        id=view.id,
        page=view.page,
        title=view.title,
        shared=view.shared,
        mine=view.owner_id == person.membership_id,
        state=view.state,
    )


ROUTES = (
    Route(
        "GET",
        "/api/v1/views",
        view_list,
        CONTACTS_SEE,
        summary="Saved views of a list, own and shared",
        returns=ViewList,
        params=(Param("page", "the list: contacts or organisations"),),
    ),
    Route(
        "POST",
        "/api/v1/views",
        view_save,
        CONTACTS_SEE,
        summary="Save a view",
        body=ViewForm,
        returns=ViewOut,
        status=201,
    ),
    Route(
        "PATCH",
        f"/api/v1/views/{ID}",
        view_change,
        CONTACTS_SEE,
        summary="Rename, share or refill a view",
        body=ViewChange,
        returns=ViewOut,
    ),
    Route("DELETE", f"/api/v1/views/{ID}", view_delete, CONTACTS_SEE, summary="Delete a view", returns=Gone),
)
