"""The phone book of the dial pad: clients by a piece of the name with all their numbers, and country codes (TEL-58)."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import phonenumbers
from aiohttp import web
from babel import Locale

from callcenter.features.contacts.pages.card import ID
from callcenter.features.contacts.queries import access, finding
from callcenter.features.contacts.rules.fields import PHONE_KINDS
from callcenter.features.contacts.usecases import joining
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CALLS_DIAL, CONTACTS_EDIT, CONTACTS_SEE
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

SHOWN = 8
FETCHED = 40
# Where most calls of the product's users go; the rest follows by name.
FIRST = ("RU", "BY", "KZ", "UA", "UZ", "KG", "AM", "AZ", "GE", "MD", "TJ", "TM")


class BookPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a client; ``title`` says which one it is (mobile, work, home or ''), in the reader's language."""

    number: str
    title: str


class BookEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A client in the phone book."""

    id: int
    name: str
    note: str
    saved: bool
    phones: list[BookPhone]


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """What fits, best first; clients without a number are left out."""

    entries: list[BookEntry]


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """A country's calling code: ``region`` is ISO 3166, ``code`` like ``+7``."""

    region: str
    name: str
    code: str


class NumberOf(msgspec.Struct, kw_only=True):
    """The unsaved contact whose number is to belong to the client."""

    contact_id: int


async def book(request: web.Request) -> web.Response:
    """GET /api/v1/dial-book?q=."""
    text = " ".join(request.query.get("q", "").split())[:100].casefold()
    if len(text) < 2:
        return render.api(request, Book(entries=[]))
    person = current(request)
    digits = "".join(c for c in text if c.isdigit())
    only_number = digits and not any(c.isalpha() for c in text)
    async with services(request).db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        wanted = digits if only_number else text
        found = await finding.first(session, who, wanted, ("person", "organisation"), FETCHED)
        found.sort(key=lambda one: (not one.saved, not one.name_key.startswith(text), one.name_key, one.id))
        phones = await finding.all_numbers(session, [one.id for one in found])
    words = render.texts(request)
    entries = [
        BookEntry(
            id=one.id,
            name=one.name or one.inn,
            note=" · ".join(part for part in (one.position, one.organisation, one.city) if part),
            saved=one.saved,
            phones=[
                BookPhone(number=number, title=words.gettext(PHONE_KINDS[kind]) if PHONE_KINDS.get(kind) else "")
                for number, kind in phones[one.id]
            ],
        )
        for one in found
        if phones.get(one.id)
    ]
    return render.api(request, Book(entries=entries[:SHOWN]))


async def countries(request: web.Request) -> web.Response:
    """GET /api/v1/countries: calling codes, named in the person's language."""
    return render.api(request, _countries(render.language(request)))


@lru_cache(maxsize=8)
def _countries(language: str) -> list[Country]:
    names = Locale.parse(language).territories
    known = [
        Country(
            region=region, name=str(names.get(region, region)), code=f"+{phonenumbers.country_code_for_region(region)}"
        )
        for region in phonenumbers.SUPPORTED_REGIONS
    ]
    order = {region: place for place, region in enumerate(FIRST)}
    return sorted(known, key=lambda one: (order.get(one.region, len(order)), one.name.casefold()))


async def give_number(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/{id}/numbers: a number that called becomes one of the client's."""
    client_id = int(request.match_info["id"])
    form = await render.body(request, NumberOf)
    await joining.give_number(services(request), current(request), client_id, form.contact_id)
    return web.Response(status=204)


ROUTES = (
    Route(
        "GET",
        "/api/v1/dial-book",
        book,
        CONTACTS_SEE,
        summary="The dial pad's phone book: clients with all their numbers",
        params=(Param("q", "a piece of a name or of a number"),),
        returns=Book,
    ),
    Route("GET", "/api/v1/countries", countries, CALLS_DIAL, summary="Calling codes", returns=list[Country]),
    Route(
        "POST",
        f"/api/v1/contacts/{ID}/numbers",
        give_number,
        CONTACTS_EDIT,
        summary="Give the number of an unsaved contact to a client",
        body=NumberOf,
        status=204,
    ),
)
