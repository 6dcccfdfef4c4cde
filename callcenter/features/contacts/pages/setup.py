"""Fields, types and other settings of the cards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts.pages.card import KIND
from callcenter.features.contacts.queries import access, cards
from callcenter.features.contacts.rules import access as rules
from callcenter.features.contacts.rules import fields
from callcenter.features.contacts.usecases import setup
from callcenter.features.contacts.usecases.setup import (
    AccessForm,
    ChoiceForm,
    ChoicesForm,
    FieldForm,
    LayoutForm,
)
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_SEE, CONTACTS_SETUP
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

CHOICE_KIND = Param("kind", "type, warmth or category", {"type": "string", "enum": list(fields.CHOICES)})


class FieldView(msgspec.Struct, kw_only=True):
    """A field of the card in its place; a base one has a ``key``, an own one an ``id`` and ``used`` cards with it."""

    key: str
    id: int | None
    title: str
    type: str
    options: list[str]
    hidden: bool
    fixed: bool
    used: int = 0


class ChoiceView(msgspec.Struct, kw_only=True):
    """A word to choose, and how many cards have it."""

    id: int
    title: str
    active: bool
    used: int


class AccessView(msgspec.Struct, kw_only=True):
    """shared or own."""

    mode: str


async def fields_api(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/fields?kind=."""
    return render.api(request, await _fields(request, _kind(request)))


async def fields_save_api(request: web.Request) -> web.Response:
    """PUT /api/v1/contacts/fields?kind=."""
    kind, form = _kind(request), await render.body(request, LayoutForm)
    await setup.save_layout(services(request), current(request), kind, form)
    return render.api(request, await _fields(request, kind))


