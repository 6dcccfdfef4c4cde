"""Where administrators make forms and addresses of lists, and see what came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, NotFound
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.webforms import queries, rules
from callcenter.features.webforms.models import WebForm
from callcenter.features.webforms.usecases import keeping
from callcenter.features.webforms.usecases.keeping import FormForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.site import site
from callcenter.plugin import services

LEADS = 15


class FormView(msgspec.Struct, kw_only=True):
    """A form; ``url`` is its page, to which forms in other pages send too."""

    id: int
    title: str
    fields: list[str]
    list_id: int | None
    tag_id: int | None
    responsible_id: int | None
    thanks: str
    active: bool
    received: int
    url: str
    created_at: datetime


class FormList(msgspec.Struct, kw_only=True):
    """The business's forms, the newest first."""

    forms: list[FormView]


class ListAddress(msgspec.Struct, kw_only=True):
    """The address at which other programs add clients to a list; empty = switched off."""

    list_id: int
    title: str
    url: str


class Addresses(msgspec.Struct, kw_only=True):
    """Every list with its address."""

    lists: list[ListAddress]


async def form_list(request: web.Request) -> web.Response:
    """GET /api/v1/webforms."""
    return render.api(request, FormList(forms=await _forms(request)))


async def form_create(request: web.Request) -> web.Response:
    """POST /api/v1/webforms."""
    made = await keeping.save(request, await render.body(request, FormForm))
    return render.api(request, await _one(request, made), status=201)


async def form_change(request: web.Request) -> web.Response:
    """PUT /api/v1/webforms/{id}."""
    await keeping.save(request, await render.body(request, FormForm), _id(request))
    return render.api(request, await _one(request, _id(request)))


async def form_renew(request: web.Request) -> web.Response:
    """POST /api/v1/webforms/{id}/token."""
    await keeping.renew(request, _id(request))
    return render.api(request, await _one(request, _id(request)))


async def form_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/webforms/{id}."""
    await keeping.remove(request, _id(request))
    return web.Response(status=204)


async def addresses(request: web.Request) -> web.Response:
    """GET /api/v1/webforms/lists."""
    return render.api(request, Addresses(lists=await _addresses(request)))


async def address_on(request: web.Request) -> web.Response:
    """POST /api/v1/webforms/lists/{id}."""
    await keeping.address_of_list(request, _id(request), on=True)
    found = [one for one in await _addresses(request) if one.list_id == _id(request)]
    return render.api(request, found[0])


async def address_off(request: web.Request) -> web.Response:
    """DELETE /api/v1/webforms/lists/{id}."""
    await keeping.address_of_list(request, _id(request), on=False)
    return web.Response(status=204)


async def page(request: web.Request) -> web.Response:
    """GET /webforms."""
    return await _page(request)


async def save_form(request: web.Request) -> web.Response:
    """POST /webforms and /webforms/{id}: makes or changes a form."""
    form = await render.body(request, FormForm)
    form_id = _id(request) if "id" in request.match_info else None
    try:
        made = await keeping.save(request, form, form_id)
    except BadInput as error:
        return await _page(request, form, error, form_id)
    raise web.HTTPSeeOther(f"/webforms?edit={made}")


async def renew_form(request: web.Request) -> web.Response:
    """POST /webforms/{id}/renew."""
    await keeping.renew(request, _id(request))
    raise web.HTTPSeeOther(f"/webforms?edit={_id(request)}")


async def delete_form(request: web.Request) -> web.Response:
    """POST /webforms/{id}/delete."""
    await keeping.remove(request, _id(request))
    raise web.HTTPSeeOther("/webforms")


async def list_on_form(request: web.Request) -> web.Response:
    """POST /webforms/lists/{id}/on: a new address."""
    await keeping.address_of_list(request, _id(request), on=True)
    raise web.HTTPSeeOther("/webforms#lists")


async def list_off_form(request: web.Request) -> web.Response:
    """POST /webforms/lists/{id}/off."""
    await keeping.address_of_list(request, _id(request), on=False)
    raise web.HTTPSeeOther("/webforms#lists")


async def _page(
    request: web.Request, form: FormForm | None = None, error: BadInput | None = None, form_id: int | None = None
) -> web.Response:
    here, person = services(request), current(request)
    edit = request.query.get("edit", "")
    if form_id is None and edit.isascii() and edit.isdecimal() and len(edit) < 10:
        form_id = int(edit)
    forms = await _forms(request)
    opened = next((one for one in forms if one.id == form_id), None)
    async with here.db.business(person.business_id) as session:
        own = {f"{rules.OWN}{one.id}": one.title for one in await contacts.leads.own_fields(session)}
        shown: dict[str, Any] = {
            "list_choices": [(one.id, one.title) for one in await contacts.exporting.lists(session)],
            "tag_choices": [(one.id, one.title) for one in await contacts.leads.tags(session)],
            "people_choices": [
                (one.membership_id, one.name) for one in await accounts.people(session) if one.status == "active"
            ],
            "leads": [
                {"id": contact.id, "name": contact.name, "at": event.at, "title": event.data.get("title", "")}
                for contact, event in await contacts.leads.recent(session, LEADS)
            ],
        }
    if form is None:
        form = _as_form(opened) if opened else FormForm(fields=["name", "phone", "email"], active=True)
    return render.page(
        request,
        "webforms/setup.html",
        status=422 if error else 200,
        forms=forms,
        opened=opened,
        creating=opened is None and ("new" in request.query or error is not None),
        form=form,
        fields=[*((key, title, False) for key, title in rules.FIELDS.items()), *((k, v, True) for k, v in own.items())],
        own=own,
        usual=rules.FIELDS,
        trap=rules.TRAP,
        addresses=await _addresses(request),
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        **shown,
    )


def _as_form(view: FormView) -> FormForm:
    return FormForm(
        title=view.title,
        fields=view.fields,
        list_id=view.list_id,
        tag_id=view.tag_id,
        responsible_id=view.responsible_id,
        thanks=view.thanks,
        active=view.active,
    )


async def _forms(request: web.Request) -> list[FormView]:
    async with services(request).db.business(current(request).business_id) as session:
        return [_view(request, row) for row in await queries.forms(session)]


async def _one(request: web.Request, form_id: int) -> FormView:
    async with services(request).db.business(current(request).business_id) as session:
        row = await queries.one(session, form_id)
    if row is None:
        raise NotFound(keeping.GONE)
    return _view(request, row)


async def _addresses(request: web.Request) -> list[ListAddress]:
    async with services(request).db.business(current(request).business_id) as session:
        return [
            ListAddress(
                list_id=one.id,
                title=one.title,
                url=f"{_base(request)}/api/v1/lists/{one.token}/clients" if one.token else "",
            )
            for one in await contacts.exporting.lists(session)
        ]


def _view(request: web.Request, row: WebForm) -> FormView:
    return FormView(
        id=row.id,
        title=row.title,
        fields=[str(key) for key in row.fields],
        list_id=row.list_id,
        tag_id=row.tag_id,
        responsible_id=row.responsible_id,
        thanks=row.thanks,
        active=row.active,
        received=row.received,
        url=f"{_base(request)}/forms/{row.token}",
        created_at=row.created_at,
    )


def _base(request: web.Request) -> str:
    """The address of this installation as other sites reach it."""
    return site(request).settings.public_url.rstrip("/") or str(request.url.origin())


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])
