"""What clients answered: the report with lines and sums, its files, the history of a client, the page of a call."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.exports import api as exports
from callcenter.features.questionnaires import gateway, queries, rules
from callcenter.features.questionnaires.pages.editing import API, ID
from callcenter.features.questionnaires.queries import Wanted
from callcenter.features.questionnaires.usecases import editing, reporting
from callcenter.features.questionnaires.usecases.reporting import FilledView
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.formats import zone
from callcenter.http.permissions import SURVEYS_SEE
from callcenter.http.routes import Param, Route
from callcenter.plugin import Services, services

PER_PAGE, MOST_ROWS = 50, 100_000
MEDIA = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
PARAMS = (
    Param("from", "first day, YYYY-MM-DD in my time zone; thirty days before the last when left out"),
    Param("to", "last day, included; today when left out"),
    Param("state", "open, refused, postponed or done", {"type": "string", "enum": list(rules.STATES)}),
    Param("agent", "only by this agent (id)", {"type": "integer"}),
)
HEAD = (
    N_("Changed"), N_("Client"), N_("Position"), N_("Phone"), N_("E-mail"), N_("State"), N_("Script"), N_("Employee"),
    N_("Recording's number"), N_("Call"),
)  # fmt: skip
WRONG = N_("This value cannot be used.")


class QuestionnaireAnswers(msgspec.Struct, kw_only=True):
    """A page of answers, the last changed first; ``states`` counts them all, ``questions`` sums them up."""

    id: int
    name: str
    since: str
    until: str
    states: dict[str, int]
    questions: list[rules.Tally]
    lines: list[FilledView]
    total: int
    page: int
    per_page: int


class Asked(NamedTuple):
    """What was asked for, and as it was typed."""

    wanted: Wanted
    period: rules.Period
    page: int
    typed: dict[str, str]


async def results_api(request: web.Request) -> web.Response:
    """GET /api/v1/questionnaires/{id}/answers."""
    return render.api(request, await _results(request, _asked(request)))


async def file(request: web.Request) -> web.Response:
    """GET /api/v1/questionnaires/{id}/answers.xlsx and .csv."""
    asked, person, texts = _asked(request), current(request), render.texts(request)
    form = request.path.rpartition(".")[2]
    async with services(request).db.business(person.business_id) as session:
        row = await editing.need(session, asked.wanted.questionnaire_id, deleted=True)
        found = await queries.page(session, asked.wanted, count=MOST_ROWS)
        lines = await reporting.lines(session, found)
        columns = await _columns(session, asked.wanted.questionnaire_id, lines)
        await accounts.audit(session, person, "questionnaire.export", "questionnaire", row.id, name=row.name)
    head: list[exports.Cell] = [texts.gettext(title) for title in HEAD]
    rows: list[list[exports.Cell]] = [[*head, *columns.values()]]
    for line in lines:
        said = {one.id: _cell(texts, one) for one in line.answers}
        rows.append(
            [
                line.changed_at, line.client, line.position, line.phone, line.email,
                texts.gettext(rules.STATES[line.state]),  # type: ignore[index]
                line.script, line.agent, line.recording.id if line.recording else None, line.call_id,
                *(said.get(one) for one in columns),
            ]
        )  # fmt: skip
    body = await asyncio.to_thread(gateway.file_of, form, zone(person.timezone), texts.gettext(N_("Answers")), rows)
    name = f"answers-{row.id}-{asked.period.first}-{asked.period.last}.{form}"
    return web.Response(
        body=body, content_type=MEDIA[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def page(request: web.Request) -> web.Response:
    """GET /questionnaires/{id}."""
    error: BadInput | None = None
    try:
        asked = _asked(request)
    except BadInput as wrong:
        # What was typed stays in the form, above the usual days.
        error, asked = wrong, _asked(request, plain=True)
    found = await _results(request, asked)
    async with services(request).db.business(current(request).business_id) as session:
        every = await queries.questionnaires(session, deleted=None)
        people = await agents.all_agents(session)
    pages = max(1, -(-found.total // PER_PAGE))
    here = f"/questionnaires/{found.id}"
    return render.page(
        request,
        "questionnaires/results.html",
        status=422 if error else 200,
        found=found,
        every=every,
        people=sorted(people, key=lambda one: one.name),
        states=rules.STATES,
        typed={key: request.query.get(key, "") or asked.typed[key] for key in asked.typed},
        errors=render.fields_said(request, error) if error else {},
        pages=pages,
        newer=_address(here, asked, asked.page - 1) if asked.page > 1 else "",
        older=_address(here, asked, asked.page + 1) if asked.page < pages else "",
        files={form: _address(f"{API}/{found.id}/answers.{form}", asked) for form in exports.FORMATS},
    )


async def history(
    here: Services, person: Current, contact_id: int, until: datetime | None, limit: int
) -> list[contacts.Entry]:
    """A client's questionnaires in his history."""
    async with here.db.business(person.business_id) as session:
        rows = await queries.of_contact(session, contact_id, until, limit)
        lines = await reporting.lines(session, rows)
        names = {one.id: one.name for one in await queries.questionnaires(session, deleted=None)} if rows else {}
    return [
        contacts.Entry(
            at=line.changed_at,
            key=f"q{line.id}",
            title=N_("Questionnaire"),
            text=names.get(row.questionnaire_id, ""),
            data={"questionnaire_id": row.questionnaire_id, "state": line.state, "call_id": line.call_id},
            shown={"line": line, "name": names.get(row.questionnaire_id, ""), "states": rules.STATES},
        )
        for row, line in zip(rows, lines, strict=True)
    ]


