"""What strangers send: limited, looked at for robots, put into the base, told to who is responsible."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import msgspec
from aiohttp import web
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound, TooMany
from callcenter.core.events import MemberNotice
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.webforms import queries, rules
from callcenter.features.webforms.models import WebForm
from callcenter.http import render
from callcenter.plugin import Services, services

NOWHERE = N_("There is nothing at this address.")
OFTEN = N_("Too many were sent. Wait a little and try again.")


class Gate:
    """What this process remembers of who sent how much; the secret signs when a form was shown."""

    def __init__(self) -> None:
        self.buckets = rules.Buckets()
        self.secret = secrets.token_hex(16)


class Place(NamedTuple):
    """Where a client is to be put. ``form`` is None for the address of a list."""

    business_id: int
    language: str
    title: str
    list_id: int | None
    tag_id: int | None = None
    responsible_id: int | None = None
    form: WebForm | None = None


def gate(here: Services) -> Gate:
    """The one of this process."""
    return here.part(Gate, lambda _: Gate())


async def form_at(here: Services, token: str) -> Place:
    """The form at an address. Raises NotFound, also when it is switched off."""
    async with here.db.system() as session:
        row = await queries.of_token(session, token)
        business = await accounts.business(session, row.business_id) if row and row.active else None
    if row is None or business is None:
        raise NotFound(NOWHERE)
    return Place(row.business_id, business.language, row.title, row.list_id, row.tag_id, row.responsible_id, row)


async def list_at(here: Services, token: str) -> Place:
    """The list at an address. Raises NotFound."""
    async with here.db.system() as session:
        row = await contacts.leads.list_of_token(session, token)
        business = await accounts.business(session, row.business_id) if row else None
    if row is None or business is None:
        raise NotFound(NOWHERE)
    return Place(row.business_id, business.language, row.title, row.id)


def limit(request: web.Request, key: str, rate: rules.Rate) -> None:
    """Raises TooMany when there was more under ``key`` than the rate allows."""
    here = services(request)
    wait = gate(here).buckets.take((key, str(rate)), rate, here.clock.epoch())
    if wait:
        raise TooMany(OFTEN, retry_after=wait)


async def sent(request: web.Request) -> dict[str, str]:
    """The fields that were sent, as a form or as JSON. Raises BadInput."""
    if (request.content_length or 0) > rules.MAX_BODY or len(raw := await request.read()) > rules.MAX_BODY:
        raise BadInput(N_("This is too large to be sent."), code="too_large")
    if request.content_type == "application/json" or raw.lstrip()[:1] == b"{":
        return _texts(render.decode(raw, dict[str, Any]))
    if request.content_type != "application/x-www-form-urlencoded":
        raise BadInput(N_("This kind of data is not understood here."), code="media_type")
    return _texts(dict(await request.post()))


def _texts(values: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, bool):
            found[key] = "1" if value else ""
        elif isinstance(value, str | int | float):
            found[key] = str(value)
        if "\x00" in found.get(key, ""):
            raise BadInput(N_("Some data cannot be used."), code="nul")
    return found


async def receive(here: Services, place: Place, values: dict[str, str], source: str) -> None:
    """Puts what was sent into the base and tells who is responsible. Raises BadInput that names the field."""
    now = here.clock.now()
    async with here.db.business(place.business_id) as session:
        lead = await _lead(session, place, values, source)
        contact, made = await contacts.leads.take(session, lead, now)
        told = contact.responsible_id or place.responsible_id
        if place.form is not None:
            statement = update(WebForm).where(WebForm.id == place.form.id).values(received=WebForm.received + 1)
            await session.execute(statement)
    if told is not None:
        text = N_("New client from “%(form)s”: %(name)s") if made else N_("Known client from “%(form)s”: %(name)s")
        here.bus.publish(
            MemberNotice(
                at=here.clock.epoch(),
                business_id=place.business_id,
                membership_id=told,
                kind="lead",
                text=text,
                values={"form": place.title, "name": contact.name},
                link=f"/contacts/{contact.id}",
            )
        )


async def _lead(session: AsyncSession, place: Place, values: dict[str, str], source: str) -> contacts.leads.Lead:
    own = {f"{rules.OWN}{one.id}": one for one in await contacts.leads.own_fields(session)}
    allowed = list(place.form.fields) if place.form else [*rules.FIELDS, "first_name", "last_name", *own]
    # Programs may name an own field by its title.
    titles = {one.title.casefold(): key for key, one in own.items()}
    given = {}
    for key, value in values.items():
        known = key if key in rules.FIELDS or key in own else titles.get(key.casefold(), key)
        if known in allowed:
            given[known] = _short(known, value)
    if not given.get("phone") and not given.get("email"):
        message = N_("Give a telephone number or an e-mail address.")
        raise BadInput(message, fields={"phone" if "phone" in allowed else "email": message})
    if place.form and "consent" in allowed and not given.get("consent"):
        message = N_("Without your consent we may not keep your data.")
        raise BadInput(message, fields={"consent": message})
    first, last = rules.names(given.get("name", ""))
    return contacts.leads.Lead(
        title=place.title,
        source=source,
        first_name=given.get("first_name", "")[:100] or first,
        last_name=given.get("last_name", "")[:100] or last,
        phone=given.get("phone", ""),
        email=given.get("email", ""),
        organisation=given.get("organisation", ""),
        position=given.get("position", ""),
        city=given.get("city", ""),
        comment=given.get("comment", ""),
        values={key.removeprefix(rules.OWN): value for key, value in given.items() if key in own},
        consent=bool(given.get("consent")),
        list_id=place.list_id,
        tag_id=place.tag_id,
        responsible_id=place.responsible_id,
    )


def _short(key: str, value: str) -> str:
    text = value.strip()
    if len(text) > rules.LONGEST.get(key, 500):
        raise BadInput(
            N_("This is too long: at most %(limit)s characters."),
            fields={key: N_("This is too long.")},
            limit=rules.LONGEST.get(key, 500),
        )
    return text


def is_robot(here: Services, values: dict[str, str], *, shown: bool) -> bool:
    """Whether a robot gave itself away by the field that people do not see. Raises BadInput when it came too soon.

    ``shown``: the page is ours and has stamped when it was shown; a form in somebody's own page has no stamp.
    """
    if values.get(rules.TRAP, "").strip():
        return True
    stamped = values.get("shown", "")
    if not stamped and not shown:
        return False
    seconds = rules.age(gate(here).secret, stamped, here.clock.epoch())
    if seconds is None or not rules.LEAST_SECONDS <= seconds <= rules.MOST_SECONDS:
        raise BadInput(N_("That was too fast or too late. Look at it once more and send it again."), code="timing")
    return False


def as_shown(place: Place, own: dict[str, str]) -> list[dict[str, Any]]:
    """The fields of a form in their order, for its page: ``own`` are titles of the business's own fields."""
    form = place.form
    assert form is not None
    return [
        {
            "key": key,
            "title": own.get(key) or rules.FIELDS.get(key, ""),
            "own": key in own,
            "most": rules.LONGEST.get(key, 500),
        }
        for key in form.fields
        if key in own or key in rules.FIELDS
    ]


class Accepted(msgspec.Struct, kw_only=True):
    """That a client was taken. Whether he was known before is nobody's business."""

    accepted: bool = True
