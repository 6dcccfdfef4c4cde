"""The board's settings: limits of figures and screens on the wall; and what those screens show, without sign-in."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.calls import api as calls
from callcenter.features.supervision import api as supervision
from callcenter.features.wallboard.rules import limits as rules
from callcenter.features.wallboard.usecases import limits, screens
from callcenter.features.wallboard.usecases.limits import Limit, LimitForm
from callcenter.features.wallboard.usecases.screens import Link
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.site import LANGUAGE
from callcenter.plugin import services

# A screen runs our own script and asks only us.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


class LimitList(msgspec.Struct, kw_only=True):
    """The company's limits."""

    limits: list[Limit]


class LinkList(msgspec.Struct, kw_only=True):
    """The company's screens."""

    screens: list[Link]


class ScreenForm(msgspec.Struct, kw_only=True):
    """A screen: ``numbers`` = callers' numbers and names may be shown there."""

    title: str
    numbers: bool = False


class TypedLimit(msgspec.Struct, kw_only=True):
    """A limit as it is typed: shares in per cent, times in seconds."""

    figure: str = ""
    queue_id: str = ""
    warn: str = ""
    alarm: str = ""
    calm: str = ""
    sound: str = ""
    webhook: str = ""


class TypedScreen(msgspec.Struct, kw_only=True):
    """A screen as it is typed."""

    title: str = ""
    numbers: str = ""


class TypedTold(msgspec.Struct, kw_only=True):
    """Whether agents are told who listens."""

    tell_agents: str = ""


class TypedPause(msgspec.Struct, kw_only=True):
    """After how many seconds the pause of a recording ends by itself."""

    seconds: str = ""


# --- the API ------------------------------------------------------------------------------------------------------


async def limit_list(request: web.Request) -> web.Response:
    """GET /api/v1/wallboard/limits."""
    async with services(request).db.business(current(request).business_id) as session:
        return render.api(request, LimitList(limits=await limits.all_limits(session)))


async def limit_add(request: web.Request) -> web.Response:
    """POST /api/v1/wallboard/limits."""
    form = await render.body(request, LimitForm)
    return render.api(request, await limits.add(services(request), current(request), form), status=201)


async def limit_remove(request: web.Request) -> web.Response:
    """DELETE /api/v1/wallboard/limits/{id}."""
    await limits.remove(services(request), current(request), int(request.match_info["id"]))
    return web.Response(status=204)


async def screen_list(request: web.Request) -> web.Response:
    """GET /api/v1/wallboard/screens."""
    found = await screens.links(services(request), current(request).business_id)
    return render.api(request, LinkList(screens=found))


async def screen_make(request: web.Request) -> web.Response:
    """POST /api/v1/wallboard/screens."""
    form = await render.body(request, ScreenForm)
    made = await screens.make(services(request), current(request), form.title, form.numbers)
    return render.api(request, made, status=201)


async def screen_revoke(request: web.Request) -> web.Response:
    """DELETE /api/v1/wallboard/screens/{id}."""
    await screens.revoke(services(request), current(request), int(request.match_info["id"]))
    return web.Response(status=204)


# --- the page -----------------------------------------------------------------------------------------------------


async def page(request: web.Request) -> web.Response:
    """GET /wallboard/settings."""
    return await _page(request)


async def add_limit(request: web.Request) -> web.Response:
    """POST /wallboard/settings/limits."""
    typed = await render.body(request, TypedLimit)
    try:
        await limits.add(services(request), current(request), _limit(typed))
    except BadInput as error:
        return await _page(request, error, limit=typed)
    raise web.HTTPSeeOther("/wallboard/settings")


async def remove_limit(request: web.Request) -> web.Response:
    """POST /wallboard/settings/limits/{id}/delete."""
    await limits.remove(services(request), current(request), int(request.match_info["id"]))
    raise web.HTTPSeeOther("/wallboard/settings")


async def add_screen(request: web.Request) -> web.Response:
    """POST /wallboard/settings/screens: the address is on the answer, and never again."""
    typed = await render.body(request, TypedScreen)
    try:
        made = await screens.make(services(request), current(request), typed.title, bool(typed.numbers))
    except BadInput as error:
        return await _page(request, error, screen=typed)
    return await _page(request, made=made)


