"""Administrators arrange the cards: fields, types, warmth, categories, and who sees whose clients."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import gateway
from callcenter.features.contacts.models import ContactChoice, ContactField, ContactFile
from callcenter.features.contacts.rules import access, fields, people
from callcenter.features.contacts.usecases import parts
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.storage.scope import exclusive

MAX_CHOICES = 100
MAX_CHOICE = 60
MAX_TITLE = 100
UNKNOWN = N_("This field does not exist any more. Reload the page.")


class FieldForm(msgspec.Struct, kw_only=True):
    """A field in its place: a base one has its ``key``, an own one its ``id``, a new one neither.

    ``type`` is text, number, date, list (of ``options``) or file, and is taken for new fields only.
    """

    key: str = ""
    id: int | None = None
    title: str = ""
    type: str = "text"
    options: list[str] = []
    hidden: bool = False


class LayoutForm(msgspec.Struct, kw_only=True):
    """All fields in their order. ``deleted`` own fields are removed with their values; what is missing stays."""

    fields: list[FieldForm]
    deleted: list[int] = []


class ChoiceForm(msgspec.Struct, kw_only=True):
    """A word to choose; without ``id`` it is new."""

    title: str
    id: int | None = None
    active: bool = True


class ChoicesForm(msgspec.Struct, kw_only=True):
    """All words of a kind in their order; those that are missing are deleted, also from the cards."""

    choices: list[ChoiceForm]


class AccessForm(msgspec.Struct, kw_only=True):
    """``shared`` = all employees see all clients that are not private, ``own`` = each sees his own."""

    mode: str


async def save_layout(services: Services, person: Current, entity: str, form: LayoutForm) -> None:
    """Arranges the card (CON-01 … CON-04, CON-15). Raises BadInput with fields ``fields.<place>``."""
    if entity not in fields.KINDS:
        raise NotFound(UNKNOWN)
    files: list[str] = []
    async with services.db.business(person.business_id) as session:
        await exclusive(session, "contact-fields")
        rows = list(await session.scalars(select(ContactField).where(ContactField.entity == entity)))
        files = await _delete(session, rows, form.deleted)
        await _arrange(session, [row for row in rows if row.id not in form.deleted], entity, form, services.clock.now())
        await accounts.audit(
            session, person, "contact.fields", "contact_fields", entity, fields=len(form.fields), deleted=form.deleted
        )
    await gateway.remove(services.settings.data, person.business_id, files)


async def _delete(session: AsyncSession, rows: list[ContactField], ids: list[int]) -> list[str]:
    own = {row.id for row in rows if row.key is None}
    if set(ids) - own:
        # CON-02: base fields cannot be deleted.
        raise BadInput(N_("Only fields that you have added can be deleted."))
    files = list(await session.scalars(select(ContactFile.file).where(ContactFile.field_id.in_(ids)))) if ids else []
    for row in rows:
        if row.id in ids:
            await session.delete(row)
    await session.flush()
    return files


async def _arrange(
    session: AsyncSession, rows: list[ContactField], entity: str, form: LayoutForm, at: datetime
) -> None:
    base = {one.key: one for one in fields.base_fields(entity)}
    by_key = {row.key: row for row in rows if row.key}
    own = {row.id: row for row in rows if not row.key}
    problems = parts.Problems()
    titles: set[str] = set()
    placed: set[int] = set()
    for place, one in enumerate(form.fields):
        name = f"fields.{place}"
        with problems.collected():
            row = by_key.get(one.key) if one.key else own.get(one.id or 0)
            if (one.key and one.key not in base) or (not one.key and one.id is not None and row is None):
                raise parts.wrong(UNKNOWN, name)
            title, options = ("", []) if one.key else (_title(one.title, name), _options(one, row, name))
            if title and title.casefold() in titles:
                raise parts.wrong(N_("There is another field of this name."), name)
            titles.add(title.casefold())
            if row is None:
                row = ContactField(entity=entity, key=one.key or None, type=_type(one, name), created_at=at)
                session.add(row)
            # A fixed field cannot be hidden, a base field cannot be renamed.
            row.hidden = one.hidden and not (one.key and base[one.key].fixed)
            row.title, row.options, row.position = title, options, place
            placed.add(id(row))
    problems.check()
    count = len(form.fields)
    for late, row in enumerate(sorted((r for r in rows if id(r) not in placed), key=lambda r: r.position)):
        row.position = count + late
    if len(own) + sum(1 for one in form.fields if not one.key and one.id is None) > fields.MAX_OWN:
        raise BadInput(N_("A card can have at most %(limit)s own fields."), limit=fields.MAX_OWN)
    await session.flush()


def _title(typed: str, name: str) -> str:
    title = people.limited(typed, name, MAX_TITLE)
    return title if title else _missing(name)


def _type(one: FieldForm, name: str) -> str:
    if one.key:
        return "text"
    return one.type if one.type in fields.OWN_TYPES else parts.bad(name)


def _options(one: FieldForm, row: ContactField | None, name: str) -> list[str]:
    if (row.type if row else one.type) != "list":
        return []
    options = list(dict.fromkeys(text for text in (" ".join(typed.split()) for typed in one.options) if text))
    if not options:
        raise parts.wrong(N_("Write what can be chosen, one in a line."), name)
    if len(options) > fields.MAX_OPTIONS or any(len(text) > fields.MAX_VALUE for text in options):
        raise parts.wrong(N_("This is too long."), name)
    return options


def _missing(name: str) -> str:
    raise parts.wrong(N_("Give the field a name."), name)


async def save_choices(services: Services, person: Current, kind: str, form: ChoicesForm) -> None:
    """Sets the types, warmth levels or categories (CON-14, CON-25). BadInput with fields ``choices.<place>``."""
    if kind not in fields.CHOICES:
        raise NotFound(UNKNOWN)
    if len(form.choices) > MAX_CHOICES:
        raise BadInput(N_("This is too long."))
    async with services.db.business(person.business_id) as session:
        await exclusive(session, "contact-choices")
        there = {row.id: row for row in await session.scalars(select(ContactChoice).where(ContactChoice.kind == kind))}
        gone = set(there) - {one.id for one in form.choices}
        if gone:
            await session.execute(delete(ContactChoice).where(ContactChoice.id.in_(gone)))
        titles = _titles(form)
        # Two words may change places: the unique titles must not collide on the way.
        for row in there.values():
            if row.id not in gone:
                row.title = f"\u0001{row.id}"
        await session.flush()
        for place, (one, title) in enumerate(zip(form.choices, titles, strict=True)):
            kept = there.get(one.id or 0) or ContactChoice(kind=kind)
            kept.title, kept.position, kept.active = title, place, one.active
            session.add(kept)
        await session.flush()
        await accounts.audit(session, person, "contact.choices", "contact_choices", kind, choices=titles)


def _titles(form: ChoicesForm) -> list[str]:
    problems = parts.Problems()
    titles: list[str] = []
    for place, one in enumerate(form.choices):
        name = f"choices.{place}"
        title = ""
        with problems.collected():
            title = people.limited(one.title, name, MAX_CHOICE)
            if not title:
                raise parts.wrong(N_("Fill in this field."), name)
            if title.casefold() in (other.casefold() for other in titles):
                raise parts.wrong(N_("This is there twice."), name)
        titles.append(title)
    problems.check()
    return titles


async def save_access(services: Services, person: Current, form: AccessForm) -> None:
    """Sets whether employees see all clients or their own (CON-20, CON-37). Raises BadInput."""
    if form.mode not in access.MODES:
        raise BadInput(N_("This value cannot be used."), fields={"mode": N_("This value cannot be used.")})
    async with services.db.system() as session:
        await accounts.set_setting(session, person.business_id, access.SETTING, form.mode)
        await accounts.audit(session, person, "contact.access", "business", person.business_id, mode=form.mode)
