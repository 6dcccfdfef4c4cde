"""The list of questionnaires, the form of one, and their API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, Conflict, ProductError
from callcenter.features.calls import api as calls
from callcenter.features.questionnaires import queries, rules
from callcenter.features.questionnaires.usecases import binding, editing, filling
from callcenter.features.questionnaires.usecases.editing import QuestionnaireForm
from callcenter.features.questionnaires.usecases.filling import FillForm, FormQuestion, FormView
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CALLS_OWN, QUESTIONNAIRES_EDIT, SURVEYS_SEE
from callcenter.http.routes import Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
API = "/api/v1/questionnaires"


class QuestionnaireBrief(msgspec.Struct, kw_only=True):
    """A questionnaire; ``filled`` is how many clients' answers there are, ``scripts`` are those that ask it."""

    id: int
    name: str
    questions: int
    filled: int
    scripts: list[str]
    changed_at: datetime
    deleted: bool


class QuestionnaireList(msgspec.Struct, kw_only=True):
    """Questionnaires by name, deleted ones last."""

    questionnaires: list[QuestionnaireBrief]


class QuestionnaireView(msgspec.Struct, kw_only=True):
    """A questionnaire with its questions."""

    id: int
    name: str
    intro: str
    deleted: bool
    questions: list[FormQuestion]


async def list_api(request: web.Request) -> web.Response:
    """GET /api/v1/questionnaires."""
    return render.api(request, QuestionnaireList(questionnaires=await _briefs(request)))


async def one_api(request: web.Request) -> web.Response:
    """GET /api/v1/questionnaires/{id}."""
    return render.api(request, await _view(request, _id(request)))


async def create_api(request: web.Request) -> web.Response:
    """POST /api/v1/questionnaires."""
    made = await editing.create(services(request), current(request), await render.body(request, QuestionnaireForm))
    return render.api(request, await _view(request, made), status=201)


async def change_api(request: web.Request) -> web.Response:
    """PUT /api/v1/questionnaires/{id}."""
    form = await render.body(request, QuestionnaireForm)
    await editing.change(services(request), current(request), _id(request), form)
    return render.api(request, await _view(request, _id(request)))


async def delete_api(request: web.Request) -> web.Response:
    """DELETE /api/v1/questionnaires/{id}."""
    await editing.delete(services(request), current(request), _id(request))
    return web.Response(status=204)


async def restore_api(request: web.Request) -> web.Response:
    """POST /api/v1/questionnaires/{id}/restore."""
    await editing.restore(services(request), current(request), _id(request))
    return render.api(request, await _view(request, _id(request)))


