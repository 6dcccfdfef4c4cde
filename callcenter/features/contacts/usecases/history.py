"""The history of a client: read page by page from all sources, written and corrected by people (CON-31, CON-32)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import queries
from callcenter.features.contacts.models import Contact, ContactConsent, ContactEvent
from callcenter.features.contacts.queries import access as seen
from callcenter.features.contacts.queries import cards
from callcenter.features.contacts.queries import history as stored
from callcenter.features.contacts.rules import fields
from callcenter.features.contacts.rules import history as rules
from callcenter.features.contacts.rules.history import Cursor
from callcenter.features.contacts.usecases import keeping, registry
from callcenter.http.current import Current
from callcenter.plugin import Services

MAX_TEXT = 10_000
GONE = N_("This entry is not there any more.")
ONLY = N_("Only an administrator or the responsible employee may change the history.")


class CommentForm(msgspec.Struct, kw_only=True):
    """A comment made outside a call; ``category_id`` is one of the categories that administrators offer."""

    text: str
    category_id: int | UnsetType | None = UNSET


class ConsentForm(msgspec.Struct, kw_only=True):
    """A person agreed to ``kind`` (data, calls, mail, sms) or took it back; ``source`` says how that is known."""

    kind: str
    given: bool
    source: str = ""


class Line(NamedTuple):
    """One entry of the timeline. ``template`` draws entries of other features; ``category`` and names are resolved."""

    kind: str
    at: datetime
    key: str
    title: str
    text: str
    data: dict[str, Any]
    id: int | None = None
    author: str = ""
    category_id: int | None = None
    category: str = ""
    edited: bool = False
    editable: bool = False
    template: str = ""
    shown: Any = None


class Page(NamedTuple):
    """A piece of the timeline, newest first, and where the next one begins (None at its end)."""

    lines: list[Line]
    older: Cursor | None


async def page(
    services: Services, person: Current, contact_id: int, kind: str = "", before: Cursor | None = None,
    limit: int = rules.PER_PAGE,
) -> Page:  # fmt: skip
    """A piece of the history of a contact that the person may see; ``kind`` is one of rules.FILTERS or ''."""
    if kind and kind not in rules.FILTERS:
        raise BadInput(N_("This value cannot be used."), fields={"kind": N_("This value cannot be used.")})
    skip = before.skip if before else 0
    until = before.at if before else None
    wanted = limit + skip + 1
    async with services.db.business(person.business_id) as session:
        contact = await _seen(session, person, contact_id)
        lines = await _own(session, person, contact, kind, until, wanted)
    for source in registry.sources.values():
        if kind in ("", source.kind):
            for one in await source.load(services, person, contact_id, until, wanted):
                lines.append(
                    Line(
                        source.kind, one.at, one.key, one.title, one.text, one.data,
                        template=source.template, shown=one.shown,
                    )
                )  # fmt: skip
    lines.sort(key=lambda line: line.at, reverse=True)
    lines = lines[skip:]
    found, more = lines[:limit], len(lines) > limit
    if not more:
        return Page(found, None)
    last = found[-1].at
    shown = sum(1 for line in found if line.at == last)
    return Page(found, Cursor(last, shown + (skip if last == until else 0)))


async def _own(
    session: AsyncSession, person: Current, contact: Contact, kind: str, until: datetime | None, limit: int
) -> list[Line]:
    if kind in registry.sources and kind not in rules.TITLES:
        return []
    rows = await stored.events(session, contact.id, kind, until, limit)
    names = {one.membership_id: one.name for one in await accounts.people(session)} if rows else {}
    categories = {one.id: one.title for one in await cards.choices(session, "category")} if rows else {}
    viewer = await seen.viewer(session, person)
    card = await seen.card(session, contact)
    return [
        Line(
            kind=row.kind,
            at=row.at,
            key=f"e{row.id}",
            title=rules.TITLES.get(row.kind, rules.TITLES["changed"]),
            text=row.text,
            data=_named(row.data, names) if row.kind == "responsible" else row.data,
            id=row.id,
            author=names.get(row.author_id or 0, ""),
            category_id=row.category_id,
            category=categories.get(row.category_id or 0, ""),
            edited=row.edited_at is not None,
            editable=contact.state != "archive" and rules.may_edit(viewer, card, row.kind),
        )
        for row in rows
    ]


def _named(data: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    return data | {f"{key}_name": names.get(data.get(key) or 0, "") for key in ("before", "after")}


async def comment(services: Services, person: Current, contact_id: int, form: CommentForm) -> int:
    """Adds a comment; whoever sees the client may. NotFound, BadInput."""
    async with services.db.business(person.business_id) as session:
        contact = await _seen(session, person, contact_id)
        if contact.state == "archive":
            raise Forbidden(keeping.ARCHIVED)
        row = keeping.record(
            session, contact_id, "comment", services.clock.now(), person.membership_id, _text(form.text)
        )
        row.category_id = await _category(session, form.category_id or None)
        await session.flush()
        return row.id


async def edit(services: Services, person: Current, contact_id: int, event_id: int, form: CommentForm) -> None:
    """Corrects an entry that a person wrote. NotFound, Forbidden, BadInput."""
    async with services.db.business(person.business_id) as session:
        row = await _editable(session, person, contact_id, event_id)
        row.text = _text(form.text)
        if form.category_id is not UNSET:
            row.category_id = await _category(session, form.category_id)
        row.edited_at = services.clock.now()


async def remove(services: Services, person: Current, contact_id: int, event_id: int) -> None:
    """Deletes an entry that a person wrote. NotFound, Forbidden."""
    async with services.db.business(person.business_id) as session:
        row = await _editable(session, person, contact_id, event_id)
        await accounts.audit(session, person, "contact.history.delete", "contact", contact_id, text=row.text[:500])
        await session.delete(row)


async def consent(services: Services, person: Current, contact_id: int, form: ConsentForm) -> None:
    """Notes that a consent was given or taken back. NotFound, Forbidden, BadInput."""
    if form.kind not in fields.CONSENTS:
        raise BadInput(N_("This value cannot be used."), fields={"kind": N_("This value cannot be used.")})
    source = form.source.strip()[:200]
    async with services.db.business(person.business_id) as session:
        await keeping.changeable(session, await seen.viewer(session, person), contact_id)
        now, author = services.clock.now(), person.membership_id
        session.add(
            ContactConsent(
                contact_id=contact_id, kind=form.kind, given=form.given, at=now, source=source, author_id=author
            )
        )
        entry = keeping.record(session, contact_id, "consent", now, author, source)
        entry.data = {"kind": form.kind, "given": form.given}
        await accounts.audit(
            session, person, "contact.consent", "contact", contact_id, kind=form.kind, given=form.given
        )


async def _seen(session: AsyncSession, person: Current, contact_id: int) -> Contact:
    contact = await queries.contact(session, contact_id)
    if contact is None:
        raise NotFound(seen.GONE)
    await seen.need_see(session, await seen.viewer(session, person), contact)
    return contact


async def _editable(session: AsyncSession, person: Current, contact_id: int, event_id: int) -> ContactEvent:
    contact = await _seen(session, person, contact_id)
    row = await stored.event(session, contact_id, event_id)
    if row is None:
        raise NotFound(GONE)
    viewer = await seen.viewer(session, person)
    if contact.state == "archive" or not rules.may_edit(viewer, await seen.card(session, contact), row.kind):
        raise Forbidden(ONLY)
    return row


async def _category(session: AsyncSession, category_id: int | None) -> int | None:
    if category_id and category_id not in {one.id for one in await cards.choices(session, "category")}:
        raise BadInput(N_("This value cannot be used."), fields={"category_id": N_("This value cannot be used.")})
    return category_id or None


def _text(text: str) -> str:
    clean = text.replace("\r\n", "\n").strip()
    if not clean:
        raise BadInput(N_("Write something first."), fields={"text": N_("Fill in this field.")})
    if len(clean) > MAX_TEXT:
        message = N_("This is too long: at most %(limit)s characters.")
        raise BadInput(message, fields={"text": N_("This is too long.")}, limit=MAX_TEXT)
    return clean
