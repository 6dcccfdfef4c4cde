"""Answers of surveys over HTTP: sums by queue and agent, the single answers, a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.agents import api as agents
from callcenter.features.exports import api as exports
from callcenter.features.queues import api as queues
from callcenter.features.surveys import gateway, queries, rules
from callcenter.features.surveys.models import SurveyAnswer
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.formats import zone
from callcenter.http.routes import Param
from callcenter.plugin import services

PER_PAGE = 50
MOST_ROWS = 100_000
MEDIA = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
PARAMS = (
    Param("from", "first day, YYYY-MM-DD in my time zone; thirty days before the last when left out"),
    Param("to", "last day, included; today when left out"),
    Param("queue", "only about this queue (id)", {"type": "integer"}),
    Param("agent", "only about this agent (id)", {"type": "integer"}),
)
PAGE = Param("page", "from 1", {"type": "integer"})
GONE = N_("not there any more")
NO_ONE = N_("This is no queue or agent of yours.")
HEAD = (
    N_("Time"), N_("Queue"), N_("Agent"), N_("Question 1"), N_("Question 2"), N_("Call"),
)  # fmt: skip


class QuestionView(msgspec.Struct, kw_only=True):
    """A question: answers of each key from 1 to 5, how many there are, their average (null without one)."""

    counts: tuple[int, ...]
    answers: int
    average: float | None


class SumView(msgspec.Struct, kw_only=True):
    """The answers about one queue or agent: clients asked, those who answered anything, both questions."""

    id: int | None
    name: str
    asked: int
    answered: int
    first: QuestionView
    second: QuestionView


class Report(msgspec.Struct, kw_only=True):
    """The sums of a period (days, both included): of all, by queue, by agent."""

    since: str
    until: str
    all: SumView
    queues: list[SumView]
    agents: list[SumView]


class AnswerView(msgspec.Struct, kw_only=True):
    """One client who was asked; null = a question that he did not answer."""

    call_id: str
    at: datetime
    queue_id: int | None
    queue: str
    agent_id: int | None
    agent: str
    first: int | None
    second: int | None


class AnswerList(msgspec.Struct, kw_only=True):
    """A page of answers, the newest first."""

    answers: list[AnswerView]
    total: int
    page: int
    per_page: int


class Asked(NamedTuple):
    """What was asked for, and as it was typed."""

    wanted: queries.Wanted
    period: rules.Period
    page: int
    typed: dict[str, str]


class Known(NamedTuple):
    """Names by id."""

    queues: Mapping[int, str]
    agents: Mapping[int, str]


async def report(request: web.Request) -> web.Response:
    """GET /api/v1/surveys."""
    asked = _asked(request)
    return render.api(request, await _report(request, asked, await _known(request)))


async def answers(request: web.Request) -> web.Response:
    """GET /api/v1/surveys/answers."""
    asked = _asked(request)
    return render.api(request, await _list(request, asked, await _known(request)))


async def file(request: web.Request) -> web.Response:
    """GET /api/v1/surveys/answers.csv and .xlsx."""
    asked, known, texts = _asked(request), await _known(request), render.texts(request)
    form = request.path.rpartition(".")[2]
    async with services(request).db.business(current(request).business_id) as session:
        found = await queries.answers(session, asked.wanted, count=MOST_ROWS)
    rows: list[list[exports.Cell]] = [[texts.gettext(title) for title in HEAD]]
    for one in found:
        view = _answer(one, known)
        rows.append([view.at, view.queue, view.agent, view.first, view.second, view.call_id])
    there = zone(current(request).timezone)
    body = await asyncio.to_thread(gateway.file_of, form, there, texts.gettext(N_("Survey")), rows)
    name = f"survey-{asked.period.first}-{asked.period.last}.{form}"
    return web.Response(
        body=body, content_type=MEDIA[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def page(request: web.Request) -> web.Response:
    """GET /surveys."""
    error: BadInput | None = None
    try:
        asked = _asked(request)
    except BadInput as wrong:
        # What was typed stays in the form, above the usual days.
        error, asked = wrong, _asked(request, plain=True)
    known = await _known(request)
    found = await _list(request, asked, known)
    pages = max(1, -(-found.total // PER_PAGE))
    return render.page(
        request,
        "surveys/report.html",
        status=422 if error else 200,
        report=await _report(request, asked, known),
        found=found,
        known=known,
        typed={key: request.query.get(key, "") or asked.typed[key] for key in asked.typed},
        errors=render.fields_said(request, error) if error else {},
        pages=pages,
        newer=_address("/surveys", asked, asked.page - 1) if asked.page > 1 else "",
        older=_address("/surveys", asked, asked.page + 1) if asked.page < pages else "",
        files={form: _address(f"/api/v1/surveys/answers.{form}", asked) for form in exports.FORMATS},
        share=rules.share,
    )


def _address(path: str, asked: Asked, page_number: int | None = None) -> str:
    values = {key: value for key, value in asked.typed.items() if value}
    return f"{path}?{urlencode(values | ({'page': str(page_number)} if page_number else {}))}"


def _asked(request: web.Request, *, plain: bool = False) -> Asked:
    query = {} if plain else request.query
    typed = {key: str(query.get(key, "")).strip()[:20] for key in ("from", "to", "queue", "agent")}
    there = zone(current(request).timezone)
    days = rules.period(typed["from"], typed["to"], services(request).clock.now().astimezone(there).date())
    since, until = days.moments(there)
    typed |= {"from": days.first.isoformat(), "to": days.last.isoformat()}
    wanted = queries.Wanted(since, until, _number(typed["queue"], "queue"), _number(typed["agent"], "agent"))
    return Asked(wanted, days, min(max(_number(str(query.get("page", "1")), "page") or 1, 1), 10_000), typed)


def _number(text: str, field: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadInput(NO_ONE, fields={field: NO_ONE})
    return int(text)


async def _known(request: web.Request) -> Known:
    async with services(request).db.business(current(request).business_id) as session:
        return Known(
            {one.id: one.name for one in await queues.all_queues(session)},
            {one.id: one.name for one in await agents.all_agents(session)},
        )


async def _report(request: web.Request, asked: Asked, known: Known) -> Report:
    texts = render.texts(request)
    async with services(request).db.business(current(request).business_id) as session:
        counts = await queries.counts(session, asked.wanted)

    def views(by: str, names: Mapping[int, str]) -> list[SumView]:
        gone = texts.gettext(GONE)
        return [_sum(one, names.get(one.id or 0, gone)) for one in rules.summed(counts, by)]

    return Report(
        since=asked.period.first.isoformat(),
        until=asked.period.last.isoformat(),
        all=_sum(rules.summed(counts, "")[0], ""),
        queues=views("queue_id", known.queues),
        agents=views("agent_id", known.agents),
    )


def _sum(found: rules.Sum, name: str) -> SumView:
    return SumView(
        id=found.id,
        name=name,
        asked=found.asked,
        answered=found.answered,
        first=_question(found.first),
        second=_question(found.second),
    )


def _question(found: rules.Question) -> QuestionView:
    average = found.average
    return QuestionView(
        counts=found.counts, answers=found.answers, average=None if average is None else round(average, 2)
    )


async def _list(request: web.Request, asked: Asked, known: Known) -> AnswerList:
    async with services(request).db.business(current(request).business_id) as session:
        total = sum(one.number for one in await queries.counts(session, asked.wanted))
        rows = await queries.answers(session, asked.wanted, skip=(asked.page - 1) * PER_PAGE, count=PER_PAGE)
    return AnswerList(answers=[_answer(row, known) for row in rows], total=total, page=asked.page, per_page=PER_PAGE)


def _answer(row: SurveyAnswer, known: Known) -> AnswerView:
    return AnswerView(
        call_id=row.call_id,
        at=row.at,
        queue_id=row.queue_id,
        queue=known.queues.get(row.queue_id or 0, ""),
        agent_id=row.agent_id,
        agent=known.agents.get(row.agent_id or 0, ""),
        first=row.first,
        second=row.second,
    )


async def of_call(request: web.Request) -> web.Response:
    """GET /api/v1/calls/{id}/survey."""
    known = await _known(request)
    async with services(request).db.business(current(request).business_id) as session:
        row = await queries.of_call(session, request.match_info["id"])
    if row is None:
        raise NotFound(N_("Nobody was asked after this call."))
    return render.api(request, _answer(row, known))
