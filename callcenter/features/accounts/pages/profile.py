"""The profile page: name, language, time zone, theme, password, sign-ins; and the same as an API."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, NotFound, ProductError
from callcenter.features.accounts import queries, rules
from callcenter.features.accounts.pages.common import drop_cookie, me
from callcenter.features.accounts.usecases import settings, sign_in
from callcenter.features.accounts.usecases.address import address
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.formats import language_name
from callcenter.plugin import services


class ProfilePatch(msgspec.Struct, kw_only=True):
    """What to change; absent = unchanged. ``theme``: auto, light or dark.

    ``start_always``: whether a sign-in always opens the work place, else the page that was left (TEL-66).
    """

    name: str | None = None
    language: str | None = None
    timezone: str | None = None
    theme: str | None = None
    start_always: bool | None = None


class PasswordChange(msgspec.Struct, kw_only=True):
    """The present password and the new one."""

    old: str
    new: str


class SignInView(msgspec.Struct, kw_only=True):
    """A sign-in of the person: a browser with a session. ``here`` marks the one that asks."""

    id: int
    here: bool
    ip: str
    user_agent: str
    browser: str
    created_at: datetime
    seen_at: datetime


async def get_me(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/me."""
    return render.api(request, await me(request))


async def patch_me(request: web.Request) -> web.StreamResponse:
    """PATCH /api/v1/me."""
    await _change(request, await render.body(request, ProfilePatch))
    return web.Response(status=204)


async def password(request: web.Request) -> web.StreamResponse:
    """POST /api/v1/me/password."""
    await _change_password(request, await render.body(request, PasswordChange))
    return web.Response(status=204)


async def list_sessions(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/sessions."""
    return render.api(request, await _sessions(request))


async def end_session(request: web.Request) -> web.StreamResponse:
    """DELETE /api/v1/sessions/{id}."""
    await _end(request)
    return web.Response(status=204)


async def end_all(request: web.Request) -> web.StreamResponse:
    """DELETE /api/v1/sessions: signs out everywhere, this browser too."""
    await sign_in.sign_out_everywhere(services(request), current(request).user_id)
    response = web.Response(status=204)
    drop_cookie(request, response)
    return response


async def show(request: web.Request) -> web.StreamResponse:
    """The page."""
    return await _page(request)


async def save(request: web.Request) -> web.StreamResponse:
    """Saves the form; a change of language or theme redraws the shell when no call is up."""
    form = await render.body(request, ProfilePatch)
    person = current(request)
    try:
        await _change(request, form)
    except BadInput as error:
        return await _page(request, typed=form, wrong=render.fields_said(request, error), status=422)
    redraw = form.language not in (None, person.language) or form.theme not in (None, person.theme)
    return _back("saved", {"HX-Trigger": "shell-changed", "X-Shell": "changed"} if redraw else {})


async def save_password(request: web.Request) -> web.StreamResponse:
    """Changes the password from the form."""
    form = await render.body(request, PasswordChange)
    try:
        await _change_password(request, form)
    except ProductError as error:
        wrong = render.fields_said(request, error) or {"old": render.said(request, error)}
        return await _page(request, wrong=wrong, status=422)
    return _back("password")


async def end_one(request: web.Request) -> web.StreamResponse:
    """Ends one sign-in from the page."""
    await _end(request)
    return _back("ended")


async def end_others(request: web.Request) -> web.StreamResponse:
    """Ends all sign-ins but this one."""
    person = current(request)
    await sign_in.sign_out_everywhere(services(request), person.user_id, but=person.session_id)
    return _back("ended")


async def leave_everywhere(request: web.Request) -> web.StreamResponse:
    """Ends all sign-ins, this one too."""
    await sign_in.sign_out_everywhere(services(request), current(request).user_id)
    response = web.Response(status=303, headers={"Location": "/sign-in", "Cache-Control": "no-store"})
    drop_cookie(request, response)
    return response


async def _change(request: web.Request, wish: ProfilePatch) -> None:
    await settings.change_profile(
        services(request),
        current(request),
        name=wish.name,
        language=wish.language,
        timezone=wish.timezone,
        theme=wish.theme,
        start_always=wish.start_always,
    )


async def _change_password(request: web.Request, wish: PasswordChange) -> None:
    await settings.change_password(services(request), current(request), old=wish.old, new=wish.new, ip=address(request))


async def _end(request: web.Request) -> None:
    session_id = int(request.match_info["id"])
    if not await sign_in.revoke(services(request), current(request).user_id, session_id):
        raise NotFound(settings.NOT_HERE)


async def _sessions(request: web.Request) -> list[SignInView]:
    owner, person = services(request), current(request)
    now = owner.clock.now()
    async with owner.db.system() as session:
        rows = await queries.sessions(session, person.user_id, now)
    return [
        SignInView(
            id=row.id,
            here=row.id == person.session_id,
            ip=row.ip,
            user_agent=row.user_agent,
            browser=rules.browser_name(row.user_agent),
            created_at=row.created_at,
            seen_at=row.seen_at,
        )
        for row in rows
        if now - row.seen_at < rules.IDLE
    ]


async def _page(
    request: web.Request,
    *,
    typed: ProfilePatch | None = None,
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    person = current(request)
    async with services(request).db.system() as session:
        start_always = await queries.starts_always(session, person.user_id)
    values: dict[str, str | bool] = {
        "start_always": start_always,
        "name": person.name,
        "language": person.language,
        "timezone": person.timezone,
        "theme": person.theme,
    }
    if typed is not None:
        values |= {key: value for key, value in msgspec.structs.asdict(typed).items() if value is not None}
    return render.page(
        request,
        "accounts/profile.html",
        status=status,
        values=values,
        wrong=wrong or {},
        done=request.query.get("done", ""),
        languages=[(code, language_name(code)) for code in rules.LANGUAGES],
        timezones=rules.timezones(),
        sessions=await _sessions(request),
    )


def _back(done: str, headers: dict[str, str] | None = None) -> web.Response:
    # 303, so that a reload does not send the form again; «done» says what was done.
    all_headers = {"Location": f"/profile?done={done}", "Cache-Control": "no-store"} | (headers or {})
    return web.Response(status=303, headers=all_headers)
