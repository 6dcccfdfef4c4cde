"""The routing's API."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.pages import views
from callcenter.features.dialplan.rules import own, textdiff, versions
from callcenter.features.dialplan.usecases import applying, editing, staging, starting
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services

PER_PAGE = 20
_AS_IT_IS = "%(text)s"


class ApplyBody(msgspec.Struct, kw_only=True):
    """``note`` says what it is for (at most 200 characters)."""

    note: str = ""


class OwnBody(msgspec.Struct, kw_only=True):
    """The whole text of the own dialplan."""

    text: str = ""


class SettingBody(msgspec.Struct, kw_only=True):
    """``at_once``: every save is applied, when the checks find no fault."""

    at_once: bool = False


class DiffLine(msgspec.Struct, kw_only=True):
    """A line: ``kind`` file, at, same, plus or minus."""

    kind: str
    text: str


class DiffView(msgspec.Struct, kw_only=True):
    """The difference of Asterisk's files; passwords are masked."""

    lines: list[DiffLine]


async def routing(request: web.Request) -> web.Response:
    """GET /api/v1/routing."""
    here, person = services(request), current(request)
    step = starting.step(here, person.business_id)
    return render.api(request, await view(request, await staging.draft(here, person.business_id), step))


async def view(request: web.Request, found: staging.Draft, step: str) -> views.RoutingView:
    """What is live and what is edited; ``step`` is what an apply did when the draft was read."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        live = await queries.version(session, found.live_number)
        company = await accounts.business(session, person.business_id)
    return views.RoutingView(
        live=views.version_view(request, live, found.live_number, found.names, await views.prompt_titles(request)),
        changes=views.change_views(request, found.changes),
        findings=views.finding_views(request, found.findings),
        at_once=bool(company and company.settings.get(versions.SETTING)),
        step=step,
    )


async def progress(request: web.Request) -> web.Response:
    """GET /api/v1/routing/progress: cheap enough to be asked again and again."""
    here, business_id = services(request), current(request).business_id
    step = starting.step(here, business_id)
    title = views.say(request, applying.STEPS[step], {}) if step else ""
    count = 0 if step else await staging.count_changes(here, business_id)
    return render.api(request, views.ProgressView(step=step, step_title=title, changes=count))


async def diff(request: web.Request) -> web.Response:
    """GET /api/v1/routing/diff."""
    found = await staging.draft(services(request), current(request).business_id, files=True)
    lines = textdiff.difference(found.live_files, found.files)
    return render.api(request, DiffView(lines=[DiffLine(kind=one.kind, text=one.text) for one in lines]))


async def apply(request: web.Request) -> web.Response:
    """POST /api/v1/routing/apply: waits until it is done (seconds; a long greeting makes the test call long)."""
    here, person = services(request), current(request)
    body = await render.body(request, ApplyBody)
    try:
        version = await staging.apply_draft(
            here, person.business_id, user_id=person.user_id, by=person.name, note=body.note
        )
    except staging.Refused as error:
        raise in_words(request, error) from error
    return render.api(request, views.version_view(request, version, version.number))


async def discard(request: web.Request) -> web.Response:
    """DELETE /api/v1/routing/draft."""
    await staging.throw_away(services(request), current(request))
    return await routing(request)


async def version_list(request: web.Request) -> web.Response:
    """GET /api/v1/routing/versions?page=N."""
    return render.api(request, await versions_page(request, page_number(request)))


async def versions_page(request: web.Request, page: int) -> views.VersionList:
    """A page of versions."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        live = await queries.live_version(session)
        rows, total = await queries.version_list(session, skip=(page - 1) * PER_PAGE, count=PER_PAGE)
    number = live.number if live else 0
    return views.VersionList(versions=[views.version_view(request, one, number) for one in rows], total=total)


async def bring_back(request: web.Request) -> web.Response:
    """POST /api/v1/routing/versions/{number}/back: makes it the draft and applies it."""
    here, person = services(request), current(request)
    try:
        version = await staging.bring_back(here, person, number_of(request))
    except staging.Refused as error:
        raise in_words(request, error) from error
    return render.api(request, views.version_view(request, version, version.number))


async def own_text(request: web.Request) -> web.Response:
    """GET /api/v1/routing/own."""
    return render.api(request, await own_view(request))


async def own_view(request: web.Request) -> views.OwnView:
    """The own dialplan's draft with its faults."""
    here, person = services(request), current(request)
    text, found = await editing.own(here, person.business_id)
    return views.OwnView(text=text, prefix=own.prefix(person.business_id), findings=views.finding_views(request, found))


async def set_own(request: web.Request) -> web.Response:
    """PUT /api/v1/routing/own."""
    body = await render.body(request, OwnBody)
    here, person = services(request), current(request)
    await editing.set_own(here, person, body.text, apply=request.query.get("apply") == "1")
    return render.api(request, await own_view(request))


async def set_setting(request: web.Request) -> web.Response:
    """PUT /api/v1/routing/setting."""
    body = await render.body(request, SettingBody)
    await editing.set_at_once(services(request), current(request), body.at_once)
    return render.api(request, body)


def in_words(request: web.Request, error: staging.Refused) -> Conflict:
    """The refusal with its reason in the reader's language."""
    return Conflict(_AS_IT_IS, code=error.error_code, text=views.refused(request, error))


def number_of(request: web.Request) -> int:
    """The version's number in the address."""
    return int(request.match_info["number"])


def page_number(request: web.Request) -> int:
    """``?page=``."""
    text = request.query.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text)):
        raise BadInput(N_("Some data cannot be used."))
    return int(text)


def missing() -> NotFound:
    """There is no such version."""
    return NotFound(staging.NO_VERSION)
