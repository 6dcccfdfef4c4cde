"""Reminders by the API, and the views that pages share with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.reminders import queries, rules
from callcenter.features.reminders.models import Reminder
from callcenter.features.reminders.queries import Wanted, Which
from callcenter.features.reminders.usecases import keeping
from callcenter.features.reminders.usecases.keeping import ChangeForm, ReminderForm
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SEE
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"
API = "/api/v1/reminders"
PER_PAGE = 50
MOST_DUE = 20
LISTS: tuple[Which, ...] = ("open", "done", "given")


class ReminderView(msgspec.Struct, kw_only=True):
    """A reminder. ``status`` done, overdue, or '' while its time has not come; ``client`` '' = of no client."""

    id: int
    at: datetime
    kind: str
    text: str
    status: str
    owner_id: int
    owner: str
    author: str
    contact_id: int | None
    client: str
    call_id: str | None
    mine: bool


class ReminderList(msgspec.Struct, kw_only=True):
    """A page of reminders, the next one first."""

    reminders: list[ReminderView]
    total: int
    page: int
    per_page: int


class DueList(msgspec.Struct, kw_only=True):
    """My reminders whose time has come, the newest first; ``total`` counts all of them."""

    reminders: list[ReminderView]
    total: int


async def views(
    session: AsyncSession, person: Current, rows: Sequence[Reminder], now: datetime
) -> list[ReminderView]:  # fmt: skip
    """Reminders as pages and the API show them."""
    if not rows:
        return []
    names = {one.membership_id: one.name for one in await accounts.people(session)}
    ids = {row.contact_id for row in rows if row.contact_id is not None}
    who = await contacts.viewer(session, person)
    seen = await contacts.access.only_visible(session, who, ids) if ids else set()
    cards, phones = await contacts.briefs(session, seen), await contacts.first_phones(session, seen)
    return [
        ReminderView(
            id=row.id,
            at=row.at,
            kind=row.kind,
            text=row.text,
            status=rules.status(row.at, row.done_at, now),
            owner_id=row.owner_id,
            owner=names.get(row.owner_id, ""),
            author=names.get(row.author_id or 0, "") if row.author_id != row.owner_id else "",
            contact_id=row.contact_id if row.contact_id in seen else None,
            client=cards[row.contact_id].name or phones.get(row.contact_id, "") if row.contact_id in cards else "",
            call_id=row.call_id,
            mine=person.membership_id in (row.owner_id, row.author_id),
        )
        for row in rows
    ]


async def listed(request: web.Request) -> ReminderList:
    """One of my lists, as the address asks for it."""
    here, person = services(request), current(request)
    typed = request.query.get("page", "")
    number = max(1, int(typed)) if typed.isascii() and typed.isdecimal() and len(typed) < 7 else 1
    wanted = Wanted(person.membership_id, which(request))
    async with here.db.business(person.business_id) as session:
        total = await queries.total(session, wanted)
        rows = await queries.page(session, wanted, (number - 1) * PER_PAGE, PER_PAGE)
        found = await views(session, person, rows, here.clock.now())
    return ReminderList(reminders=found, total=total, page=number, per_page=PER_PAGE)


def which(request: web.Request) -> Which:
    """Which list is asked for."""
    typed = request.query.get("list", "open")
    return next((one for one in LISTS if one == typed), "open")


async def one(request: web.Request, reminder_id: int) -> ReminderView:
    """One of my reminders. Raises NotFound."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        row = await keeping.need(session, person, reminder_id)
        return (await views(session, person, [row], here.clock.now()))[0]


async def list_api(request: web.Request) -> web.Response:
    """GET /api/v1/reminders?list=&page=."""
    return render.api(request, await listed(request))


async def due_api(request: web.Request) -> web.Response:
    """GET /api/v1/reminders/due."""
    here, person, now = services(request), current(request), services(request).clock.now()
    async with here.db.business(person.business_id) as session:
        rows = await queries.due(session, person.membership_id, now, MOST_DUE)
        total = await queries.due_count(session, person.membership_id, now)
        found = await views(session, person, rows, now)
    return render.api(request, DueList(reminders=found, total=total))


async def create_api(request: web.Request) -> web.Response:
    """POST /api/v1/reminders."""
    made = await keeping.create(services(request), current(request), await render.body(request, ReminderForm))
    return render.api(request, await one(request, made), status=201)


async def one_api(request: web.Request) -> web.Response:
    """GET /api/v1/reminders/{id}."""
    return render.api(request, await one(request, number(request)))


async def change_api(request: web.Request) -> web.Response:
    """PATCH /api/v1/reminders/{id}."""
    form = await render.body(request, ChangeForm)
    await keeping.change(services(request), current(request), number(request), form)
    return render.api(request, await one(request, number(request)))


async def done_api(request: web.Request) -> web.Response:
    """POST /api/v1/reminders/{id}/done."""
    await keeping.done(services(request), current(request), number(request))
    return render.api(request, await one(request, number(request)))


async def undo_api(request: web.Request) -> web.Response:
    """POST /api/v1/reminders/{id}/undo."""
    await keeping.done(services(request), current(request), number(request), undo=True)
    return render.api(request, await one(request, number(request)))


async def delete_api(request: web.Request) -> web.Response:
    """DELETE /api/v1/reminders/{id}."""
    await keeping.remove(services(request), current(request), number(request))
    return web.Response(status=204)


def number(request: web.Request) -> int:
    """The reminder's id in the address."""
    return int(request.match_info["id"])


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        API,
        list_api,
        CONTACTS_SEE,
        summary="My reminders, the next one first",
        returns=ReminderList,
        params=(Param("list", "open, done, or given (to others)"), Param("page", "from 1")),
    ),
    Route("GET", f"{API}/due", due_api, CONTACTS_SEE, summary="Reminders whose time has come", returns=DueList),
    Route(
        "POST",
        API,
        create_api,
        CONTACTS_EDIT,
        summary="Be reminded of a client or a call, or have a colleague reminded",
        body=ReminderForm,
        returns=ReminderView,
        status=201,
    ),
    Route("GET", f"{API}/{ID}", one_api, CONTACTS_SEE, summary="A reminder", returns=ReminderView),
    Route(
        "PATCH",
        f"{API}/{ID}",
        change_api,
        CONTACTS_EDIT,
        summary="Move or rewrite a reminder",
        body=ChangeForm,
        returns=ReminderView,
    ),
    Route("POST", f"{API}/{ID}/done", done_api, CONTACTS_EDIT, summary="A reminder is done", returns=ReminderView),
    Route("POST", f"{API}/{ID}/undo", undo_api, CONTACTS_EDIT, summary="Open it again", returns=ReminderView),
    Route("DELETE", f"{API}/{ID}", delete_api, CONTACTS_EDIT, summary="Take a reminder away", status=204),
)
