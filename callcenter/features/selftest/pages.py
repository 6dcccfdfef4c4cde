"""Self-test and line reports over HTTP."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import BodyPartReader, web

from callcenter.core.errors import BadInput
from callcenter.features.selftest import rules, usecases
from callcenter.features.selftest.models import CallQuality
from callcenter.features.selftest.usecases import QualityForm, Report, ReportForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CALLS_ALL, CALLS_DIAL, CALLS_OWN, PHONE_USE
from callcenter.http.routes import Route
from callcenter.plugin import services


class ReportView(msgspec.Struct, kw_only=True):
    """A report; times in UTC, figures as in Figures, null without a line test."""

    id: int
    at: datetime
    person: str
    comment: str
    browser: str
    checks: dict[str, bool | None]
    rtt: float | None
    jitter: float | None
    loss: float | None
    mos: float | None


class ReportList(msgspec.Struct, kw_only=True):
    """The newest reports."""

    reports: list[ReportView]


class Sent(msgspec.Struct, kw_only=True):
    """The report that was sent."""

    id: int


class Melody(msgspec.Struct, kw_only=True):
    """The melody that is played now; 0 seconds = the product's own."""

    seconds: float


class QualityView(msgspec.Struct, kw_only=True):
    """An agent's line in a call; ``word`` is the judgement in the reader's language."""

    agent_id: int
    samples: int
    rtt: float
    jitter: float
    loss: float
    mos: float
    worst: float
    word: str


class QualityList(msgspec.Struct, kw_only=True):
    """The lines of a call."""

    lines: list[QualityView]


async def page(request: web.Request) -> web.Response:
    """GET /self-test."""
    return render.page(request, "selftest/page.html", checks=rules.CHECKS)


async def reports_page(request: web.Request) -> web.Response:
    """GET /line-reports."""
    async with services(request).db.business(current(request).business_id) as session:
        found = await usecases.reports(session)
    return render.page(
        request, "selftest/reports.html", reports=[_report(one) for one in found], checks=rules.CHECKS, word=rules.word
    )


async def report_list(request: web.Request) -> web.Response:
    """GET /api/v1/line-reports."""
    async with services(request).db.business(current(request).business_id) as session:
        found = await usecases.reports(session)
    return render.api(request, ReportList(reports=[_report(one) for one in found]))


async def report_send(request: web.Request) -> web.Response:
    """POST /api/v1/line-reports."""
    here, person = services(request), current(request)
    form = await render.body(request, ReportForm)
    async with here.db.business(person.business_id) as session:
        row = await usecases.report(session, person, form, here.clock.now())
    return render.api(request, Sent(id=row.id), status=201)


async def melody_get(request: web.Request) -> web.Response:
    """GET /api/v1/me/melody: the sound, or 204 without one."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        sound = await usecases.melody(session, person)
    if sound is None:
        return web.Response(status=204)
    return web.Response(body=sound, content_type="audio/wav", headers={"Cache-Control": "private, no-store"})


async def melody_set(request: web.Request) -> web.Response:
    """PUT /api/v1/me/melody: multipart with a part ``file``."""
    sound = bytearray()
    if request.content_type == "multipart/form-data":
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            while isinstance(part, BodyPartReader) and part.name == "file" and (piece := await part.read_chunk(65_536)):
                sound += piece
                if len(sound) > rules.MELODY_BYTES:
                    raise BadInput(rules.TOO_LONG, fields={"file": rules.TOO_LONG}, seconds=int(rules.MELODY_SECONDS))
    if not sound:
        raise BadInput(rules.NO_WAV, fields={"file": rules.NO_WAV})
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        seconds = await usecases.set_melody(session, person, bytes(sound))
    return render.api(request, Melody(seconds=round(seconds, 1)))


async def melody_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/me/melody."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        await usecases.set_melody(session, person, b"")
    return render.api(request, Melody(seconds=0.0))


async def quality_keep(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/quality."""
    here, person = services(request), current(request)
    form = await render.body(request, QualityForm)
    async with here.db.business(person.business_id) as session:
        row = await usecases.keep(session, person, request.match_info["id"], form, here.clock.now())
    return render.api(request, _quality(request, row), status=201)


async def quality_list(request: web.Request) -> web.Response:
    """GET /api/v1/calls/{id}/quality."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        rows = await usecases.quality(session, person, request.match_info["id"])
    return render.api(request, QualityList(lines=[_quality(request, row) for row in rows]))


def _report(one: Report) -> ReportView:
    row = one.row
    return ReportView(
        id=row.id,
        at=row.at,
        person=one.person,
        comment=row.comment,
        browser=row.browser,
        checks=row.checks,
        rtt=row.rtt,
        jitter=row.jitter,
        loss=row.loss,
        mos=row.mos,
    )


def _quality(request: web.Request, row: CallQuality) -> QualityView:
    return QualityView(
        agent_id=row.agent_id,
        samples=row.samples,
        rtt=round(row.rtt, 1),
        jitter=round(row.jitter, 1),
        loss=round(row.loss, 2),
        mos=round(row.mos, 2),
        worst=round(row.worst, 2),
        word=render.texts(request).gettext(rules.word(row.mos)),
    )


ROUTES = (
    Route("GET", "/self-test", page, PHONE_USE),
    Route("GET", "/line-reports", reports_page, CALLS_ALL),
    Route("GET", "/api/v1/line-reports", report_list, CALLS_ALL, summary="Reports of line tests", returns=ReportList),
    Route(
        "POST",
        "/api/v1/line-reports",
        report_send,
        PHONE_USE,
        summary="Send a line test's report to support",
        body=ReportForm,
        returns=Sent,
        status=201,
    ),
    Route("GET", "/api/v1/me/melody", melody_get, PHONE_USE, summary="My ring melody (WAV)", media="audio/wav"),
    Route(
        "PUT",
        "/api/v1/me/melody",
        melody_set,
        PHONE_USE,
        summary="Set my ring melody: multipart with a part «file», a WAV of at most 30 seconds",
        returns=Melody,
    ),
    Route("DELETE", "/api/v1/me/melody", melody_delete, PHONE_USE, summary="Ring as usual again", returns=Melody),
    Route(
        "GET",
        "/api/v1/calls/{id}/quality",
        quality_list,
        CALLS_OWN,
        summary="How good the lines of a call were",
        returns=QualityList,
    ),
    Route(
        "POST",
        "/api/v1/calls/{id}/quality",
        quality_keep,
        CALLS_DIAL,
        summary="Keep how good my line is in a call of mine",
        body=QualityForm,
        returns=QualityView,
        status=201,
    ),
)
