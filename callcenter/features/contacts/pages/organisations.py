"""Organisations over HTTP: found while one types, and their people."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import NotFound
from callcenter.features.contacts import queries
from callcenter.features.contacts.queries import access, cards
from callcenter.features.contacts.rules import fields
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_SEE
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
SUGGESTED = 8
WHOLE = {"type": "integer", "minimum": 1}


class Suggestion(msgspec.Struct, kw_only=True):
    """An organisation to pick."""

    id: int
    name: str
    inn: str


class PersonView(msgspec.Struct, kw_only=True):
    """Somebody of an organisation."""

    id: int
    name: str
    position: str
    phone: str


class PeopleView(msgspec.Struct, kw_only=True):
    """A page of an organisation's people, by name, and how many there are."""

    people: list[PersonView]
    total: int


async def suggest(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/organisations?q=."""
    person, typed = current(request), " ".join(request.query.get("q", "").split())[:100]
    if not typed:
        return render.api(request, [])
    async with services(request).db.business(person.business_id) as session:
        viewer = await access.viewer(session, person)
        found = await cards.organisations(session, viewer, typed, SUGGESTED)
    return render.api(request, [Suggestion(id=one.id, name=one.name or one.inn, inn=one.inn) for one in found])


async def people(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/{id}/people?page=."""
    person, contact_id = current(request), int(request.match_info["id"])
    page = request.query.get("page", "1")
    number = max(int(page), 1) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
    async with services(request).db.business(person.business_id) as session:
        viewer = await access.viewer(session, person)
        contact = await queries.contact(session, contact_id)
        if contact is None or contact.kind != fields.ORGANISATION:
            raise NotFound(access.GONE)
        await access.need_see(session, viewer, contact)
        found, total = await cards.nested(session, viewer, contact_id, number)
        phones = await queries.first_phones(session, [one.id for one in found])
    shown = [PersonView(id=one.id, name=one.name, position=one.position, phone=phones.get(one.id, "")) for one in found]
    return render.api(request, PeopleView(people=shown, total=total))


ROUTES = (
    Route(
        "GET",
        "/api/v1/contacts/organisations",
        suggest,
        CONTACTS_SEE,
        summary="Organisations that have a piece of text in their name, INN or number; at most eight",
        returns=list[Suggestion],
        params=(Param("q", "What was typed"),),
    ),
    Route(
        "GET",
        f"/api/v1/contacts/{ID}/people",
        people,
        CONTACTS_SEE,
        summary="The people of an organisation",
        returns=PeopleView,
        params=(Param("page", "Page, from 1", WHOLE),),
    ),
)
