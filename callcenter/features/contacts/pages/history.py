"""The timeline of a card, comments and consents over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts.pages import views
from callcenter.features.contacts.pages.views import ConsentView, iso
from callcenter.features.contacts.queries import cards
from callcenter.features.contacts.rules import history as rules
from callcenter.features.contacts.usecases import history as usecase
from callcenter.features.contacts.usecases.history import CommentForm, ConsentForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SEE
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
EVENT = r"{event:\d{1,9}}"


class EntryView(msgspec.Struct, kw_only=True):
    """An entry of the history. ``id`` is None for what other sections keep (calls); ``data`` says which."""

    id: int | None
    kind: str
    at: str
    title: str
    text: str
    author: str
    category: str
    edited: bool
    may_edit: bool
    data: dict[str, Any]


class HistoryView(msgspec.Struct, kw_only=True):
    """A page of the history, newest first; ``before`` is what to ask for the next one with ('' at the end)."""

    entries: list[EntryView]
    before: str


class CommentMade(msgspec.Struct, kw_only=True):
    """The comment's id in the history."""

    id: int


async def history_api(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/{id}/history?kind=&before=."""
    found = await _page(request, _id(request))
    text = render.texts(request).gettext
    shown = [
        EntryView(
            id=one.id,
            kind=one.kind,
            at=iso(one.at),
            title=text(one.title),
            text=one.text,
            author=one.author,
            category=one.category,
            edited=one.edited,
            may_edit=one.editable,
            data=one.data,
        )
        for one in found.lines
    ]
    return render.api(request, HistoryView(entries=shown, before=_cursor(found)))


async def comment_api(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/{id}/comments."""
    form = await render.body(request, CommentForm)
    made = await usecase.comment(services(request), current(request), _id(request), form)
    return render.api(request, CommentMade(id=made), status=201)


async def entry_edit_api(request: web.Request) -> web.Response:
    """PATCH /api/v1/contacts/{id}/history/{event}."""
    form = await render.body(request, CommentForm)
    await usecase.edit(services(request), current(request), _id(request), _event(request), form)
    return web.Response(status=204)


async def entry_delete_api(request: web.Request) -> web.Response:
    """DELETE /api/v1/contacts/{id}/history/{event}."""
    await usecase.remove(services(request), current(request), _id(request), _event(request))
    return web.Response(status=204)


async def consent_api(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/{id}/consents."""
    form = await render.body(request, ConsentForm)
    await usecase.consent(services(request), current(request), _id(request), form)
    view = await views.load(services(request), current(request), _id(request))
    return render.api(request, view.consents, status=201)


async def comment_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/comments: from the card."""
    form = await render.body(request, CommentForm)
    await usecase.comment(services(request), current(request), _id(request), form)
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}")


async def entry_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/history/{event}: the corrected text."""
    form = await render.body(request, CommentForm)
    await usecase.edit(services(request), current(request), _id(request), _event(request), form)
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}")


async def entry_delete_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/history/{event}/delete."""
    await usecase.remove(services(request), current(request), _id(request), _event(request))
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}")


async def consent_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/consents."""
    form = await render.body(request, ConsentForm)
    await usecase.consent(services(request), current(request), _id(request), form)
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}?tab=info")


async def timeline(request: web.Request, contact_id: int) -> dict[str, Any]:
    """What the card's template needs for its timeline."""
    found = await _page(request, contact_id)
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        categories = [one for one in await cards.choices(session, "category") if one.active]
    return {
        "lines": found.lines,
        "older": _cursor(found),
        "first_page": "before" not in request.query,
        "kind": request.query.get("kind", ""),
        "categories": categories,
    }


async def _page(request: web.Request, contact_id: int) -> usecase.Page:
    before = None
    if text := request.query.get("before"):
        before = rules.cursor(text.replace(" ", "+"))
        if before is None:
            message = N_("This value cannot be used.")
            raise BadInput(message, fields={"before": message})
    kind = request.query.get("kind", "")
    return await usecase.page(services(request), current(request), contact_id, kind, before)


def _cursor(page: usecase.Page) -> str:
    return rules.cursor_text(page.older) if page.older else ""


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _event(request: web.Request) -> int:
    return int(request.match_info["event"])


ROUTES = (
    Route(
        "GET",
        f"/api/v1/contacts/{ID}/history",
        history_api,
        CONTACTS_SEE,
        summary="The history of a contact, newest first",
        returns=HistoryView,
        params=(
            Param("kind", "One kind only", {"type": "string", "enum": list(rules.FILTERS)}),
            Param("before", "Where the page before ended"),
        ),
    ),
    Route(
        "POST",
        f"/api/v1/contacts/{ID}/comments",
        comment_api,
        CONTACTS_EDIT,
        summary="Write a comment into the history",
        body=CommentForm,
        returns=CommentMade,
        status=201,
    ),
    Route(
        "PATCH",
        f"/api/v1/contacts/{ID}/history/{EVENT}",
        entry_edit_api,
        CONTACTS_EDIT,
        summary="Correct a comment; for administrators and the responsible employee",
        body=CommentForm,
        status=204,
    ),
    Route(
        "DELETE",
        f"/api/v1/contacts/{ID}/history/{EVENT}",
        entry_delete_api,
        CONTACTS_EDIT,
        summary="Delete a comment; for administrators and the responsible employee",
        status=204,
    ),
    Route(
        "POST",
        f"/api/v1/contacts/{ID}/consents",
        consent_api,
        CONTACTS_EDIT,
        summary="Note that a consent was given or taken back",
        body=ConsentForm,
        returns=list[ConsentView],
        status=201,
    ),
    Route("POST", f"/contacts/{ID}/comments", comment_form, CONTACTS_EDIT),
    Route("POST", f"/contacts/{ID}/history/{EVENT}", entry_form, CONTACTS_EDIT),
    Route("POST", f"/contacts/{ID}/history/{EVENT}/delete", entry_delete_form, CONTACTS_EDIT),
    Route("POST", f"/contacts/{ID}/consents", consent_form, CONTACTS_EDIT),
)
