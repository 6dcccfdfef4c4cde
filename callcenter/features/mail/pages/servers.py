"""Mail servers in the settings: a list with test letters, the form of one, and their API. Passwords are never shown."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web
from msgspec import UNSET

from callcenter.core.errors import BadInput, ProductError
from callcenter.features.mail import queries
from callcenter.features.mail.models import MailServer
from callcenter.features.mail.rules import failing
from callcenter.features.mail.rules import servers as rules
from callcenter.features.mail.rules.servers import ServerForm
from callcenter.features.mail.usecases import servers
from callcenter.features.mail.usecases.servers import TestForm, TestResult
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import SETTINGS_EDIT
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
API = "/api/v1/mail-servers"


class ServerView(msgspec.Struct, kw_only=True):
    """A mail server; its password stays on the server."""

    id: int
    name: str
    host: str
    port: int
    security: str
    username: str
    has_password: bool
    from_address: str
    from_name: str
    in_scripts: bool
    main: bool


class ServerList(msgspec.Struct, kw_only=True):
    """The company's mail servers, the main one first."""

    servers: list[ServerView]


class TestView(msgspec.Struct, kw_only=True):
    """What came of a test letter; ``problem`` says in words why it did not go ('' = it did)."""

    ok: bool
    to: str
    problem: str


def view(row: MailServer) -> ServerView:
    """A mail server as the API shows it."""
    return ServerView(
        id=row.id, name=row.name, host=row.host, port=row.port, security=row.security, username=row.username,
        has_password=bool(row.password), from_address=row.from_address, from_name=row.from_name,
        in_scripts=row.in_scripts, main=row.main,
    )  # fmt: skip


async def list_api(request: web.Request) -> web.Response:
    """GET /api/v1/mail-servers."""
    return render.api(request, ServerList(servers=await _all(request)))


async def create_api(request: web.Request) -> web.Response:
    """POST /api/v1/mail-servers."""
    made = await servers.create(services(request), current(request), await render.body(request, ServerForm))
    return render.api(request, await _one(request, made), status=201)


async def one_api(request: web.Request) -> web.Response:
    """GET /api/v1/mail-servers/{id}."""
    return render.api(request, await _one(request, _id(request)))


async def change_api(request: web.Request) -> web.Response:
    """PUT /api/v1/mail-servers/{id}."""
    form = await render.body(request, ServerForm)
    await servers.change(services(request), current(request), _id(request), form)
    return render.api(request, await _one(request, _id(request)))


async def delete_api(request: web.Request) -> web.Response:
    """DELETE /api/v1/mail-servers/{id}."""
    await servers.remove(services(request), current(request), _id(request))
    return web.Response(status=204)


async def test_api(request: web.Request) -> web.Response:
    """POST /api/v1/mail-servers/{id}/test."""
    form = await render.body(request, TestForm)
    found = await servers.test(services(request), current(request), _id(request), form)
    return render.api(request, TestView(ok=found.failure is None, to=found.to, problem=_problem(request, found)))


async def page(request: web.Request) -> web.Response:
    """GET /mail."""
    return await _list(request)


async def new_page(request: web.Request) -> web.Response:
    """GET /mail/new."""
    return await _form(request, ServerForm(name="", host="", from_address=""))


async def edit_page(request: web.Request) -> web.Response:
    """GET /mail/{id}."""
    found = await _one(request, _id(request))
    values = {name: getattr(found, name) for name in ServerForm.__struct_fields__ if name != "password"}
    return await _form(request, ServerForm(**values), found)


async def create_form(request: web.Request) -> web.Response:
    """POST /mail."""
    return await _save(request, None)


async def change_form(request: web.Request) -> web.Response:
    """POST /mail/{id}."""
    return await _save(request, await _one(request, _id(request)))


async def delete_form(request: web.Request) -> web.Response:
    """POST /mail/{id}/delete: the page has asked."""
    try:
        await servers.remove(services(request), current(request), _id(request))
    except ProductError as error:
        return await _list(request, error)
    raise web.HTTPSeeOther("/mail")


async def test_form(request: web.Request) -> web.Response:
    """POST /mail/{id}/test."""
    form = await render.body(request, TestForm)
    try:
        found = await servers.test(services(request), current(request), _id(request), form)
    except ProductError as error:
        return await _list(request, error)
    return await _list(request, tried=(_id(request), found))