async def remove_screen(request: web.Request) -> web.Response:
    """POST /wallboard/settings/screens/{id}/delete."""
    await screens.revoke(services(request), current(request), int(request.match_info["id"]))
    raise web.HTTPSeeOther("/wallboard/settings")


async def save_told(request: web.Request) -> web.Response:
    """POST /wallboard/settings/told."""
    typed = await render.body(request, TypedTold)
    await supervision.set_told(services(request), request, bool(typed.tell_agents))
    raise web.HTTPSeeOther("/wallboard/settings")


async def save_pause(request: web.Request) -> web.Response:
    """POST /wallboard/settings/pause."""
    typed = (await render.body(request, TypedPause)).seconds.strip()
    try:
        whole = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0
        await calls.set_pause_limit(services(request), request, whole)
    except BadInput as error:
        return await _page(request, error, pause=typed)
    raise web.HTTPSeeOther("/wallboard/settings")


async def _page(
    request: web.Request,
    error: BadInput | None = None,
    *,
    limit: TypedLimit | None = None,
    screen: TypedScreen | None = None,
    made: Link | None = None,
    pause: str | None = None,
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        found = await limits.all_limits(session)
        told = await supervision.told_to_agents(session, person.business_id)
        longest = await calls.pause_limit(session, person.business_id)
    directory = here.telephony.directory
    return render.page(
        request,
        "wallboard/settings.html",
        status=422 if error else 200,
        limits=found,
        figures=rules.FIGURES,
        say_value=rules.said,
        queues=sorted(
            (q for q in directory.queues.values() if q.business_id == person.business_id), key=lambda q: q.name
        ),
        screens=await screens.links(here, person.business_id),
        made=made,
        address=f"{request.url.origin()}/screen/{made.token}" if made else "",
        told=told,
        pause=pause if pause is not None else str(longest),
        limit=limit or TypedLimit(sound="1"),
        screen=screen or TypedScreen(),
        errors=render.fields_said(request, error) if error else {},
        problem=render.said(request, error) if error else "",
    )


def _limit(typed: TypedLimit) -> LimitForm:
    wrong: dict[str, str] = {}
    share = typed.figure in rules.FIGURES and rules.FIGURES[typed.figure].unit == "share"

    def number(name: str, needed: bool = False) -> float | None:
        text = getattr(typed, name).strip().replace(",", ".").removesuffix("%").strip()
        if not text and not needed:
            return None
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e6:
            wrong[name] = N_("Give a number.")
            return None
        return value / 100 if share else value

    warn, alarm, calm = number("warn"), number("alarm", True), number("calm")
    queue = typed.queue_id.strip()
    if queue and not (queue.isascii() and queue.isdigit() and len(queue) < 10):
        wrong["queue_id"] = N_("There is no such queue.")
    if wrong:
        raise BadInput(N_("Some fields cannot be used."), fields=wrong)
    return LimitForm(
        figure=typed.figure,
        queue_id=int(queue) if queue else None,
        warn=warn,
        alarm=alarm or 0.0,
        calm=calm or 0.0,
        sound=bool(typed.sound),
        webhook=typed.webhook,
    )


# --- the screens --------------------------------------------------------------------------------------------------


async def screen_page(request: web.Request) -> web.Response:
    """GET /screen/{token}: a board for the wall, without sign-in."""
    here = services(request)
    found = await screens.screen(here, request.match_info["token"])
    request[LANGUAGE] = found.language
    async with here.db.business(found.business_id) as session:
        wanted = await limits.all_limits(session)
    return render.page(
        request,
        "wallboard/screen.html",
        headers={"Content-Security-Policy": POLICY, **PRIVATE},
        screen=found,
        first=msgspec.to_builtins(screens.state(here, found)),
        limits=[
            {"figure": one.figure, "queue": one.queue_id, "warn": one.warn, "alarm": one.alarm,
             "worse": rules.FIGURES[one.figure].worse}
            for one in wanted
        ],
    )  # fmt: skip


async def screen_state(request: web.Request) -> web.Response:
    """GET /screen/{token}/state: what it shows now."""
    here = services(request)
    found = await screens.screen(here, request.match_info["token"])
    request[LANGUAGE] = found.language
    return web.Response(
        body=msgspec.json.encode(screens.state(here, found)), content_type="application/json", headers=PRIVATE
    )
