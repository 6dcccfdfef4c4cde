"""Background jobs over HTTP: the page of jobs and the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from callcenter.features.accounts import api as accounts
from callcenter.features.work import queries, rules
from callcenter.features.work.models import WorkJob
from callcenter.features.work.usecases import ordering, telling
from callcenter.features.work.usecases.running import KINDS
from callcenter.features.work.usecases.telling import JobView
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import SETTINGS_EDIT, SIGNED_IN
from callcenter.http.routes import Param, Route
from callcenter.plugin import Services, services

ID = r"{id:\d{1,9}}"
MAX_PAGE = 10_000


class JobList(msgspec.Struct, kw_only=True):
    """Background jobs, the newest first; ``total`` of them on pages of 30."""

    jobs: list[JobView]
    total: int
    page: int


async def job_list(request: web.Request) -> web.Response:
    """GET /api/v1/work."""
    return render.api(request, await _list(request))


async def job_one(request: web.Request) -> web.Response:
    """GET /api/v1/work/{id}."""
    return render.api(request, await _one(request, int(request.match_info["id"])))


async def job_cancel(request: web.Request) -> web.Response:
    """POST /api/v1/work/{id}/cancel."""
    here, person, job_id = services(request), current(request), int(request.match_info["id"])
    async with here.db.business(person.business_id) as session:
        await ordering.need(session, person, job_id)
        await ordering.cancel(session, here, job_id)
    return render.api(request, await _one(request, job_id))


async def job_undo(request: web.Request) -> web.Response:
    """POST /api/v1/work/{id}/undo."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        started = await ordering.undo(session, here, person, int(request.match_info["id"]))
        await accounts.audit(session, request, "work.undo", "job", request.match_info["id"], by=started.id)
    return render.api(request, await _one(request, started.id), status=201)


async def work_page(request: web.Request) -> web.Response:
    """GET /work: my jobs; administrators may look at all."""
    found = await _list(request)
    return render.page(
        request,
        "work/list.html",
        jobs=found.jobs,
        total=found.total,
        number=found.page,
        more=found.page * queries.PAGE < found.total,
        everybody=_everybody(request),
        may_all=current(request).can(SETTINGS_EDIT),
    )


async def _list(request: web.Request) -> JobList:
    here, person = services(request), current(request)
    typed = request.query.get("page", "1")
    page = min(MAX_PAGE, max(1, int(typed))) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 1
    owner = None if _everybody(request) else person.membership_id
    async with here.db.business(person.business_id) as session:
        found, total = await queries.jobs(session, owner_id=owner, only_open="open" in request.query, page=page)
        names = {one.membership_id: one.name for one in await accounts.people(session)} if found else {}
        undoable = await queries.pieced(session, [one.id for one in found]) if found else set()
    return JobList(jobs=_views(request, here, person, found, names, undoable), total=total, page=page)


async def _one(request: web.Request, job_id: int) -> JobView:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        job = await ordering.need(session, person, job_id)
        names = {one.membership_id: one.name for one in await accounts.people(session)}
        undoable = await queries.pieced(session, [job_id])
    return _views(request, here, person, [job], names, undoable)[0]


def _views(
    request: web.Request,
    here: Services,
    person: Current,
    jobs: Sequence[WorkJob],
    names: dict[int, str],
    undoable: set[int],
) -> list[JobView]:
    said = render.texts(request)
    now = here.clock.now()
    shown = []
    for job in jobs:
        kind = KINDS.get(job.kind)
        more: dict[str, Any] = {"mine": job.owner_id == person.membership_id, "owner": names.get(job.owner_id or 0, "")}
        if kind is not None and kind.link is not None:
            more["link"] = kind.link(job)
        if (
            kind is not None
            and kind.undo is not None
            and job.id in undoable
            and "undone_by" not in job.result
            and rules.may_undo(job.state, job.ended_at, now)
        ):
            ends = rules.undo_ends(job.ended_at)
            more["undo_until"] = ends.isoformat().replace("+00:00", "Z") if ends else None
        shown.append(telling.view(job, said.fill, **more))
    return shown


def _everybody(request: web.Request) -> bool:
    return "all" in request.query and current(request).can(SETTINGS_EDIT)


_PAGE = Param("page", "From 1", {"type": "integer", "minimum": 1})

ROUTES = (
    Route(
        "GET",
        "/api/v1/work",
        job_list,
        SIGNED_IN,
        summary="My background jobs, the newest first; administrators may ask for everybody's",
        returns=JobList,
        params=(_PAGE, Param("open", "Only those that have not ended"), Param("all", "Everybody's (administrators)")),
    ),
    Route("GET", f"/api/v1/work/{ID}", job_one, SIGNED_IN, summary="A background job", returns=JobView),
    Route(
        "POST",
        f"/api/v1/work/{ID}/cancel",
        job_cancel,
        SIGNED_IN,
        summary="Cancel a job: at once, or after the portion that it is at; what is done stays",
        returns=JobView,
    ),
    Route(
        "POST",
        f"/api/v1/work/{ID}/undo",
        job_undo,
        SIGNED_IN,
        summary="Take back what a job did, as another job, within 24 hours",
        returns=JobView,
        status=201,
    ),
    Route("GET", "/work", work_page, SIGNED_IN),
)
