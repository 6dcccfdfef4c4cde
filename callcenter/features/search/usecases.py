"""Looks through every source that the person may use, and through what this feature finds by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from aiohttp import web

from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.search import rules
from callcenter.features.search.rules import Typed
from callcenter.http import formats, render
from callcenter.http.current import current
from callcenter.http.permissions import AGENTS_SEE, CALLS_OWN, CONTACTS_SEE, PRIVACY, SIGNED_IN
from callcenter.http.site import catalogues
from callcenter.http.texts import LANGUAGES
from callcenter.plugin import services

SHOWN = 6
# So many are fetched unsorted; the best of them are shown.
FETCHED = 40
CALLS_FROM = 4
_KINDS = ("person", "organisation")
_CARDS = web.RequestKey("search.cards", dict)


class Hit(msgspec.Struct, kw_only=True):
    """Something found: ``url`` is its page, ``number`` can be dialled, ``icon`` is a name of the icon set."""

    title: str
    url: str
    note: str = ""
    number: str = ""
    icon: str = ""


class Source(NamedTuple):
    """Where to look: ``find(request, typed)`` gives a few hits; only for people who have ``permission``."""

    name: str
    title: str
    permission: str
    find: Callable[[web.Request, Typed], Awaitable[list[Hit]]]


class Group(msgspec.Struct, kw_only=True):
    """What one source has found."""

    name: str
    title: str
    hits: list[Hit]


class Found(msgspec.Struct, kw_only=True):
    """What was found, in groups; empty groups are left out."""

    query: str
    groups: list[Group]


_sources: dict[str, Source] = {}


def add_source(source: Source) -> None:
    """Adds a source behind the others; the same name again replaces it."""
    _sources[source.name] = source


async def search(request: web.Request, query: str) -> Found:
    """Everything that fits and that this person may see."""
    typed = rules.typed(query)
    groups: list[Group] = []
    if typed.text or typed.people:
        for source in _sources.values():
            if typed.people and source.name != "people":
                continue
            if source.permission != SIGNED_IN and not current(request).can(source.permission):
                continue
            hits = await source.find(request, typed)
            if hits:
                title = render.texts(request).gettext(source.title)
                groups.append(Group(name=source.name, title=title, hits=hits[:SHOWN]))
    return Found(query=query, groups=groups)


async def _cards(request: web.Request, typed: Typed) -> dict[str, list[Hit]]:
    """Persons and organisations, looked up together once in a request."""
    found: dict[str, list[Hit]] | None = request.get(_CARDS)
    if found is None:
        found = request[_CARDS] = await _look_up(request, typed)
    return found


async def _look_up(request: web.Request, typed: Typed) -> dict[str, list[Hit]]:
    text = typed.digits or typed.text
    if len(text) < 2:
        return {}
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        who = await contacts.access.viewer(session, person)
        rows = await contacts.finding.first(session, who, text, _KINDS, FETCHED)
        shown = []
        for kind in _KINDS:
            there = {one.id: one for one in rows if one.kind == kind}
            best = rules.best_first(((one.saved, one.name_key, one.id) for one in there.values()), text)[:SHOWN]
            shown += [there[contact_id] for contact_id in best]
        numbers = await contacts.finding.numbers(session, [one.id for one in shown])
    hits: dict[str, list[Hit]] = {}
    for one in shown:
        hits.setdefault(one.kind, []).append(_card(one, numbers.get(one.id, ""), render.language(request)))
    return hits


def _card(one: contacts.finding.Glimpse, number: str, language: str) -> Hit:
    shown = formats.phone(number, language)
    name = one.name or one.inn or shown
    notes = [one.position, one.organisation, one.city, shown if shown != name else ""]
    icon = "firm" if one.kind == "organisation" else "user"
    note = " · ".join(note for note in notes if note)
    return Hit(title=name, url=f"/contacts/{one.id}", note=note, number=number, icon=icon)


async def _clients(request: web.Request, typed: Typed) -> list[Hit]:
    return (await _cards(request, typed)).get("person", [])


async def _organisations(request: web.Request, typed: Typed) -> list[Hit]:
    return (await _cards(request, typed)).get("organisation", [])


async def _calls(request: web.Request, typed: Typed) -> list[Hit]:
    """Calls by a piece of the number; by name they are on the client's page."""
    if len(typed.digits) < CALLS_FROM:
        return []
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        wanted = calls.Filters(search=typed.text)
        page = await calls.calls(session, wanted, calls.scope_of(person), 1, SHOWN)
        views = await calls.views_of(session, page)
    language = render.language(request)
    icons = {"in": "in", "out": "out"}
    hits = []
    for one in views:
        shown = formats.phone(one.client_number, language)
        name = one.contact.name if one.contact and one.contact.name else shown
        at = formats.moment(one.started_at, language, person.timezone)
        icon = "missed" if one.result in ("missed", "abandoned") else icons.get(one.direction, "users")
        note = " · ".join(part for part in (at, shown if shown != name else "") if part)
        hits.append(Hit(title=name, url=f"/calls/{one.id}", note=note, number=one.client_number, icon=icon))
    return hits


async def _people(request: web.Request, typed: Typed) -> list[Hit]:
    """Employees by name, e-mail or short number."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        everybody = await accounts.people(session)
        phones = {one.membership_id: one.short_number for one in await agents.all_agents(session)}
    hits = []
    for one in everybody:
        short = phones.get(one.membership_id, "")
        box = one.email.partition("@")[0]
        if one.status == "active" and rules.fits(typed.text, one.name, one.email, box, short):
            note = " · ".join(part for part in (short, one.email) if part)
            hits.append(Hit(title=one.name, url="/agents", note=note, number=short, icon="users"))
    return hits


async def _pages(request: web.Request, typed: Typed) -> list[Hit]:
    """Pages by the words of either language."""
    texts = render.texts(request)
    known = {item.path: (item.title, item.icon) for item in render.nav(request)}
    known |= {"/profile": (N_("Profile and sessions"), "user"), "/profile/tokens": (N_("API tokens"), "lock")}
    known |= {"/api/docs": (N_("API description"), "file")}
    if current(request).agent_id is not None:
        known["/day"] = (N_("My day"), "chart")
    if current(request).can(PRIVACY):
        known["/privacy"] = (N_("Personal data"), "shield")
    hits = []
    for path, (title, icon) in known.items():
        words = [
            catalogues().language(one).gettext(text) for one in LANGUAGES for text in (title, rules.WORDS.get(path, ""))
        ]
        if rules.fits(typed.text, *words):
            hits.append(Hit(title=texts.gettext(title), url=path, icon=icon))
    return hits


add_source(Source("clients", N_("Clients"), CONTACTS_SEE, _clients))
add_source(Source("organisations", N_("Organisations"), CONTACTS_SEE, _organisations))
add_source(Source("calls", N_("Calls"), CALLS_OWN, _calls))
add_source(Source("people", N_("Employees"), AGENTS_SEE, _people))
add_source(Source("pages", N_("Sections and settings"), SIGNED_IN, _pages))
