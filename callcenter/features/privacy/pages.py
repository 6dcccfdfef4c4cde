"""Privacy over HTTP: a client's page with consent, file and erasure; what was done; the API."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts import api as contacts
from callcenter.features.privacy.usecases import running
from callcenter.features.privacy.usecases.running import Erasure, PrivacyJob
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services

COUNTS: dict[str, str] = {
    "cards": N_("cards"),
    "documents": N_("documents"),
    "history": N_("history entries"),
    "calls": N_("calls made anonymous"),
    "recordings": N_("recordings"),
    "questionnaires": N_("questionnaires"),
    "traces": N_("traces in other places"),
    "files": N_("files"),
}


class PrivacyJobs(msgspec.Struct, kw_only=True):
    """Files and erasures, the newest first."""

    jobs: list[PrivacyJob]


async def job_list(request: web.Request) -> web.Response:
    """GET /api/v1/privacy."""
    return render.api(request, PrivacyJobs(jobs=await running.listing(services(request), current(request))))


async def job_one(request: web.Request) -> web.Response:
    """GET /api/v1/privacy/{id}."""
    return render.api(request, await running.one(services(request), current(request), _id(request)))


async def export(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/{id}/personal-data."""
    made = await running.start_export(request, _id(request))
    return render.api(request, await running.one(services(request), current(request), made), status=202)


async def erase(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/{id}/erasure."""
    made = await running.start_erasure(request, _id(request), await render.body(request, Erasure))
    return render.api(request, await running.one(services(request), current(request), made), status=202)


async def file(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/privacy/{id}/file."""
    path = await running.fetch(request, _id(request))
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="personal-data-{_id(request)}.zip"',
        "Cache-Control": "no-store",
    }
    return web.FileResponse(path, headers=headers)


async def page(request: web.Request) -> web.Response:
    """GET /contacts/{id}/privacy."""
    return await _page(request)


async def export_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/privacy/export."""
    await running.start_export(request, _id(request))
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}/privacy")


async def erase_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/privacy/erase: the second question is on the page."""
    form = await render.body(request, Erasure)
    try:
        await running.start_erasure(request, _id(request), form)
    except BadInput as error:
        return await _page(request, form, error)
    raise web.HTTPSeeOther("/privacy")


async def done(request: web.Request) -> web.Response:
    """GET /privacy: what was given out and erased."""
    jobs = await running.listing(services(request), current(request))
    return render.page(request, "privacy/done.html", jobs=jobs, counts=COUNTS)


async def _page(request: web.Request, form: Erasure | None = None, error: BadInput | None = None) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        about = await running.seen(session, person, _id(request))
        consents = await contacts.erasing.consents(session, _id(request))
    return render.page(
        request,
        "privacy/client.html",
        status=422 if error else 200,
        about=about,
        consents=consents,
        jobs=await running.listing(here, person, _id(request)),
        erasing="erase" in request.query or error is not None,
        typed=form.confirm if form else "",
        said=render.said(request, error) if error else "",
        counts=COUNTS,
    )


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])