async def form_api(request: web.Request) -> web.Response:
    """GET /api/v1/calls/{call}/questionnaires/{id}."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        call = await calls.taken(here, session, person, request.match_info["call"])
        return render.api(request, await filling.view(session, call, _id(request)))


async def fill_api(request: web.Request) -> web.Response:
    """PUT /api/v1/calls/{call}/questionnaires/{id}."""
    form = await render.body(request, FillForm)
    here, person = services(request), current(request)
    return render.api(request, await filling.fill(here, person, request.match_info["call"], _id(request), form))


async def page(request: web.Request) -> web.Response:
    """GET /questionnaires."""
    return await _list(request)


async def new_page(request: web.Request) -> web.Response:
    """GET /questionnaires/new."""
    return _form_page(request, QuestionnaireForm(name="", questions=[rules.Typed()]))


async def edit_page(request: web.Request) -> web.Response:
    """GET /questionnaires/{id}/edit."""
    async with services(request).db.business(current(request).business_id) as session:
        row = await editing.need(session, _id(request))
        asked = [queries.asked(one) for one in await queries.questions(session, row.id) if not one.retired]
    typed = [
        rules.Typed(
            id=one.id,
            kind=one.kind,
            title=one.title,
            mandatory=one.mandatory,
            options=[option.title for option in one.options if not option.gone],
            most=one.most or rules.SCALES[0],
        )
        for one in asked
    ]
    return _form_page(request, QuestionnaireForm(name=row.name, intro=row.intro, questions=typed), row.id)


async def create_form(request: web.Request) -> web.Response:
    """POST /questionnaires: from the form of a new one."""
    form = await _typed(request)
    try:
        await editing.create(services(request), current(request), form)
    except BadInput as error:
        return _form_page(request, form, error=error)
    raise web.HTTPSeeOther("/questionnaires")


async def change_form(request: web.Request) -> web.Response:
    """POST /questionnaires/{id}/edit."""
    form = await _typed(request)
    try:
        await editing.change(services(request), current(request), _id(request), form)
    except BadInput as error:
        return _form_page(request, form, _id(request), error=error)
    raise web.HTTPSeeOther("/questionnaires")


async def delete_form(request: web.Request) -> web.Response:
    """POST /questionnaires/{id}/delete."""
    try:
        await editing.delete(services(request), current(request), _id(request))
    except Conflict as error:
        return await _list(request, error)
    raise web.HTTPSeeOther("/questionnaires")


async def restore_form(request: web.Request) -> web.Response:
    """POST /questionnaires/{id}/restore."""
    try:
        await editing.restore(services(request), current(request), _id(request))
    except BadInput as error:
        return await _list(request, error)
    raise web.HTTPSeeOther("/questionnaires")


async def _list(request: web.Request, error: ProductError | None = None) -> web.Response:
    return render.page(
        request,
        "questionnaires/list.html",
        status=422 if error else 200,
        questionnaires=await _briefs(request),
        problem=render.said(request, error) if error else "",
    )


def _form_page(
    request: web.Request, form: QuestionnaireForm, questionnaire_id: int | None = None, error: BadInput | None = None
) -> web.Response:
    return render.page(
        request,
        "questionnaires/form.html",
        status=422 if error else 200,
        form=form,
        id=questionnaire_id,
        blank=rules.Typed(),
        kinds=rules.KINDS,
        listed=rules.LISTED,
        scales=rules.SCALES,
        problem=render.said(request, error) if error else "",
        errors=render.fields_said(request, error) if error else {},
    )


async def _typed(request: web.Request) -> QuestionnaireForm:
    """The form as it was sent: ``q`` are the keys of the questions in their order."""
    sent = await request.post()

    def text(name: str) -> str:
        value = sent.get(name, "")
        return value.replace("\x00", "") if isinstance(value, str) else ""

    questions = []
    for key in [str(one)[:20] for one in sent.getall("q", [])][: rules.MOST_QUESTIONS + 1]:
        kind: Any = text(f"kind-{key}")
        most = text(f"most-{key}")
        questions.append(
            rules.Typed(
                id=int(key) if key.isascii() and key.isdecimal() and len(key) < 10 else None,
                kind=kind if kind in rules.KINDS else "one",
                title=text(f"title-{key}"),
                mandatory=bool(text(f"mandatory-{key}")),
                options=text(f"options-{key}").splitlines(),
                most=int(most) if most.isascii() and most.isdecimal() and len(most) < 4 else rules.SCALES[0],
            )
        )
    return QuestionnaireForm(name=text("name"), intro=text("intro"), questions=questions)


async def _briefs(request: web.Request) -> list[QuestionnaireBrief]:
    async with services(request).db.business(current(request).business_id) as session:
        rows = await queries.questionnaires(session, deleted=None)
        asked, filled = await queries.question_counts(session), await queries.filled_counts(session)
        bound = await binding.bound(session)
    found = [
        QuestionnaireBrief(
            id=row.id,
            name=row.name,
            questions=asked.get(row.id, 0),
            filled=filled.get(row.id, 0),
            scripts=[one.name for one in bound if one.questionnaire_id == row.id and not one.archived],
            changed_at=row.changed_at,
            deleted=row.deleted_at is not None,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one.deleted)


async def _view(request: web.Request, questionnaire_id: int) -> QuestionnaireView:
    async with services(request).db.business(current(request).business_id) as session:
        row = await editing.need(session, questionnaire_id, deleted=True)
        asked = [queries.asked(one) for one in await queries.questions(session, row.id) if not one.retired]
        return QuestionnaireView(
            id=row.id,
            name=row.name,
            intro=row.intro,
            deleted=row.deleted_at is not None,
            questions=[filling.question_view(one) for one in asked],
        )


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


ROUTES = (
    Route(
        "GET",
        API,
        list_api,
        SURVEYS_SEE,
        any_of=(QUESTIONNAIRES_EDIT,),
        summary="Questionnaires by name",
        returns=QuestionnaireList,
    ),
    Route(
        "POST",
        API,
        create_api,
        QUESTIONNAIRES_EDIT,
        summary="Make a questionnaire",
        body=QuestionnaireForm,
        returns=QuestionnaireView,
        status=201,
    ),
    Route(
        "GET",
        f"{API}/{ID}",
        one_api,
        SURVEYS_SEE,
        any_of=(QUESTIONNAIRES_EDIT,),
        summary="A questionnaire with its questions",
        returns=QuestionnaireView,
    ),
    Route(
        "PUT",
        f"{API}/{ID}",
        change_api,
        QUESTIONNAIRES_EDIT,
        summary="Change a questionnaire; what was answered before stays as it was said",
        body=QuestionnaireForm,
        returns=QuestionnaireView,
    ),
    Route(
        "DELETE",
        f"{API}/{ID}",
        delete_api,
        QUESTIONNAIRES_EDIT,
        summary="Delete a questionnaire that no script asks; its answers stay",
        status=204,
    ),
    Route(
        "POST",
        f"{API}/{ID}/restore",
        restore_api,
        QUESTIONNAIRES_EDIT,
        summary="Bring a deleted questionnaire back",
        returns=QuestionnaireView,
    ),
    Route(
        "GET",
        f"/api/v1/calls/{{call}}/questionnaires/{ID}",
        form_api,
        CALLS_OWN,
        summary="A questionnaire in a call, with what was entered so far",
        returns=FormView,
    ),
    Route(
        "PUT",
        f"/api/v1/calls/{{call}}/questionnaires/{ID}",
        fill_api,
        CALLS_OWN,
        summary="Keep what a client answered; its state becomes open, refused, postponed or done",
        body=FillForm,
        returns=FormView,
    ),
    Route("GET", "/questionnaires", page, SURVEYS_SEE, any_of=(QUESTIONNAIRES_EDIT,)),
    Route("GET", "/questionnaires/new", new_page, QUESTIONNAIRES_EDIT),
    Route("POST", "/questionnaires", create_form, QUESTIONNAIRES_EDIT),
    Route("GET", f"/questionnaires/{ID}/edit", edit_page, QUESTIONNAIRES_EDIT),
    Route("POST", f"/questionnaires/{ID}/edit", change_form, QUESTIONNAIRES_EDIT),
    Route("POST", f"/questionnaires/{ID}/delete", delete_form, QUESTIONNAIRES_EDIT),
    Route("POST", f"/questionnaires/{ID}/restore", restore_form, QUESTIONNAIRES_EDIT),
)
