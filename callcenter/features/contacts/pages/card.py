"""The card over HTTP: seen, made, changed, put into the archive, deleted."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from msgspec import UNSET

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api, queries
from callcenter.features.contacts.models import Contact
from callcenter.features.contacts.pages import forms, history, views
from callcenter.features.contacts.pages.views import ContactView
from callcenter.features.contacts.queries import access, cards
from callcenter.features.contacts.rules import fields
from callcenter.features.contacts.rules import history as entries
from callcenter.features.contacts.usecases import ending, saving
from callcenter.features.contacts.usecases.forms import ClientForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SEE, CONTACTS_SETUP
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
KIND = Param("kind", "person or organisation", {"type": "string", "enum": list(fields.KINDS)})


async def contact_one(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/{id}."""
    return render.api(request, await _view(request, _id(request)))


async def contact_save(request: web.Request) -> web.Response:
    """PUT or PATCH /api/v1/contacts/{id}: makes a client of a contact, or changes one."""
    form = await render.body(request, ClientForm)
    await saving.change(services(request), current(request), _id(request), form)
    return render.api(request, await _view(request, _id(request)))


async def contact_create(request: web.Request) -> web.Response:
    """POST /api/v1/contacts?kind=…: a new client or organisation."""
    form = await render.body(request, ClientForm)
    made = await saving.create(services(request), current(request), form, kind_asked(request))
    return render.api(request, await _view(request, made), status=201)


async def contact_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/contacts/{id}: for good."""
    await ending.remove(services(request), current(request), _id(request))
    return web.Response(status=204)


async def contact_archive(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/{id}/archive."""
    await ending.archive(services(request), current(request), _id(request))
    return render.api(request, await _view(request, _id(request)))


async def card_page(request: web.Request) -> web.Response:
    """GET /contacts/{id}: the card, or with ?edit=1 its form."""
    view = await _view(request, _id(request))
    if view.saved and "edit" in request.query:
        current(request).need(CONTACTS_EDIT)
        return await _form_page(request, view.kind, view, forms.filled(view))
    return await _card(request, view)


async def card_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}: the form of the card, or «create client» of a number."""
    view = await _view(request, _id(request))
    form = await forms.client_form(request)
    try:
        await saving.change(services(request), current(request), view.id, form)
    except BadInput as error:
        if view.saved:
            return await _form_page(request, view.kind, view, form, error)
        return await _card(request, view, form, error)
    raise web.HTTPSeeOther(await _next(request, f"/contacts/{view.id}", view.kind))


async def new_page(request: web.Request) -> web.Response:
    """GET /contacts/new or /organisations/new: an empty form; ?organisation=… for a nested contact, ?phone=…"""
    kind, form = kind_asked(request), ClientForm(phone=request.query.get("phone", "")[:40])
    organisation = request.query.get("organisation", "")
    if kind == fields.PERSON and organisation.isascii() and organisation.isdecimal() and len(organisation) < 10:
        view = await _view(request, int(organisation))
        form = ClientForm(organisation=view.name, organisation_id=view.id)
    return await _form_page(request, kind, None, form)


async def new_form(request: web.Request) -> web.Response:
    """POST /contacts/new?kind=…"""
    kind, form = kind_asked(request), await forms.client_form(request)
    try:
        made = await saving.create(services(request), current(request), form, kind)
    except BadInput as error:
        return await _form_page(request, kind, None, form, error)
    raise web.HTTPSeeOther(await _next(request, f"/contacts/{made}", kind))


async def archive_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/archive."""
    await ending.archive(services(request), current(request), _id(request))
    raise web.HTTPSeeOther(f"/contacts/{_id(request)}")


async def delete_form(request: web.Request) -> web.Response:
    """POST /contacts/{id}/delete."""
    view = await _view(request, _id(request))
    await ending.remove(services(request), current(request), view.id)
    raise web.HTTPSeeOther("/organisations" if view.kind == fields.ORGANISATION else "/contacts")


async def _next(request: web.Request, card: str, kind: str) -> str:
    """Where to go after saving: «save and create another» leads to an empty form (CON-21)."""
    form = await request.post() if request.content_type != "application/json" else {}
    if not form.get("another"):
        return card
    return "/organisations/new" if kind == fields.ORGANISATION else "/contacts/new"


