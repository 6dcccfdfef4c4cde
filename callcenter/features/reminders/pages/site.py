"""The pages of reminders: one's lists, the form, the tab of a client's card, the part of a call's page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from callcenter.core.errors import BadInput, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.reminders import queries, rules
from callcenter.features.reminders.pages import rest
from callcenter.features.reminders.pages.rest import ID
from callcenter.features.reminders.usecases import keeping
from callcenter.features.reminders.usecases.keeping import ChangeForm, ReminderForm
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.formats import zone
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SEE
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Services, services

TITLES: dict[str, str] = {"open": N_("To do"), "done": N_("Done"), "given": N_("For others")}
TAB_PAGE = 30


async def page(request: web.Request) -> web.Response:
    """GET /reminders?list=&page=."""
    return await _page(request)


async def _page(request: web.Request, error: ProductError | None = None) -> web.Response:
    found, which = await rest.listed(request), rest.which(request)
    pages = max(1, -(-found.total // rest.PER_PAGE))

    def there(number: int) -> str:
        return f"/reminders?list={which}&page={number}"

    return render.page(
        request, "reminders/list.html", status=error.status if error else 200, found=found, which=which, titles=TITLES,
        kinds=rules.KINDS, icons=rules.ICONS, pages=pages, newer=there(found.page - 1) if found.page > 1 else "",
        older=there(found.page + 1) if found.page < pages else "", said=render.said(request, error) if error else "",
    )  # fmt: skip


async def new_page(request: web.Request) -> web.Response:
    """GET /reminders/new?contact=&call=."""
    person = current(request)
    at = rules.proposed(services(request).clock.now(), zone(person.timezone))
    typed = {
        "at": at.strftime("%Y-%m-%dT%H:%M"), "kind": "call", "text": "", "owner_id": str(person.membership_id),
        "contact_id": _digits(request.query.get("contact", "")), "call_id": request.query.get("call", "")[:64],
    }  # fmt: skip
    return await _form(request, typed)


async def edit_page(request: web.Request) -> web.Response:
    """GET /reminders/{id}."""
    found = await rest.one(request, rest.number(request))
    at = found.at.astimezone(zone(current(request).timezone))
    typed = {
        "at": at.strftime("%Y-%m-%dT%H:%M"), "kind": found.kind, "text": found.text, "owner_id": str(found.owner_id),
        "contact_id": str(found.contact_id or ""), "call_id": found.call_id or "",
    }  # fmt: skip
    return await _form(request, typed, found.id)


async def create_form(request: web.Request) -> web.Response:
    """POST /reminders."""
    typed = await _typed(request)
    try:
        form = ReminderForm(
            at=rules.moment(typed["at"], zone(current(request).timezone)),
            kind=_kind(typed["kind"]),
            text=typed["text"],
            owner_id=int(typed["owner_id"]) if typed["owner_id"] else None,
            contact_id=int(typed["contact_id"]) if typed["contact_id"] else None,
            call_id=typed["call_id"] or None,
        )
        await keeping.create(services(request), current(request), form)
    except NotFound:
        raise
    except ProductError as error:
        return await _form(request, typed, error=error)
    raise web.HTTPSeeOther(_back(typed))


async def change_form(request: web.Request) -> web.Response:
    """POST /reminders/{id}."""
    typed, reminder_id = await _typed(request), rest.number(request)
    try:
        form = ChangeForm(
            at=rules.moment(typed["at"], zone(current(request).timezone)), kind=_kind(typed["kind"]), text=typed["text"]
        )
        if typed["owner_id"]:
            form.owner_id = int(typed["owner_id"])
        await keeping.change(services(request), current(request), reminder_id, form)
    except NotFound:
        raise
    except ProductError as error:
        return await _form(request, typed, reminder_id, error)
    raise web.HTTPSeeOther("/reminders")


async def move_form(request: web.Request) -> web.Response:
    """POST /reminders/{id}/move: ``by`` is hour, or tomorrow (the same time on the next day)."""
    sent = await request.post()
    person, now = current(request), services(request).clock.now()
    found = await rest.one(request, rest.number(request))
    if sent.get("by") == "tomorrow":
        local, today = found.at.astimezone(zone(person.timezone)), now.astimezone(zone(person.timezone))
        at = datetime.combine(today.date() + timedelta(days=1), local.time(), local.tzinfo)
    else:
        at = max(now, found.at) + timedelta(hours=1)
    await keeping.change(services(request), person, found.id, ChangeForm(at=at))
    raise web.HTTPSeeOther(_place(str(sent.get("back", ""))))


async def done_form(request: web.Request) -> web.Response:
    """POST /reminders/{id}/done."""
    return await _act(request, keeping.done)


async def undo_form(request: web.Request) -> web.Response:
    """POST /reminders/{id}/undo."""
    here, person = services(request), current(request)
    await keeping.done(here, person, rest.number(request), undo=True)
    raise web.HTTPSeeOther("/reminders")


async def delete_form(request: web.Request) -> web.Response:
    """POST /reminders/{id}/delete: the page has asked."""
    return await _act(request, keeping.remove)


async def _act(request: web.Request, act: Any) -> web.Response:
    sent = await request.post()
    await act(services(request), current(request), rest.number(request))
    raise web.HTTPSeeOther(_place(str(sent.get("back", ""))))


async def _form(
    request: web.Request, typed: dict[str, str], reminder_id: int | None = None, error: ProductError | None = None
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        people = [one for one in await accounts.people(session) if one.status == "active"]
        contact_id = int(typed["contact_id"]) if typed["contact_id"] else None
        if contact_id is None and typed["call_id"]:
            contact_id = (await calls.taken(here, session, person, typed["call_id"])).contact_id
        if contact_id is not None:
            await contacts.need_see(session, person, contact_id)
        client = await contacts.get(session, contact_id) if contact_id is not None else None
        phones = await contacts.first_phones(session, [contact_id]) if contact_id is not None else {}
    return render.page(
        request,
        "reminders/form.html",
        status=error.status if error else 200,
        typed=typed,
        id=reminder_id,
        people=people,
        kinds=rules.KINDS,
        client=client,
        client_phone=phones.get(contact_id or 0, ""),
        back=_back(typed),
        problem=render.said(request, error) if error else "",
        errors=render.fields_said(request, error) if isinstance(error, BadInput) else {},
    )


async def _typed(request: web.Request) -> dict[str, str]:
    sent = await request.post()
    typed = {name: str(sent.get(name, "")).replace("\x00", "") for name in ("at", "kind", "text", "call_id")}
    typed |= {name: _digits(str(sent.get(name, ""))) for name in ("owner_id", "contact_id")}
    typed["call_id"] = typed["call_id"][:64]
    return typed


async def tab(here: Services, person: Current, contact_id: int, number: int) -> dict[str, Any]:
    """The reminders of a client on his card (TSK-21)."""
    async with here.db.business(person.business_id) as session:
        total = await queries.of_contact_total(session, contact_id)
        rows = await queries.of_contact(session, contact_id, (number - 1) * TAB_PAGE, TAB_PAGE)
        found = await rest.views(session, person, rows, here.clock.now())
    pages = max(1, -(-total // TAB_PAGE))
    return {
        "reminders": found, "kinds": rules.KINDS, "icons": rules.ICONS, "page": number, "pages": pages, "total": total
    }  # fmt: skip


async def of_call(here: Services, person: Current, call_id: str) -> dict[str, Any] | None:
    """The reminders that were made in a call, on its page."""
    async with here.db.business(person.business_id) as session:
        found = await rest.views(session, person, await queries.of_call(session, call_id), here.clock.now())
    return {"reminders": found, "kinds": rules.KINDS, "icons": rules.ICONS} if found else None


SECTION = contacts.Section("reminders", "reminders/tab.html", tab, title=N_("Reminders"))
PART = calls.Part("reminders", "reminders/call.html", of_call)


def _back(typed: dict[str, str]) -> str:
    if typed["call_id"]:
        return f"/calls/{typed['call_id']}"
    return f"/contacts/{typed['contact_id']}?tab=reminders" if typed["contact_id"] else "/reminders"


def _place(back: str) -> str:
    return f"/contacts/{back}?tab=reminders" if _digits(back) else "/reminders"


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and len(text) < 10 else ""


def _kind(text: str) -> rules.Kind:
    return next((one for one in rules.KINDS if one == text), "other")


NAV: tuple[NavItem, ...] = (NavItem("/reminders", "Reminders", "bell", CONTACTS_EDIT, 32),)
ROUTES: tuple[Route, ...] = (
    Route("GET", "/reminders", page, CONTACTS_SEE),
    Route("GET", "/reminders/new", new_page, CONTACTS_EDIT),
    Route("POST", "/reminders", create_form, CONTACTS_EDIT),
    Route("GET", f"/reminders/{ID}", edit_page, CONTACTS_EDIT),
    Route("POST", f"/reminders/{ID}", change_form, CONTACTS_EDIT),
    Route("POST", f"/reminders/{ID}/move", move_form, CONTACTS_EDIT),
    Route("POST", f"/reminders/{ID}/done", done_form, CONTACTS_EDIT),
    Route("POST", f"/reminders/{ID}/undo", undo_form, CONTACTS_EDIT),
    Route("POST", f"/reminders/{ID}/delete", delete_form, CONTACTS_EDIT),
)