async def of_call(here: Services, person: Current, call_id: str) -> dict[str, Any] | None:
    """The questionnaires on the page of a call."""
    async with here.db.business(person.business_id) as session:
        rows = await queries.all_of_call(session, call_id)
        if not rows:
            return None
        lines = await reporting.lines(session, rows)
        names = {one.id: one.name for one in await queries.questionnaires(session, deleted=None)}
    every = [(names.get(row.questionnaire_id, ""), line) for row, line in zip(rows, lines, strict=True)]
    return {"every": every, "states": rules.STATES}


HISTORY = contacts.Source("form", "questionnaires/history.html", history)
PART = calls.Part("questionnaires", "questionnaires/call.html", of_call)


async def _results(request: web.Request, asked: Asked) -> QuestionnaireAnswers:
    wanted = asked.wanted
    async with services(request).db.business(current(request).business_id) as session:
        row = await editing.need(session, wanted.questionnaire_id, deleted=True)
        states = await queries.state_counts(session, wanted)
        rows = await queries.page(session, wanted, skip=(asked.page - 1) * PER_PAGE, count=PER_PAGE)
        return QuestionnaireAnswers(
            id=row.id,
            name=row.name,
            since=asked.period.first.isoformat(),
            until=asked.period.last.isoformat(),
            states=states,
            questions=await reporting.tallies(session, wanted),
            lines=await reporting.lines(session, rows),
            total=sum(states.values()),
            page=asked.page,
            per_page=PER_PAGE,
        )


async def _columns(session: Any, questionnaire_id: int, lines: list[FilledView]) -> dict[int, str]:
    """A column for each question: those that are asked, then those that only have answers."""
    rows = await queries.questions(session, questionnaire_id)
    columns = {one.id: one.title for one in rows if not one.retired}
    for line in lines:
        for answer in line.answers:
            columns.setdefault(answer.id, answer.question)
    return columns


def _cell(texts: Any, answer: reporting.GivenAnswer) -> exports.Cell:
    if answer.kind == "yesno":
        return str(texts.gettext(answer.said))
    if answer.kind in ("number", "scale") and isinstance(answer.value, int | float):
        return answer.value
    return answer.said


def _asked(request: web.Request, *, plain: bool = False) -> Asked:
    query = {} if plain else request.query
    typed = {key: str(query.get(key, "")).strip()[:20] for key in ("from", "to", "state", "agent")}
    there = zone(current(request).timezone)
    days = rules.period(typed["from"], typed["to"], services(request).clock.now().astimezone(there).date())
    since, until = days.moments(there)
    if typed["state"] and typed["state"] not in rules.STATES:
        raise BadInput(WRONG, fields={"state": WRONG})
    typed |= {"from": days.first.isoformat(), "to": days.last.isoformat()}
    wanted = Wanted(
        int(request.match_info["id"]), since, until, typed["state"], _number(typed["agent"], "agent")
    )  # fmt: skip
    page_number = _number(str(query.get("page", "1")), "page") or 1
    return Asked(wanted, days, min(max(page_number, 1), 10_000), typed)


def _number(text: str, field: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadInput(WRONG, fields={field: WRONG})
    return int(text)


def _address(path: str, asked: Asked, page_number: int | None = None) -> str:
    values = {key: value for key, value in asked.typed.items() if value}
    return f"{path}?{urlencode(values | ({'page': str(page_number)} if page_number else {}))}"


ROUTES = (
    Route(
        "GET",
        f"{API}/{ID}/answers",
        results_api,
        SURVEYS_SEE,
        summary="What clients answered: lines with the recording of the last talk, sums by question",
        returns=QuestionnaireAnswers,
        params=(*PARAMS, Param("page", "from 1", {"type": "integer"})),
    ),
    *(
        Route(
            "GET",
            f"{API}/{ID}/answers.{form}",
            file,
            SURVEYS_SEE,
            summary=f"What clients answered as {form}",
            media=media,
            params=PARAMS,
        )
        for form, media in MEDIA.items()
    ),
    Route("GET", f"/questionnaires/{ID}", page, SURVEYS_SEE),
)
