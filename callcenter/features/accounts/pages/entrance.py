"""The sign-in page, sign-out, and the session as an API (the dialog in the shell uses it)."""

from __future__ import annotations

from urllib.parse import unquote

import msgspec
from aiohttp import web
from yarl import URL

from callcenter.core.errors import BadInput, ProductError
from callcenter.core.i18n import N_
from callcenter.features.accounts import queries, rules
from callcenter.features.accounts.pages.common import drop_cookie, me, set_cookie
from callcenter.features.accounts.usecases import settings, sign_in, who
from callcenter.features.accounts.usecases.address import address
from callcenter.http import render
from callcenter.http.current import CURRENT, current
from callcenter.http.formats import language_name
from callcenter.http.render import LANGUAGE_COOKIE
from callcenter.plugin import services

# Set by the page (js/nav.js): the path that this browser showed last.
LEFT_COOKIE = "callcenter_left"
MAX_LEFT = 500


class Credentials(msgspec.Struct, kw_only=True):
    """What a person signs in with."""

    email: str
    password: str
    next: str = "/"


class Choice(msgspec.Struct, kw_only=True):
    """The business to work in."""

    business_id: int


async def show(request: web.Request) -> web.StreamResponse:
    """The sign-in page; who is signed in already goes on."""
    target = rules.safe_next(request.query.get("next"))
    if request.get(CURRENT):
        raise web.HTTPSeeOther(target)
    return _form(request, target)


async def submit(request: web.Request) -> web.StreamResponse:
    """Signs in from the page; an error keeps the e-mail that was typed."""
    form = await render.body(request, Credentials)
    target = rules.safe_next(form.next)
    try:
        done = await _sign_in(request, form)
    except ProductError as error:
        status = 422 if error.status == 401 else error.status
        return _form(request, target, email=form.email, error=render.said(request, error), status=status)
    if target == "/":
        target = await _start(request, done.user_id)
    response = web.Response(status=303, headers={"Location": target, "Cache-Control": "no-store"})
    set_cookie(request, response, done.cookie)
    return response


async def _start(request: web.Request, user_id: int) -> str:
    """Where a sign-in leads that asked for no page: the work place, or the page that was left (TEL-66)."""
    async with services(request).db.system() as session:
        always = await queries.starts_always(session, user_id)
    left = request.cookies.get(LEFT_COOKIE, "")
    return "/" if always else rules.safe_next(unquote(left)[:MAX_LEFT])


async def create(request: web.Request) -> web.StreamResponse:
    """POST /api/v1/session: signs in, answers who that is with the new CSRF token."""
    form = await render.body(request, Credentials)
    done = await _sign_in(request, form)
    owner = services(request)
    person = await who.by_cookie(owner, done.cookie, who.agent_lookup(owner))
    assert person is not None
    response = render.api(request, await me(request, person), 201)
    set_cookie(request, response, done.cookie)
    return response


async def delete(request: web.Request) -> web.StreamResponse:
    """DELETE /api/v1/session: signs out."""
    person = current(request)
    if person.session_id is not None:
        await sign_in.sign_out(services(request), person.session_id)
    response = web.Response(status=204)
    drop_cookie(request, response)
    return response


async def leave(request: web.Request) -> web.StreamResponse:
    """The sign-out button."""
    person = current(request)
    if person.session_id is not None:
        await sign_in.sign_out(services(request), person.session_id)
    response = web.Response(status=303, headers={"Location": "/sign-in", "Cache-Control": "no-store"})
    drop_cookie(request, response)
    return response


async def choose_business(request: web.Request) -> web.StreamResponse:
    """PUT /api/v1/session/business: works in another of the person's businesses from now on."""
    choice = await render.body(request, Choice)
    person = current(request)
    if person.session_id is None:
        raise BadInput(N_("A token belongs to one business. Use a token of the other one."))
    await settings.choose_business(services(request), person.user_id, person.session_id, choice.business_id)
    return web.Response(status=204)


async def switch_business(request: web.Request) -> web.StreamResponse:
    """The same from the menu; the shell is loaded anew, because everything in it changes."""
    await choose_business(request)
    return web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})


async def language(request: web.Request) -> web.StreamResponse:
    """Chooses the language before sign-in; kept in a cookie."""
    wished = request.query.get("to", "")
    back = rules.safe_next(request.query.get("next"))
    target = URL("/sign-in").with_query({"next": back} if back != "/" else {})
    response = web.Response(status=303, headers={"Location": str(target), "Cache-Control": "no-store"})
    if wished in rules.LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, wished, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response


async def _sign_in(request: web.Request, form: Credentials) -> sign_in.SignedIn:
    return await sign_in.sign_in(
        services(request),
        email=form.email,
        password=form.password,
        ip=address(request),
        user_agent=request.headers.get("User-Agent", ""),
    )


def _form(request: web.Request, target: str, *, email: str = "", error: str = "", status: int = 200) -> web.Response:
    languages = [(code, language_name(code)) for code in rules.LANGUAGES if code != render.language(request)]
    return render.page(
        request,
        "accounts/sign_in.html",
        status=status,
        next=target,
        email=email,
        error=error,
        other_languages=languages,
    )