async def _card(
    request: web.Request, view: ContactView, typed: ClientForm | None = None, error: BadInput | None = None
) -> web.Response:
    here, person = services(request), current(request)
    page = request.query.get("page", "1")
    number = max(int(page), 1) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
    tabs = ["info", "activity"] if view.saved else ["activity", "create"]
    if view.kind == fields.ORGANISATION:
        tabs.insert(1, "people")
    added = api.sections()
    tabs += [section.name for section in added]
    tab = request.query.get("tab", "activity")
    if error is not None or (not view.saved and "edit" in request.query):
        tab = "create"
    if tab not in tabs:
        tab = "activity"
    section: dict[str, Any] = {}
    template = ""
    for one in added:
        if one.name == tab:
            template, section = one.template, await one.load(here, person, view.id, number)
    async with here.db.business(person.business_id) as session:
        layout = await cards.layout(session, view.kind)
        phones: dict[int, str] = {}
        nested: list[Contact] = []
        total = 0
        if view.kind == fields.ORGANISATION:
            viewer = await access.viewer(session, person)
            nested, total = await cards.nested(session, viewer, view.id, number)
            phones = await queries.first_phones(session, [one.id for one in nested])
        offered = await _offered(session) if tab == "create" else {}
    timeline = await history.timeline(request, view.id) if tab == "activity" else {}
    return render.page(
        request,
        "contacts/card.html",
        status=422 if error else 200,
        contact=view,
        tab=tab,
        tabs=[(name, _title(name, added)) for name in tabs],
        layout=layout,
        nested=nested,
        nested_total=total,
        nested_phones=phones,
        page=number,
        pages=max(1, -(-total // cards.NESTED_PER_PAGE)),
        section=section,
        section_template=template,
        form=typed or ClientForm(),
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        words=WORDS,
        is_unset=lambda value: value is UNSET,
        **offered,
        **timeline,
    )


TAB_TITLES = {
    "info": N_("Info"),
    "people": N_("Contacts"),
    "activity": N_("Activity"),
    "create": N_("Create client"),
}
WORDS: dict[str, Any] = {
    "phones": fields.PHONE_KINDS,
    "channels": fields.CHANNELS,
    "access": fields.ACCESS,
    "consents": fields.CONSENTS,
    "filters": entries.FILTERS,
    "icons": entries.ICONS,
    "sex": fields.SEX,
    "sources": fields.SOURCES,
}


def _title(name: str, added: list[api.Section]) -> str:
    return next((one.title for one in added if one.name == name and one.title), TAB_TITLES.get(name, name))


async def _form_page(
    request: web.Request, kind: str, view: ContactView | None, form: ClientForm, error: BadInput | None = None
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        layout = await cards.layout(session, kind)
        offered = await _offered(session)
    return render.page(
        request,
        "contacts/card_form.html",
        status=422 if error else 200,
        contact=view,
        kind=kind,
        layout=[one for one in layout if not one.hidden],
        form=form,
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        words=WORDS,
        me=person.membership_id,
        may_move=view is None or view.may_move,
        currencies=fields.CURRENCIES,
        is_unset=lambda value: value is UNSET,
        **offered,
    )


async def _offered(session: Any) -> dict[str, Any]:
    """What the form offers to choose from."""
    choices = await cards.choices(session, "type", "warmth")
    return {
        "members": [one for one in await accounts.people(session) if one.status == "active"],
        "types": [one for one in choices if one.kind == "type"],
        "warmths": [one for one in choices if one.kind == "warmth"],
        "own": [
            one
            for one in await cards.layout(session, fields.PERSON)
            if one.id is not None and not one.hidden and one.type != "file"
        ],
    }


async def _view(request: web.Request, contact_id: int) -> ContactView:
    return await views.load(services(request), current(request), contact_id, render.language(request))


def kind_asked(request: web.Request) -> str:
    """Whether a person or an organisation is meant: by the address, else by ?kind=."""
    kind = request.query.get("kind", "")
    if request.path.startswith("/organisations"):
        kind = kind or fields.ORGANISATION
    if kind not in ("", *fields.KINDS):
        raise BadInput(N_("This value cannot be used."), fields={"kind": N_("This value cannot be used.")})
    return kind or fields.PERSON


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


ROUTES = (
    Route(
        "GET",
        f"/api/v1/contacts/{ID}",
        contact_one,
        CONTACTS_SEE,
        summary="A contact with everything on its card",
        returns=ContactView,
    ),
    Route(
        "POST",
        "/api/v1/contacts",
        contact_create,
        CONTACTS_EDIT,
        summary="Save a new client or organisation",
        body=ClientForm,
        returns=ContactView,
        params=(KIND,),
        status=201,
    ),
    *(
        Route(
            method,
            f"/api/v1/contacts/{ID}",
            contact_save,
            CONTACTS_EDIT,
            summary="Make a client of a contact, or change one; what is left out stays, and so does the history",
            body=ClientForm,
            returns=ContactView,
        )
        for method in ("PUT", "PATCH")
    ),
    Route(
        "DELETE",
        f"/api/v1/contacts/{ID}",
        contact_delete,
        CONTACTS_SETUP,
        summary="Delete a card for good, with its history and files",
        status=204,
    ),
    Route(
        "POST",
        f"/api/v1/contacts/{ID}/archive",
        contact_archive,
        CONTACTS_EDIT,
        summary="Put a card into the archive; it cannot come back",
        returns=ContactView,
    ),
    Route("GET", "/contacts/new", new_page, CONTACTS_EDIT),
    Route("POST", "/contacts/new", new_form, CONTACTS_EDIT),
    Route("GET", "/organisations/new", new_page, CONTACTS_EDIT),
    Route("GET", f"/contacts/{ID}", card_page, CONTACTS_SEE),
    Route("POST", f"/contacts/{ID}", card_form, CONTACTS_EDIT),
    Route("POST", f"/contacts/{ID}/archive", archive_form, CONTACTS_EDIT),
    Route("POST", f"/contacts/{ID}/delete", delete_form, CONTACTS_SETUP),
)
