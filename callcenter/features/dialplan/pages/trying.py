"""Simulated callers over HTTP: «a call to this number on Saturday 20:00 pressing 2», in words and as a path."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, ProductError
from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.accounts import api as accounts
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.pages import views
from callcenter.features.dialplan.rules import changes
from callcenter.features.dialplan.usecases import staging, trying
from callcenter.features.numbers import api as numbers
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services
from callcenter.telephony.config import trial

WRONG_TIME = N_("Enter a day and a time, such as 2026-03-07T20:00.")


class TryBody(msgspec.Struct, kw_only=True):
    """A call that is only thought: ``at`` is YYYY-MM-DDTHH:MM on the company's clock ('' = now).

    ``keys`` are pressed one in each menu, a dash presses nothing. ``live`` asks for what callers hear now, else it is
    the draft. ``caller`` is the caller's number ('' = hidden).
    """

    number_id: int
    at: str = ""
    keys: str = ""
    caller: str = ""
    live: bool = False


class StepView(msgspec.Struct, kw_only=True):
    """A step: ``kind`` and ``text`` for programs, ``said`` in words."""

    kind: str
    text: str
    said: str


class WayView(msgspec.Struct, kw_only=True):
    """What a caller would meet."""

    steps: list[StepView]


class PathView(msgspec.Struct, kw_only=True):
    """A way that shall stay as it is; every apply looks whether it still does."""

    id: int
    number_id: int
    at: str
    keys: str
    steps: list[StepView]


class PathList(msgspec.Struct, kw_only=True):
    """Ways that shall stay as they are."""

    paths: list[PathView]


async def call(request: web.Request) -> web.Response:
    """POST /api/v1/routing/try."""
    return render.api(request, WayView(steps=await _way(request, await render.body(request, TryBody))))


async def paths(request: web.Request) -> web.Response:
    """GET /api/v1/routing/paths."""
    return render.api(request, PathList(paths=await _paths(request)))


async def keep(request: web.Request) -> web.Response:
    """POST /api/v1/routing/paths."""
    body = await render.body(request, TryBody)
    moment = await _moment(request, body.at)
    here, person = services(request), current(request)
    await trying.keep(here, person, number_id=body.number_id, at=moment, keys=body.keys)
    return render.api(request, PathList(paths=await _paths(request)), status=201)


async def drop(request: web.Request) -> web.Response:
    """DELETE /api/v1/routing/paths/{id}."""
    await trying.drop(services(request), current(request), int(request.match_info["id"]))
    return render.api(request, PathList(paths=await _paths(request)))


async def page(request: web.Request) -> web.Response:
    """GET /routing/try: the form, and with ``number_id`` its answer."""
    query = request.query
    if not query.get("number_id"):
        return await _page(request, TryBody(number_id=0), None, None)
    body = render.convert(dict(query), TryBody, strict=False)
    try:
        return await _page(request, body, await _way(request, body), None)
    except ProductError as error:
        return await _page(request, body, None, error)


async def keep_form(request: web.Request) -> web.Response:
    """POST /routing/paths: the way that is shown shall stay."""
    await keep(request)
    raise web.HTTPSeeOther("/routing/try")


async def drop_form(request: web.Request) -> web.Response:
    """POST /routing/paths/{id}/drop."""
    await drop(request)
    raise web.HTTPSeeOther("/routing/try")


async def _page(
    request: web.Request, body: TryBody, steps: list[StepView] | None, error: ProductError | None
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        lines = [(one.id, f"{shown(one.e164)} {one.title}".strip()) for one in await numbers.all_numbers(session)]
    zone = await _zone(request)
    return render.page(
        request,
        "dialplan/try.html",
        status=422 if error else 200,
        form=body,
        at=body.at or here.clock.now().astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        zone=zone.key,
        numbers=lines,
        steps=steps,
        said=render.said(request, error) if error else "",
        errors=render.fields_said(request, error) if error else {},
        paths=await _paths(request),
        titles=dict(lines),
    )


async def _way(request: web.Request, body: TryBody) -> list[StepView]:
    here, person = services(request), current(request)
    steps = await trying.call(
        here,
        person.business_id,
        number_id=body.number_id,
        at=await _moment(request, body.at),
        keys=body.keys,
        caller=body.caller,
        live=body.live,
    )
    return _said(request, steps, await _names(request), await views.prompt_titles(request))


async def _names(request: web.Request) -> dict[tuple[str, int], str]:
    here, business_id = services(request), current(request).business_id
    found = await staging.document_of(here, business_id)
    return changes.names(found) | await staging.people(here, business_id)


def _said(
    request: web.Request, steps: Any, names: dict[tuple[str, int], str], prompts: dict[str, str]
) -> list[StepView]:
    return [
        StepView(
            kind=kind,
            text=text,
            said=views.say(
                request,
                trial.WAY_WORDS.get(f"{kind} {text}", trial.WAY_WORDS.get(kind, kind)),
                {
                    "text": prompts.get(text, text) if kind == "prompt" else text,
                    "name": trying.name_of((kind, text), names),
                },
            ),
        )
        for kind, text in steps
    ]


async def _paths(request: web.Request) -> list[PathView]:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        found = await queries.paths(session, person.business_id)
    names, prompts, zone = await _names(request), await views.prompt_titles(request), await _zone(request)
    return [
        PathView(
            id=one.id,
            number_id=one.number_id,
            at=one.at.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
            keys=one.keys,
            steps=_said(request, one.steps, names, prompts),
        )
        for one in found
    ]


async def _zone(request: web.Request) -> ZoneInfo:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        company = await accounts.business(session, person.business_id)
    return ZoneInfo(company.timezone if company else "UTC")


async def _moment(request: web.Request, text: str) -> datetime:
    if not text:
        return services(request).clock.now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(WRONG_TIME, fields={"at": WRONG_TIME}) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=await _zone(request))
    if not 1971 < found.year < 2100:
        raise BadInput(WRONG_TIME, fields={"at": WRONG_TIME})
    return found.astimezone(UTC)