async def choices_api(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/choices?kind=."""
    return render.api(request, await _choices(request, _choice_kind(request)))


async def choices_save_api(request: web.Request) -> web.Response:
    """PUT /api/v1/contacts/choices?kind=."""
    kind, form = _choice_kind(request), await render.body(request, ChoicesForm)
    await setup.save_choices(services(request), current(request), kind, form)
    return render.api(request, await _choices(request, kind))


async def access_api(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/access."""
    return render.api(request, AccessView(mode=await _mode(request)))


async def access_save_api(request: web.Request) -> web.Response:
    """PUT /api/v1/contacts/access."""
    form = await render.body(request, AccessForm)
    await setup.save_access(services(request), current(request), form)
    return render.api(request, AccessView(mode=form.mode))


async def setup_page(request: web.Request) -> web.Response:
    """GET /contacts/setup?kind=person|organisation."""
    return await _page(request)


async def fields_form(request: web.Request) -> web.Response:
    """POST /contacts/setup/fields?kind=."""
    kind = _kind(request)
    form = layout_form(await _sent(request))
    return await _done(request, lambda: setup.save_layout(services(request), current(request), kind, form), form=form)


async def choices_form(request: web.Request) -> web.Response:
    """POST /contacts/setup/choices?list=."""
    kind = _choice_kind(request, "list")
    form = choice_form(await _sent(request))
    return await _done(
        request, lambda: setup.save_choices(services(request), current(request), kind, form), words={kind: form}
    )


async def access_form(request: web.Request) -> web.Response:
    """POST /contacts/setup/access."""
    form = await render.body(request, AccessForm)
    return await _done(request, lambda: setup.save_access(services(request), current(request), form))


def layout_form(sent: dict[str, list[str]]) -> LayoutForm:
    """The form of the fields: ``order`` names the rows, whose parts are ``title.<row>`` and so on.

    A row is ``key:<key>``, ``own:<id>`` or ``new:<n>``.
    """
    found: list[FieldForm] = []
    deleted: list[int] = []
    for row in sent.get("order", [])[:300]:
        what, _, name = row.partition(":")

        def part(of: str, row: str = row) -> str:
            return (sent.get(f"{of}.{row}") or [""])[-1]

        own = int(name) if what == "own" and name.isascii() and name.isdecimal() and len(name) < 10 else None
        if part("deleted"):
            deleted += [own] if own is not None else []
            continue
        found.append(
            FieldForm(
                key=name if what == "key" else "",
                id=own,
                title=part("title"),
                type=part("type") or "text",
                options=part("options").splitlines(),
                hidden=not part("shown"),
            )
        )
    return LayoutForm(fields=found, deleted=deleted)


def choice_form(sent: dict[str, list[str]]) -> ChoicesForm:
    """The form of types, warmth or categories: ``order`` names the rows, an id or ``new:<n>``."""
    found: list[ChoiceForm] = []
    for row in sent.get("order", [])[: setup.MAX_CHOICES + 1]:
        title = (sent.get(f"title.{row}") or [""])[-1]
        whole = row.isascii() and row.isdecimal() and len(row) < 10
        # A new row that nothing was typed into is not meant.
        if (sent.get(f"deleted.{row}") or [""])[-1] or (not whole and not title.strip()):
            continue
        active = bool((sent.get(f"shown.{row}") or [""])[-1])
        found.append(ChoiceForm(id=int(row) if whole else None, title=title, active=active))
    return ChoicesForm(choices=found)


async def _sent(request: web.Request) -> dict[str, list[str]]:
    form = await request.post()
    sent = {name: [one for one in form.getall(name) if isinstance(one, str)] for name in form}
    if any("\x00" in one for values in sent.values() for one in values):
        raise BadInput(N_("Some data cannot be used."), code="nul")
    return sent


async def _done(
    request: web.Request,
    run: Callable[[], Awaitable[None]],
    *,
    form: LayoutForm | None = None,
    words: dict[str, ChoicesForm] | None = None,
) -> web.Response:
    try:
        await run()
    except BadInput as error:
        return await _page(request, form, words or {}, error)
    raise web.HTTPSeeOther(f"/contacts/setup?kind={_kind(request)}&saved=1")


async def _page(
    request: web.Request,
    typed: LayoutForm | None = None,
    words: dict[str, ChoicesForm] | None = None,
    error: BadInput | None = None,
) -> web.Response:
    kind = _kind(request)
    stored = await _fields(request, kind)
    shown: list[dict[str, Any]] = []
    if typed is None:
        shown = [{"view": one, "form": one} for one in stored]
    else:
        by_ref = {one.key or one.id: one for one in stored}
        for one in typed.fields:
            shown.append({"view": by_ref.get(one.key or one.id), "form": one})
        shown += [{"view": by_ref[i], "form": by_ref[i], "deleted": True} for i in typed.deleted if i in by_ref]
    return render.page(
        request,
        "contacts/setup.html",
        status=422 if error else 200,
        kind=kind,
        rows=shown,
        types=fields.OWN_TYPES,
        lists={
            name: {"title": title, "stored": await _choices(request, name), "typed": (words or {}).get(name)}
            for name, title in fields.CHOICES.items()
        },
        mode=await _mode(request),
        saved="saved" in request.query and error is None,
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
    )


async def _fields(request: web.Request, kind: str) -> list[FieldView]:
    async with services(request).db.business(current(request).business_id) as session:
        layout = await cards.layout(session, kind)
        used = await cards.used_fields(session)
    return [
        FieldView(
            key=one.key,
            id=one.id,
            title=render.texts(request).gettext(one.title) if one.key else one.title,
            type=one.type,
            options=list(one.options),
            hidden=one.hidden,
            fixed=one.fixed,
            used=used.get(one.id or 0, 0),
        )
        for one in layout
    ]


async def _choices(request: web.Request, kind: str) -> list[ChoiceView]:
    async with services(request).db.business(current(request).business_id) as session:
        found = await cards.choices(session, kind)
        used = await cards.used_choices(session)
    return [ChoiceView(id=one.id, title=one.title, active=one.active, used=used.get(one.id, 0)) for one in found]


async def _mode(request: web.Request) -> str:
    async with services(request).db.business(current(request).business_id) as session:
        viewer = await access.viewer(session, current(request))
    return rules.MODES[0] if viewer.shared else rules.MODES[1]


def _kind(request: web.Request) -> str:
    return _one_of(request, "kind", fields.KINDS)


def _choice_kind(request: web.Request, name: str = "kind") -> str:
    return _one_of(request, name, tuple(fields.CHOICES))


def _one_of(request: web.Request, name: str, known: tuple[str, ...]) -> str:
    found = request.query.get(name, known[0])
    if found not in known:
        raise BadInput(N_("This value cannot be used."), fields={name: N_("This value cannot be used.")})
    return found


ROUTES = (
    Route(
        "GET",
        "/api/v1/contacts/fields",
        fields_api,
        CONTACTS_SEE,
        summary="The fields of a card in their order",
        returns=list[FieldView],
        params=(KIND,),
    ),
    Route(
        "PUT",
        "/api/v1/contacts/fields",
        fields_save_api,
        CONTACTS_SETUP,
        summary="Arrange the fields of a card: order, hidden ones, own ones",
        body=LayoutForm,
        returns=list[FieldView],
        params=(KIND,),
    ),
    Route(
        "GET",
        "/api/v1/contacts/choices",
        choices_api,
        CONTACTS_SEE,
        summary="Client types, warmth levels or categories of history entries",
        returns=list[ChoiceView],
        params=(CHOICE_KIND,),
    ),
    Route(
        "PUT",
        "/api/v1/contacts/choices",
        choices_save_api,
        CONTACTS_SETUP,
        summary="Set client types, warmth levels or categories",
        body=ChoicesForm,
        returns=list[ChoiceView],
        params=(CHOICE_KIND,),
    ),
    Route(
        "GET",
        "/api/v1/contacts/access",
        access_api,
        CONTACTS_SEE,
        summary="Whether employees see all clients or their own",
        returns=AccessView,
    ),
    Route(
        "PUT",
        "/api/v1/contacts/access",
        access_save_api,
        CONTACTS_SETUP,
        summary="Set whether employees see all clients or their own",
        body=AccessForm,
        returns=AccessView,
    ),
    Route("GET", "/contacts/setup", setup_page, CONTACTS_SETUP),
    Route("POST", "/contacts/setup/fields", fields_form, CONTACTS_SETUP),
    Route("POST", "/contacts/setup/choices", choices_form, CONTACTS_SETUP),
    Route("POST", "/contacts/setup/access", access_form, CONTACTS_SETUP),
)
