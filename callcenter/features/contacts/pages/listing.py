"""The lists of clients and organisations."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.features.contacts.queries import cells
from callcenter.features.contacts.rules import columns, filters
from callcenter.features.contacts.usecases import browsing, offering
from callcenter.features.contacts.usecases.browsing import MAX_PER_PAGE, PER_PAGE, Asked, Found, Known
from callcenter.features.views import api as views
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_SEE
from callcenter.http.routes import NavItem, Param, Route
from callcenter.plugin import services

# How many rows fit into the window; the page's script measures it (CON-08, «адаптивно»).
ROWS_COOKIE = "callcenter_rows"
KEPT = ("q", "state", "list", "where", "sex", "phone", "email", "tag", "type", "cols", "sort")


class Row(msgspec.Struct, kw_only=True):
    """A client in a list: what is always there, and the chosen columns as text."""

    id: int
    number: int | None
    name: str
    phones: list[str]
    cells: dict[str, str]


class ListPage(msgspec.Struct, kw_only=True):
    """A page of a list; ``exact`` False: the total changes just now."""

    rows: list[Row]
    total: int
    exact: bool
    page: int
    pages: int


class Total(msgspec.Struct, kw_only=True):
    """How many a filter finds; ``exact`` False: some change just now."""

    total: int
    exact: bool


async def persons_page(request: web.Request) -> web.Response:
    """GET /contacts."""
    return await _page(request, "persons")


async def organisations_page(request: web.Request) -> web.Response:
    """GET /organisations."""
    return await _page(request, "organisations")


async def persons_list(request: web.Request) -> web.Response:
    """GET /api/v1/contacts."""
    return await _api(request, "persons")


async def organisations_list(request: web.Request) -> web.Response:
    """GET /api/v1/organisations."""
    return await _api(request, "organisations")


async def persons_total(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/total."""
    return await _total(request, "persons")


async def organisations_total(request: web.Request) -> web.Response:
    """GET /api/v1/organisations/total."""
    return await _total(request, "organisations")


async def _total(request: web.Request, section: str) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        there = await browsing.known(session, section[:-1])
        wish = browsing.asked(request.query, section, there, person, per_page=PER_PAGE)._replace(page=1, per_page=1)
        found = await browsing.find(here, session, person, wish)
    return render.api(request, Total(total=found.total, exact=found.exact))


async def _api(request: web.Request, section: str) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        there = await browsing.known(session, section[:-1])
        wish = browsing.asked(request.query, section, there, person, per_page=MAX_PER_PAGE)
        found = await browsing.find(here, session, person, wish)
        shown = {one.key for one in wish.columns}
        loaded = await cells.load(session, found.rows, shown)
    rows = [
        Row(
            id=one.id,
            number=one.number,
            name=one.name or one.inn,
            phones=loaded.phones.get(one.id, []),
            cells={key: _plain(one, key, loaded) for key in shown},
        )
        for one in found.rows
    ]
    return render.api(
        request, ListPage(rows=rows, total=found.total, exact=found.exact, page=found.page, pages=found.pages)
    )


def _plain(row: Any, key: str, loaded: cells.Cells) -> str:
    phones = loaded.phones.get(row.id, [])
    if key in ("phone", "phone2", "phone3"):
        place = int(key[5:] or 1) - 1
        return phones[place] if place < len(phones) else ""
    if key == "tags":
        return "; ".join(loaded.tags.get(row.id, ()))
    if key in ("created", "changed", "last_call"):
        at = {"created": row.created_at, "changed": row.changed_at, "last_call": row.last_call_at}[key]
        return at.isoformat().replace("+00:00", "Z") if at else ""
    return cells.text(row, key, loaded)