async def _save(request: web.Request, there: ServerView | None) -> web.Response:
    form = await _typed(request)
    here, person = services(request), current(request)
    try:
        if there is None:
            await servers.create(here, person, form)
        else:
            await servers.change(here, person, there.id, form)
    except ProductError as error:
        return await _form(request, form, there, error)
    raise web.HTTPSeeOther("/mail")


async def _typed(request: web.Request) -> ServerForm:
    sent = await request.post()

    def text(name: str) -> str:
        value = sent.get(name, "")
        return value.replace("\x00", "") if isinstance(value, str) else ""

    port, security = text("port").strip(), text("security")
    return ServerForm(
        name=text("name"),
        host=text("host"),
        port=int(port) if port.isascii() and port.isdecimal() and len(port) < 7 else 0,
        security=security if security in rules.SECURITY else "tls",
        username=text("username"),
        # An empty field leaves the password as it is.
        password=text("password") or UNSET,
        from_address=text("from_address"),
        from_name=text("from_name"),
        in_scripts=bool(text("in_scripts")),
        main=bool(text("main")),
    )


async def _form(
    request: web.Request, form: ServerForm, there: ServerView | None = None, error: ProductError | None = None
) -> web.Response:
    return render.page(
        request,
        "mail/server.html",
        status=error.status if error else 200,
        form=form,
        there=there,
        security=rules.SECURITY,
        problem=render.said(request, error) if error else "",
        errors=render.fields_said(request, error) if isinstance(error, BadInput) else {},
    )


async def _list(
    request: web.Request, error: ProductError | None = None, tried: tuple[int, TestResult] | None = None
) -> web.Response:
    failed = tried is not None and tried[1].failure is not None
    return render.page(
        request,
        "mail/servers.html",
        status=422 if error or failed else 200,
        servers=await _all(request),
        security=rules.SECURITY,
        tried=tried[0] if tried else None,
        sent_to=tried[1].to if tried and not failed else "",
        problem=render.said(request, error) if error else _problem(request, tried[1]) if tried else "",
    )


def _problem(request: web.Request, found: TestResult) -> str:
    if found.failure is None:
        return ""
    return render.texts(request).fill(failing.WORDS[found.failure.kind], found.failure.values)


async def _all(request: web.Request) -> list[ServerView]:
    async with services(request).db.business(current(request).business_id) as session:
        return [view(row) for row in await queries.servers(session)]


async def _one(request: web.Request, server_id: int) -> ServerView:
    async with services(request).db.business(current(request).business_id) as session:
        return view(await servers.need(session, server_id))


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


NAV: tuple[NavItem, ...] = (NavItem("/mail", "Mail", "mail", SETTINGS_EDIT, 88, below=True, group="service"),)


def _route(method: str, path: str, handler: Any, **more: Any) -> Route:
    return Route(method, path, handler, SETTINGS_EDIT, **more)


ROUTES: tuple[Route, ...] = (
    _route("GET", API, list_api, summary="Mail servers, the main one first", returns=ServerList),
    _route(
        "POST", API, create_api, summary="Add a mail server", body=ServerForm, returns=ServerView, status=201
    ),
    _route("GET", f"{API}/{ID}", one_api, summary="A mail server, without its password", returns=ServerView),
    _route(
        "PUT",
        f"{API}/{ID}",
        change_api,
        summary="Change a mail server; a password that is left out stays",
        body=ServerForm,
        returns=ServerView,
    ),
    _route("DELETE", f"{API}/{ID}", delete_api, summary="Delete a mail server", status=204),
    _route(
        "POST",
        f"{API}/{ID}/test",
        test_api,
        summary="Send a test letter and wait for the mail server's answer",
        body=TestForm,
        returns=TestView,
    ),
    _route("GET", "/mail", page),
    _route("GET", "/mail/new", new_page),
    _route("POST", "/mail", create_form),
    _route("GET", f"/mail/{ID}", edit_page),
    _route("POST", f"/mail/{ID}", change_form),
    _route("POST", f"/mail/{ID}/delete", delete_form),
    _route("POST", f"/mail/{ID}/test", test_form),
)  # fmt: skip
