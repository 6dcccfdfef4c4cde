"""What hangs on a card in tables of its own: numbers, channels, managers, labels, own fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import UNSET
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.contacts import queries
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactField,
    ContactListMember,
    ContactManager,
    ContactPhone,
    ContactTag,
    ContactValue,
)
from callcenter.features.contacts.rules import fields, people
from callcenter.features.contacts.usecases.forms import ChannelForm, ClientForm, PhoneForm

MAX_PHONES = 20
MAX_CHANNELS = 20
TOO_MANY = N_("This is too much for one card.")


class Problems:
    """Everything that is wrong with a form, so that all of it is said at once."""

    def __init__(self) -> None:
        self.first: BadInput | None = None
        self.fields: dict[str, str] = {}

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keeps a BadInput of what is done inside for later."""
        try:
            yield
        except BadInput as error:
            self.first = self.first or error
            self.fields |= {name: text for name, text in error.fields.items() if name not in self.fields}

    def check(self) -> None:
        """Raises what was collected."""
        if self.first is not None:
            raise BadInput(self.first.message, fields=self.fields, code=self.first.error_code, **self.first.values)


def check(form: ClientForm, problems: Problems) -> None:
    """Notes what is wrong with numbers and channels, without changing anything."""
    for number, one in enumerate(_typed_phones(form)):
        with problems.collected():
            phone(one.number, "phone" if form.phones is UNSET else f"phones.{number}")
    for number, mail in enumerate(_typed_channels(form)):
        with problems.collected():
            channel(mail, "email" if form.channels is UNSET else f"channels.{number}")


async def attach(session: AsyncSession, contact: Contact, form: ClientForm, author: int | None) -> None:
    """Everything that hangs on the card in tables of its own."""
    await phones(session, contact.id, form)
    await channels(session, contact.id, form)
    if form.managers is not UNSET:
        await _replace(session, ContactManager, contact.id, "membership_id", form.managers)
    if form.lists is not UNSET:
        await _replace(session, ContactListMember, contact.id, "list_id", form.lists)
    if form.tags is not UNSET:
        await _replace(session, ContactTag, contact.id, "tag_id", form.tags, added_by=author)
    if form.values is not UNSET:
        await set_values(session, contact, form.values)
    await session.flush()


async def _replace(
    session: AsyncSession, kind: type[Any], contact_id: int, column: str, wanted: Iterable[int], **more: Any
) -> None:
    there = set(await session.scalars(select(getattr(kind, column)).where(kind.contact_id == contact_id)))
    chosen = set(wanted)
    if gone := there - chosen:
        await session.execute(delete(kind).where(kind.contact_id == contact_id, getattr(kind, column).in_(gone)))
    session.add_all(kind(contact_id=contact_id, **{column: one}, **more) for one in sorted(chosen - there))
    await session.flush()


async def set_values(session: AsyncSession, contact: Contact, values: Mapping[str, str]) -> None:
    """Sets own fields (by id, as text); fields of type file have a way of their own. Raises BadInput."""
    known = {
        str(one.id): one
        for one in await session.scalars(
            select(ContactField).where(ContactField.entity == contact.kind, ContactField.key.is_(None))
        )
    }
    there = {
        row.field_id: row
        for row in await session.scalars(select(ContactValue).where(ContactValue.contact_id == contact.id))
    }
    problems = Problems()
    for key, typed in values.items():
        own = known.get(key)
        if own is None:
            raise wrong(N_("This field does not exist any more. Reload the page."), f"values.{key}")
        if own.type == "file":
            continue
        value = None
        with problems.collected():
            value = fields.own_value(own.type, typed, own.options, f"values.{key}")
        row = there.get(own.id)
        if value is None:
            if row is not None:
                await session.delete(row)
            continue
        if row is None:
            row = ContactValue(contact_id=contact.id, field_id=own.id)
            session.add(row)
        row.text, row.key, row.amount, row.day = value
    problems.check()
    await session.flush()


async def phones(session: AsyncSession, contact_id: int, form: ClientForm) -> None:
    there = {row.e164: row for row in await queries.phones(session, contact_id)}
    keep = set(there) if form.phones is UNSET else set()
    for number, one in enumerate(_typed_phones(form)):
        field = "phone" if form.phones is UNSET else f"phones.{number}"
        e164 = phone(one.number, field)
        kind = one.kind if one.kind in fields.PHONE_KINDS else ""
        row = there.get(e164)
        keep.add(e164)
        if row is None:
            row = there[e164] = ContactPhone(contact_id=contact_id, e164=e164, typed=one.number.strip()[:80], kind=kind)
            session.add(row)
        elif form.phones is not UNSET:
            row.kind = kind
    if len(keep) > MAX_PHONES:
        raise BadInput(TOO_MANY, fields={"phones": TOO_MANY})
    for e164, row in there.items():
        if e164 not in keep:
            await session.delete(row)
    await session.flush()


def phone(typed: str, field: str = "phone") -> str:
    """A number in E.164 (CON-27). Raises BadInput that names ``field``."""
    e164 = to_e164(typed)
    if e164 is None:
        message = N_("“%(number)s” is not a telephone number. Write it like +7 495 123-45-67.")
        raise BadInput(message, fields={field: N_("This is not a telephone number.")}, number=typed.strip()[:40])
    return e164


async def channels(session: AsyncSession, contact_id: int, form: ClientForm) -> None:
    rows = await session.scalars(select(ContactChannel).where(ContactChannel.contact_id == contact_id))
    there = {(row.kind, row.key): row for row in rows}
    keep = set(there) if form.channels is UNSET else set()
    for number, one in enumerate(_typed_channels(form)):
        kind, value, key = channel(one, "email" if form.channels is UNSET else f"channels.{number}")
        keep.add((kind, key))
        if (kind, key) not in there:
            row = there[kind, key] = ContactChannel(contact_id=contact_id, kind=kind, value=value, key=key)
            session.add(row)
    if len(keep) > MAX_CHANNELS:
        raise BadInput(TOO_MANY, fields={"channels": TOO_MANY})
    for where, row in there.items():
        if where not in keep:
            await session.delete(row)
    await session.flush()


def channel(form: ChannelForm, field: str) -> tuple[str, str, str]:
    """(kind, value as kept, key to compare by). Raises BadInput that names ``field``."""
    if form.kind not in fields.CHANNELS:
        bad(field)
    if form.kind != "email":
        value = people.limited(form.value, field, 254)
        return form.kind, value, value.casefold()
    mail = people.email(form.value)
    if mail is None:
        raise wrong(N_("This is not an e-mail address. Write it like name@company.ru."), field)
    return "email", mail, mail.casefold()


def _typed_phones(form: ClientForm) -> list[PhoneForm]:
    given = [] if form.phones is UNSET else [one for one in form.phones if one.number.strip()]
    return given + [PhoneForm(number=one) for one in (form.phone, form.phone2) if one.strip()]


def _typed_channels(form: ClientForm) -> list[ChannelForm]:
    given = [] if form.channels is UNSET else [one for one in form.channels if one.value.strip()]
    return given + ([ChannelForm(kind="email", value=form.email)] if form.email.strip() else [])


def bad(field: str) -> str:
    """Raises BadInput for a value that no page offers."""
    raise wrong(N_("This value cannot be used."), field)


def wrong(message: str, field: str) -> BadInput:
    """The error for one field."""
    return BadInput(message, fields={field: message})