async def _page(request: web.Request, section: str) -> web.Response:
    here, person = services(request), current(request)
    name = "contacts" if section == "persons" else "organisations"
    problem, gettext = "", render.texts(request).gettext
    async with here.db.business(person.business_id) as session:
        there = await browsing.known(session, section[:-1])
        query = {key: value for key, value in request.query.items() if value}
        if not request.query_string:
            query = {key: str(value) for key, value in (await views.last(session, person, name)).items()}
        wish, found, problem = await _found(request, session, query, section, there)
        if not problem and request.query_string:
            kept = {key: query[key] for key in KEPT if key in query}
            await views.remember(session, person, name, kept, here.clock.now())
        shown = {one.key for one in wish.columns}
        loaded = await cells.load(session, found.rows, shown)
        options = await offering.options(session, person)
        saved = await views.views(session, person, name)
        said = offering.said(wish.state.where, there.fields, options, gettext)
    return render.page(
        request,
        "contacts/list.html",
        section=section,
        base="/" + name,
        problem=problem,
        wish=wish,
        found=found,
        loaded=loaded,
        query=dict.fromkeys(KEPT, "") | query,
        columns=[(one, there.columns[one.key]) for one in wish.columns],
        all_columns=list(there.columns.values()),
        cell=cells.text,
        options=options,
        said=said,
        views=saved,
        me=person.membership_id,
        current_view=next((one.id for one in saved if _same(one.state, query)), None),
        fields=offering.fields(there.fields, options, gettext),
        operators={key: gettext(text) for key, text in filters.OPERATORS.items()},
        by_type=filters.BY_TYPE,
        selection=msgspec.json.encode(wish.state).decode(),
        adaptive="per_page" not in query,
        most=MAX_PER_PAGE,
        deepest=browsing.DEEPEST,
        address=lambda **changes: _address("/" + name, query, **changes),
        sort_text=columns.sort_text,
        columns_text=columns.text_of(wish.columns),
    )


async def _found(
    request: web.Request, session: AsyncSession, query: dict[str, str], section: str, there: Known
) -> tuple[Asked, Found, str]:
    """The page; with a filter that cannot be used the filter's problem in words, and nothing found."""
    here, person = services(request), current(request)
    rows = request.cookies.get(ROWS_COOKIE, "")
    per_page = int(rows) if rows.isascii() and rows.isdecimal() and len(rows) < 4 else PER_PAGE
    try:
        wish = browsing.asked(query, section, there, person, per_page=per_page)
        return wish, await browsing.glance(here, session, person, wish), ""
    except BadInput as error:
        plain = {key: value for key, value in query.items() if key not in ("where", "tag", "type")}
        wish = browsing.asked(plain, section, there, person, per_page=per_page)
        return wish, Found([], 0, True, 1, 1), render.said(request, error)


def _same(state: dict[str, Any], query: dict[str, str]) -> bool:
    return {k: str(v) for k, v in state.items()} == {key: query[key] for key in KEPT if key in query}


def _address(base: str, query: dict[str, str], **changes: Any) -> str:
    wanted = {key: value for key, value in query.items() if key != "page"}
    for key, value in changes.items():
        if value in (None, ""):
            wanted.pop(key, None)
        else:
            wanted[key] = str(value)
    return f"{base}?{urlencode(wanted)}" if wanted else f"{base}?all=1"


NAV = (NavItem("/contacts", "Clients", "user", CONTACTS_SEE, 30),)
_PARAMS = (
    Param("q", "a piece of a name, number or e-mail"),
    Param("where", "a tree of conditions as JSON: {join, items} and {field, op, value}"),
    Param("state", "client (default) or archive"),
    Param("list", "id of a list", {"type": "integer"}),
    Param("sex", "m or f"),
    Param("phone", "yes or no: has a number"),
    Param("email", "yes or no: has an e-mail"),
    Param("tag", "id of a tag", {"type": "integer"}),
    Param("type", "id of a client type", {"type": "integer"}),
    Param("cols", f"columns, at most {columns.MAX_COLUMNS}: name,phone,f12"),
    Param("sort", "a column, with - in front downwards"),
    Param("page", "from 1", {"type": "integer", "minimum": 1}),
    Param("per_page", f"at most {MAX_PER_PAGE}", {"type": "integer", "maximum": MAX_PER_PAGE}),
)
ROUTES = (
    Route("GET", "/contacts", persons_page, CONTACTS_SEE),
    Route("GET", "/organisations", organisations_page, CONTACTS_SEE),
    Route(
        "GET",
        "/api/v1/contacts",
        persons_list,
        CONTACTS_SEE,
        summary="A page of clients, filtered and sorted",
        returns=ListPage,
        params=_PARAMS,
    ),
    Route(
        "GET",
        "/api/v1/contacts/total",
        persons_total,
        CONTACTS_SEE,
        summary="How many clients a filter finds",
        returns=Total,
        params=_PARAMS[:9],
    ),
    Route(
        "GET",
        "/api/v1/organisations/total",
        organisations_total,
        CONTACTS_SEE,
        summary="How many organisations a filter finds",
        returns=Total,
        params=_PARAMS[:9],
    ),
    Route(
        "GET",
        "/api/v1/organisations",
        organisations_list,
        CONTACTS_SEE,
        summary="A page of organisations, filtered and sorted",
        returns=ListPage,
        params=_PARAMS,
    ),
)
