"""Administrators make forms and give lists their addresses."""

from __future__ import annotations

import secrets

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.webforms import queries, rules
from callcenter.features.webforms.models import WebForm
from callcenter.http.current import current
from callcenter.plugin import services

GONE = N_("This form is not there.")
TOKEN_BYTES = 24


class FormForm(msgspec.Struct, kw_only=True):
    """A form: ``fields`` are keys of rules.FIELDS or field-<id>; ``thanks`` is said after sending."""

    title: str = ""
    fields: list[str] = []
    list_id: int | str | None = None
    tag_id: int | str | None = None
    responsible_id: int | str | None = None
    thanks: str = ""
    active: bool = False


async def save(request: web.Request, form: FormForm, form_id: int | None = None) -> int:
    """Makes or changes a form. Raises BadInput, NotFound."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        if form_id is None:
            row = WebForm(token=new_token(), received=0, created_at=here.clock.now())
        else:
            row = await _one(session, form_id)
        row.title = form.title.strip()[:101]
        if not 0 < len(row.title) <= 100:
            message = N_("Give the form a name of at most 100 characters.")
            raise BadInput(message, fields={"title": message})
        row.fields = await _fields(session, form.fields)
        row.list_id = await _chosen(session, "list_id", form.list_id)
        row.tag_id = await _chosen(session, "tag_id", form.tag_id)
        row.responsible_id = await _chosen(session, "responsible_id", form.responsible_id)
        row.thanks = " ".join(form.thanks.split())[:300]
        row.active = form.active
        session.add(row)
        await session.flush()
        action = "webform.create" if form_id is None else "webform.change"
        await accounts.audit(session, request, action, "webform", row.id, title=row.title)
        return row.id


async def renew(request: web.Request, form_id: int) -> None:
    """Gives a form a new address; the old one does nothing any more. Raises NotFound."""
    async with services(request).db.business(current(request).business_id) as session:
        row = await _one(session, form_id)
        row.token = new_token()
        await accounts.audit(session, request, "webform.renew", "webform", row.id, title=row.title)


async def remove(request: web.Request, form_id: int) -> None:
    """Deletes a form; its clients stay. Raises NotFound."""
    async with services(request).db.business(current(request).business_id) as session:
        row = await _one(session, form_id)
        await accounts.audit(session, request, "webform.delete", "webform", row.id, title=row.title)
        await session.delete(row)


async def address_of_list(request: web.Request, list_id: int, *, on: bool) -> None:
    """Gives a list a new secret address, or takes it away. Raises NotFound."""
    async with services(request).db.business(current(request).business_id) as session:
        row = next((one for one in await contacts.exporting.lists(session) if one.id == list_id), None)
        if row is None:
            raise NotFound(N_("This list is not there."))
        row.token = new_token() if on else None
        action = "list.address" if on else "list.address.off"
        await accounts.audit(session, request, action, "list", row.id, title=row.title)


def new_token() -> str:
    """A secret part of an address that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


async def _one(session: AsyncSession, form_id: int) -> WebForm:
    row = await queries.one(session, form_id)
    if row is None:
        raise NotFound(GONE)
    return row


async def _fields(session: AsyncSession, wanted: list[str]) -> list[str]:
    own = {f"{rules.OWN}{one.id}" for one in await contacts.leads.own_fields(session)}
    chosen = [key for key in (*rules.FIELDS, *sorted(own)) if key in wanted]
    if not {"phone", "email"} & set(chosen):
        message = N_("A form needs the telephone or the e-mail: how else can the client be reached?")
        raise BadInput(message, fields={"fields": message})
    return chosen


async def _chosen(session: AsyncSession, field: str, typed: int | str | None) -> int | None:
    if typed in ("", None):
        return None
    if field == "list_id":
        known = {one.id for one in await contacts.exporting.lists(session)}
    elif field == "tag_id":
        known = {one.id for one in await contacts.leads.tags(session)}
    else:
        known = {one.membership_id for one in await accounts.people(session) if one.status == "active"}
    number = int(typed) if str(typed).isascii() and str(typed).isdecimal() else 0
    if number not in known:
        message = N_("What was chosen is not here. It may have been deleted.")
        raise BadInput(message, fields={field: message})
    return number
