"""The page of the routing: what is live, what waits, what is wrong with it, versions, own dialplan."""

from __future__ import annotations

from aiohttp import web

from callcenter.core.errors import BadInput, ProductError
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.pages import rest, views
from callcenter.features.dialplan.rules import changes, own, textdiff
from callcenter.features.dialplan.usecases import applying, editing, staging, starting
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import ROUTING_OWN
from callcenter.plugin import services


async def page(request: web.Request) -> web.Response:
    """GET /routing."""
    return await _page(request)


async def _page(request: web.Request, *, typed: str | None = None, error: ProductError | None = None) -> web.Response:
    here, person = services(request), current(request)
    number = rest.page_number(request)
    step = starting.step(here, person.business_id)
    found = await staging.draft(here, person.business_id, files=True)
    view = await rest.view(request, found, step)
    refused = None if view.step else starting.running(here).refused.pop(person.business_id, None)
    said = ""
    if isinstance(refused, staging.Refused):
        said = views.refused(request, refused)
    elif refused is not None:
        said = render.said(request, refused)
    return render.page(
        request,
        "dialplan/routing.html",
        status=422 if error else 200,
        view=view,
        errors=[one for one in view.findings if one.severity == "error"],
        warnings=[one for one in view.findings if one.severity != "error"],
        lines=textdiff.difference(found.live_files, found.files),
        step_title=views.say(request, applying.STEPS[view.step], {}) if view.step else "",
        refused=said,
        versions=await rest.versions_page(request, number),
        page=number,
        per_page=rest.PER_PAGE,
        own_text=typed if typed is not None else str(found.document.get("own", "")),
        own_error=render.said(request, error) if error else "",
        own_prefix=own.prefix(person.business_id),
        applications=", ".join(sorted(own.APPLICATIONS)),
        may_own=person.can(ROUTING_OWN),
    )


async def look(request: web.Request) -> web.Response:
    """GET /routing/versions/{number}: what a version says, and what would change if it were brought back."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        version = await queries.version(session, rest.number_of(request))
        live = await queries.live_version(session)
    if version is None or live is None:
        raise rest.missing()
    names = changes.names(version.document, live.document) | await staging.people(here, person.business_id)
    before, after = await staging.files_of(here, person.business_id, dict(live.document), dict(version.document))
    return render.page(
        request,
        "dialplan/version.html",
        version=views.version_view(request, version, live.number, names, await views.prompt_titles(request)),
        changes=views.change_views(request, changes.between(live.document, version.document, names)),
        lines=textdiff.difference(before, after),
    )


async def apply(request: web.Request) -> web.Response:
    """POST /routing/apply."""
    body = await render.body(request, rest.ApplyBody)
    await starting.start(services(request), current(request), note=body.note)
    raise web.HTTPSeeOther("/routing")


async def discard(request: web.Request) -> web.Response:
    """POST /routing/discard."""
    await staging.throw_away(services(request), current(request))
    raise web.HTTPSeeOther("/routing")


async def bring_back(request: web.Request) -> web.Response:
    """POST /routing/versions/{number}/back. NotFound is said at once, all else on the page."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        if await queries.version(session, rest.number_of(request)) is None:
            raise rest.missing()
    await starting.start(here, person, number=rest.number_of(request))
    raise web.HTTPSeeOther("/routing")


async def save_own(request: web.Request) -> web.Response:
    """POST /routing/own."""
    form = await render.body(request, rest.OwnBody)
    try:
        await editing.set_own(services(request), current(request), form.text)
    except BadInput as error:
        return await _page(request, typed=form.text, error=error)
    raise web.HTTPSeeOther("/routing")


async def save_setting(request: web.Request) -> web.Response:
    """POST /routing/setting."""
    body = await render.body(request, rest.SettingBody)
    await editing.set_at_once(services(request), current(request), body.at_once)
    raise web.HTTPSeeOther("/routing")
