"""The list of scripts, the form of one, and their API."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, Conflict, ProductError
from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.agents import api as agents
from callcenter.features.mail import api as mail
from callcenter.features.numbers import api as numbers
from callcenter.features.questionnaires import api as questionnaires
from callcenter.features.scripts import queries, rules
from callcenter.features.scripts.pages.planned import planned
from callcenter.features.scripts.usecases import editing
from callcenter.features.scripts.usecases.editing import ScriptForm
from callcenter.features.scripts.usecases.templates import LetterPart
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import SCRIPTS_EDIT
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
API = "/api/v1/scripts"
COPY = N_("copy")


class ScriptBrief(msgspec.Struct, kw_only=True):
    """A script; ``agents`` and ``numbers`` are names (empty = all); ``talks`` have a result by it."""

    id: int
    name: str
    kind: str
    agents: list[str]
    numbers: list[str]
    questionnaire: str
    outcomes: int
    talks: int
    changed_at: datetime
    archived: bool


class ScriptList(msgspec.Struct, kw_only=True):
    """Scripts by name, archived ones last."""

    scripts: list[ScriptBrief]


class ScriptView(msgspec.Struct, kw_only=True):
    """A script as it can be changed and sent back."""

    id: int
    name: str
    kind: str
    everybody: bool
    agents: list[int]
    numbers: list[int]
    text: str
    outcomes: list[rules.Outcome]
    skip_allowed: bool
    autodial: bool
    questionnaire_id: int | None
    server_id: int | None
    letter: LetterPart
    archived: bool


async def list_api(request: web.Request) -> web.Response:
    """GET /api/v1/scripts."""
    return render.api(request, ScriptList(scripts=await _briefs(request)))


async def one_api(request: web.Request) -> web.Response:
    """GET /api/v1/scripts/{id}."""
    return render.api(request, await _view(request, _id(request)))


async def create_api(request: web.Request) -> web.Response:
    """POST /api/v1/scripts."""
    made = await editing.create(services(request), current(request), await render.body(request, ScriptForm))
    return render.api(request, await _view(request, made), status=201)


async def change_api(request: web.Request) -> web.Response:
    """PUT /api/v1/scripts/{id}."""
    form = await render.body(request, ScriptForm)
    await editing.change(services(request), current(request), _id(request), form)
    return render.api(request, await _view(request, _id(request)))


async def copy_api(request: web.Request) -> web.Response:
    """POST /api/v1/scripts/{id}/copy."""
    word = render.texts(request).gettext(COPY)
    made = await editing.copy(services(request), current(request), _id(request), word)
    return render.api(request, await _view(request, made), status=201)


async def archive_api(request: web.Request) -> web.Response:
    """POST /api/v1/scripts/{id}/archive."""
    await editing.archive(services(request), current(request), _id(request))
    return render.api(request, await _view(request, _id(request)))


async def restore_api(request: web.Request) -> web.Response:
    """POST /api/v1/scripts/{id}/restore."""
    await editing.restore(services(request), current(request), _id(request))
    return render.api(request, await _view(request, _id(request)))


async def delete_api(request: web.Request) -> web.Response:
    """DELETE /api/v1/scripts/{id}."""
    await editing.remove(services(request), current(request), _id(request))
    return web.Response(status=204)


async def page(request: web.Request) -> web.Response:
    """GET /scripts."""
    return await _list(request)


async def new_page(request: web.Request) -> web.Response:
    """GET /scripts/new."""
    text = render.texts(request).gettext
    first = [rules.Outcome(title=text(title), kind=kind) for title, kind in rules.FIRST_OUTCOMES]
    return await _form_page(request, ScriptForm(name="", outcomes=first))


async def edit_page(request: web.Request) -> web.Response:
    """GET /scripts/{id}."""
    async with services(request).db.business(current(request).business_id) as session:
        form = await editing.form_of(session, await editing.need(session, _id(request)))
    return await _form_page(request, form, _id(request))


async def create_form(request: web.Request) -> web.Response:
    """POST /scripts."""
    form = await _typed(request)
    try:
        await editing.create(services(request), current(request), form)
    except BadInput as error:
        return await _form_page(request, form, error=error)
    raise web.HTTPSeeOther("/scripts")


async def change_form(request: web.Request) -> web.Response:
    """POST /scripts/{id}."""
    form = await _typed(request)
    try:
        await editing.change(services(request), current(request), _id(request), form)
    except BadInput as error:
        return await _form_page(request, form, _id(request), error=error)
    raise web.HTTPSeeOther("/scripts")


async def copy_form(request: web.Request) -> web.Response:
    """POST /scripts/{id}/copy: the copy opens."""
    word = render.texts(request).gettext(COPY)
    made = await editing.copy(services(request), current(request), _id(request), word)
    raise web.HTTPSeeOther(f"/scripts/{made}")


async def archive_form(request: web.Request) -> web.Response:
    """POST /scripts/{id}/archive."""
    return await _done(request, editing.archive)


async def restore_form(request: web.Request) -> web.Response:
    """POST /scripts/{id}/restore."""
    return await _done(request, editing.restore)


async def delete_form(request: web.Request) -> web.Response:
    """POST /scripts/{id}/delete: the page has asked."""
    return await _done(request, editing.remove)


async def _done(request: web.Request, act: Any) -> web.Response:
    try:
        await act(services(request), current(request), _id(request))
    except (BadInput, Conflict) as error:
        return await _list(request, error)
    raise web.HTTPSeeOther("/scripts")


async def _list(request: web.Request, error: ProductError | None = None) -> web.Response:
    return render.page(
        request,
        "scripts/list.html",
        status=422 if error else 200,
        scripts=await _briefs(request),
        kinds=rules.KINDS,
        problem=render.said(request, error) if error else "",
    )


async def _form_page(
    request: web.Request, form: ScriptForm, script_id: int | None = None, error: BadInput | None = None
) -> web.Response:
    async with services(request).db.business(current(request).business_id) as session:
        people = await agents.all_agents(session)
        lines = await numbers.all_numbers(session)
        asked = await questionnaires.choices(session)
        servers = [one for one in await mail.servers(session) if one.in_scripts or one.id == form.server_id]
        files = await mail.files_by_id(session, form.letter.files)
    return render.page(
        request,
        "scripts/form.html",
        status=422 if error else 200,
        form=form,
        # What was refused may be anything: only what is clean is shown as formatted text.
        text=_shown(form.text),
        id=script_id,
        blank=rules.Outcome(),
        people=sorted(people, key=lambda one: one.name),
        lines=[(one.id, " ".join((one.title, shown(one.e164))).strip()) for one in lines],
        questionnaires=asked,
        servers=servers,
        letter_text=_shown(form.letter.text, letter=True),
        letter_files_there=[files[one] for one in form.letter.files if one in files],
        letter_tags=mail.tags.TAGS,
        most_files=mail.content.MAX_FILES,
        kinds=rules.KINDS,
        follows=rules.OUTCOMES,
        problem=render.said(request, error) if error else "",
        errors=render.fields_said(request, error) if error else {},
    )


def _shown(typed: str, *, letter: bool = False) -> str:
    try:
        return mail.content.clean(typed) if letter else rules.clean(typed)
    except BadInput:
        return rules.clean(rules.plain(typed)[: rules.MAX_TEXT])


async def _typed(request: web.Request) -> ScriptForm:
    """The form as it was sent: ``o`` are the keys of the outcomes in their order."""
    sent = await request.post()

    def text(name: str) -> str:
        value = sent.get(name, "")
        return value.replace("\x00", "") if isinstance(value, str) else ""

    def ids(name: str) -> list[int]:
        return [int(one) for one in map(str, sent.getall(name, [])) if _number(one)]

    outcomes = []
    for key in [str(one)[:20] for one in sent.getall("o", [])][: rules.MOST_OUTCOMES + 1]:
        follows: Any = text(f"kind-{key}")
        outcome = rules.Outcome(
            id=int(key) if _number(key) else None,
            title=text(f"title-{key}"),
            comment=text(f"comment-{key}"),
            kind=follows if follows in rules.OUTCOMES else "none",
        )
        # A row that was added and left empty is no outcome.
        if outcome.id is not None or outcome.title.strip() or outcome.comment.strip():
            outcomes.append(outcome)
    asked, server = text("questionnaire_id"), text("server_id")
    return ScriptForm(
        name=text("name"),
        kind="in" if text("kind") == "in" else "out",
        everybody=text("everybody") != "0",
        agents=ids("agents"),
        numbers=ids("numbers"),
        text=text("text"),
        outcomes=outcomes,
        skip_allowed=bool(text("skip_allowed")),
        autodial=bool(text("autodial")),
        questionnaire_id=int(asked) if _number(asked) else None,
        server_id=int(server) if _number(server) else None,
        letter=LetterPart(
            allowed=bool(text("letter_allowed")),
            subject=text("letter_subject"),
            text=text("letter_text"),
            files=ids("letter_files"),
        ),
    )


def _number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


async def _briefs(request: web.Request) -> list[ScriptBrief]:
    async with services(request).db.business(current(request).business_id) as session:
        rows = await queries.scripts(session, archived=None)
        uses = await queries.uses(session, [one.id for one in rows])
        talks, outcomes = await queries.result_counts(session), await queries.outcome_counts(session)
        people = await agents.by_ids(session, {one for use in uses.values() for one in use.agents})
        lines = await numbers.by_ids(session, {one for use in uses.values() for one in use.numbers})
        asked = {one.id: one.name for one in await questionnaires.choices(session)}
    found = [
        ScriptBrief(
            id=row.id,
            name=row.name,
            kind=row.kind,
            agents=sorted(people[one].name for one in uses[row.id].agents if one in people),
            numbers=sorted(lines[one].title or shown(lines[one].e164) for one in uses[row.id].numbers if one in lines),
            questionnaire=asked.get(row.questionnaire_id or 0, ""),
            outcomes=outcomes.get(row.id, 0),
            talks=talks.get(row.id, 0),
            changed_at=row.changed_at,
            archived=row.archived_at is not None,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one.archived)


async def _view(request: web.Request, script_id: int) -> ScriptView:
    async with services(request).db.business(current(request).business_id) as session:
        row = await editing.need(session, script_id)
        form = await editing.form_of(session, row)
    return ScriptView(id=row.id, archived=row.archived_at is not None, **msgspec.structs.asdict(form))


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


NAV = (NavItem("/scripts", "Scripts", "note", SCRIPTS_EDIT, 52, below=True),)
_ROUTES = (
    Route("GET", API, list_api, SCRIPTS_EDIT, summary="Scripts by name", returns=ScriptList),
    Route(
        "POST",
        API,
        create_api,
        SCRIPTS_EDIT,
        summary="Make a script",
        body=ScriptForm,
        returns=ScriptView,
        status=201,
    ),
    Route("GET", f"{API}/{ID}", one_api, SCRIPTS_EDIT, summary="A script with its outcomes", returns=ScriptView),
    Route(
        "PUT",
        f"{API}/{ID}",
        change_api,
        SCRIPTS_EDIT,
        summary="Change a script; results of talks keep their outcomes",
        body=ScriptForm,
        returns=ScriptView,
    ),
    Route(
        "POST",
        f"{API}/{ID}/copy",
        copy_api,
        SCRIPTS_EDIT,
        summary="Copy a script",
        returns=ScriptView,
        status=201,
    ),
    Route(
        "POST",
        f"{API}/{ID}/archive",
        archive_api,
        SCRIPTS_EDIT,
        summary="Take a script out of use",
        returns=ScriptView,
    ),
    Route(
        "POST",
        f"{API}/{ID}/restore",
        restore_api,
        SCRIPTS_EDIT,
        summary="Bring a script back out of the archive",
        returns=ScriptView,
    ),
    Route(
        "DELETE",
        f"{API}/{ID}",
        delete_api,
        SCRIPTS_EDIT,
        summary="Delete a script by which no talk was held",
        status=204,
    ),
    Route("GET", "/scripts", page, SCRIPTS_EDIT),
    Route("GET", "/scripts/new", new_page, SCRIPTS_EDIT),
    Route("POST", "/scripts", create_form, SCRIPTS_EDIT),
    Route("GET", f"/scripts/{ID}", edit_page, SCRIPTS_EDIT),
    Route("POST", f"/scripts/{ID}", change_form, SCRIPTS_EDIT),
    Route("POST", f"/scripts/{ID}/copy", copy_form, SCRIPTS_EDIT),
    Route("POST", f"/scripts/{ID}/archive", archive_form, SCRIPTS_EDIT),
    Route("POST", f"/scripts/{ID}/restore", restore_form, SCRIPTS_EDIT),
    Route("POST", f"/scripts/{ID}/delete", delete_form, SCRIPTS_EDIT),
)
ROUTES = tuple(replace(one, handler=planned(one.handler)) for one in _ROUTES)
