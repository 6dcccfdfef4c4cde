"""The what-if page: a day with more agents, tried by the simulator with the predictive pacer and two others."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.dialer.rules import whatif as rules
from callcenter.features.dialer.rules.whatif import Answer, Question
from callcenter.features.dialer.usecases import whatif as usecases
from callcenter.features.work import api as work
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CALLS_SUPERVISE
from callcenter.http.routes import Route
from callcenter.plugin import services

PAGE, API = "/dialer/what-if", "/api/v1/dialer/what-if"
GONE = N_("This question is not there any more.")
TITLES: dict[str, str] = {
    "agents": N_("Agents"),
    "more": N_("And how many more"),
    "answering": N_("Calls that a person answers, %%"),
    "refusals": N_("Of them refuse at once, %%"),
    "refusal": N_("A refusal takes, s"),
    "conversation": N_("A conversation takes, s"),
    "wrapup": N_("Wrap-up takes, s"),
}


class WhatIf(msgspec.Struct, kw_only=True):
    """A question: its job (`/api/v1/work/{job}` tells how far it is), and the answers so far."""

    job: int
    state: str
    asked: Question
    answers: list[Answer]


async def ask(request: web.Request) -> web.Response:
    """POST /api/v1/dialer/what-if."""
    job = await _start(request, await render.body(request, Question))
    return render.api(request, _view(job), status=201)


async def answered(request: web.Request) -> web.Response:
    """GET /api/v1/dialer/what-if/{id}."""
    return render.api(request, _view(await _job(request, request.match_info["id"])))


async def page(request: web.Request) -> web.Response:
    """GET /dialer/what-if: the form, and the answers of ``?job=``."""
    job = await _job(request, request.query["job"]) if "job" in request.query else None
    return await _page(request, job)


async def submit(request: web.Request) -> web.Response:
    """POST /dialer/what-if: the form."""
    form = await render.body(request, Question)
    try:
        job = await _start(request, form)
    except BadInput as error:
        return await _page(request, None, form, error)
    raise web.HTTPSeeOther(usecases.link(job))


async def _page(
    request: web.Request, job: work.WorkJob | None, form: Question | None = None, error: BadInput | None = None
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        own = await usecases.usual(session, here)
    answers = usecases.answers_of(job) if job is not None else []
    return render.page(
        request,
        "dialer/whatif.html",
        status=422 if error else 200,
        form=form or (usecases.asked_of(job) if job is not None else usecases.first(own)),
        own=own,
        job=job,
        answers=answers,
        titles=TITLES,
        limits=rules.LIMITS,
        pacers=rules.PACERS,
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
    )


async def _start(request: web.Request, form: Question) -> work.WorkJob:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        return await usecases.start(session, here, person, form)


async def _job(request: web.Request, typed: str) -> work.WorkJob:
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
    async with services(request).db.business(current(request).business_id) as session:
        job = await session.get(work.WorkJob, number)
    if job is None or job.kind != usecases.KIND:
        raise NotFound(GONE)
    return job


def _view(job: work.WorkJob) -> WhatIf:
    return WhatIf(job=job.id, state=job.state, asked=usecases.asked_of(job), answers=usecases.answers_of(job))


ROUTES = (
    Route(
        "POST", API, ask, CALLS_SUPERVISE,
        summary="Ask the simulator what more agents or another pacing would come to, in the background",
        body=Question, returns=WhatIf, status=201,
    ),
    Route(
        "GET", rf"{API}/{{id:\d{{1,9}}}}", answered, CALLS_SUPERVISE,
        summary="What the simulator has answered so far", returns=WhatIf,
    ),
    Route("GET", PAGE, page, CALLS_SUPERVISE),
    Route("POST", PAGE, submit, CALLS_SUPERVISE),
)  # fmt: skip
