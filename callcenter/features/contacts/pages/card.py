"""Contacts over HTTP: the card with its history, «create client», and the API."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, NotFound
from callcenter.features.contacts import api, queries
from callcenter.features.contacts.queries import access
from callcenter.features.contacts.rules import people
from callcenter.features.contacts.usecases import keeping
from callcenter.features.contacts.usecases.keeping import ClientForm
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CONTACTS_SEE
from callcenter.http.routes import Route
from callcenter.plugin import Services, services

LANGUAGE = "ru"
ID = r"{id:\d{1,9}}"


class PhoneView(msgspec.Struct, kw_only=True):
    """A number: in E.164 and as it was typed."""

    e164: str
    typed: str


class ContactView(msgspec.Struct, kw_only=True):
    """A contact. ``saved`` True = a client; False = only a number with its calls."""

    id: int
    saved: bool
    name: str
    position: str
    organisation: str
    city: str
    local_time: str
    phones: list[PhoneView]
    deals: int
    tasks: int
    created_at: str


async def contact_one(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/{id}."""
    return render.api(request, await _view(services(request), current(request), _id(request)))


async def contact_save(request: web.Request) -> web.Response:
    """PUT /api/v1/contacts/{id}: makes a client of a contact, or changes one."""
    here, person = services(request), current(request)
    form = await render.body(request, ClientForm)
    await _save(here, person, _id(request), form)
    return render.api(request, await _view(here, person, _id(request)))


async def contact_create(request: web.Request) -> web.Response:
    """POST /api/v1/contacts: a new client."""
    here, person = services(request), current(request)
    form = await render.body(request, ClientForm)
    async with here.db.business(person.business_id) as session:
        made = await keeping.create(session, form, here.clock.now(), by=person)
    return render.api(request, await _view(here, person, made.id), status=201)


async def contact_page(request: web.Request) -> web.Response:
    """GET /contacts/{id}: the card."""
    return await _page(request)


async def contact_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}: «create client» on the card."""
    form = await render.body(request, ClientForm)
    try:
        await _save(services(request), current(request), _id(request), form)
    except BadInput as error:
        return await _page(request, form, error)
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}")


async def _page(request: web.Request, typed: ClientForm | None = None, error: BadInput | None = None) -> web.Response:
    here, person = services(request), current(request)
    view = await _view(here, person, _id(request))
    page = request.query.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and 0 < len(page) < 6 else 1
    sections: list[tuple[str, dict[str, Any]]] = []
    for section in api.sections():
        sections.append((section.template, await section.load(here, person, view.id, max(number, 1))))
    first, _, last = view.name.partition(" ")
    shown = typed or ClientForm(
        first_name=first,
        last_name=last,
        position=view.position,
        organisation=view.organisation,
        city=view.city,
    )
    return render.page(
        request,
        "contacts/card.html",
        status=422 if error else 200,
        contact=view,
        form=shown,
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        editing=error is not None or "edit" in request.query,
        sections=sections,
    )


async def _view(here: Services, person: Current, contact_id: int) -> ContactView:
    async with here.db.business(person.business_id) as session:
        contact = await queries.contact(session, contact_id)
        if contact is None:
            raise NotFound(access.GONE)
        await access.need_see(session, await access.viewer(session, person), contact)
        phones = await queries.phones(session, contact_id)
        counts = (await api.counters(session, [contact_id]))[contact_id]
    place = people.place(phones[0].e164, LANGUAGE) if phones else people.Place("", "")
    return ContactView(
        id=contact.id,
        saved=contact.saved,
        name=contact.name,
        position=contact.position,
        organisation=contact.organisation,
        city=contact.city or place.city,
        local_time=people.local_time(place.zone, here.clock.now()),
        phones=[PhoneView(e164=one.e164, typed=one.typed) for one in phones],
        deals=counts.deals,
        tasks=counts.tasks,
        created_at=contact.created_at.isoformat().replace("+00:00", "Z"),
    )


async def _save(here: Services, person: Current, contact_id: int, form: ClientForm) -> None:
    async with here.db.business(person.business_id) as session:
        viewer = await access.viewer(session, person)
        await keeping.change(session, viewer, contact_id, form, here.clock.now())


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


ROUTES = (
    Route(
        "GET",
        f"/api/v1/contacts/{ID}",
        contact_one,
        CONTACTS_SEE,
        summary="A contact with its numbers",
        returns=ContactView,
    ),
    Route(
        "POST",
        "/api/v1/contacts",
        contact_create,
        CONTACTS_SEE,
        summary="Save a new client",
        body=ClientForm,
        returns=ContactView,
        status=201,
    ),
    Route(
        "PUT",
        f"/api/v1/contacts/{ID}",
        contact_save,
        CONTACTS_SEE,
        summary="Make a client of a contact, or change one; numbers are added, the history stays",
        body=ClientForm,
        returns=ContactView,
    ),
    Route("GET", f"/contacts/{ID}", contact_page, CONTACTS_SEE),
    Route("POST", f"/contacts/{ID}", contact_form, CONTACTS_SEE),
)
