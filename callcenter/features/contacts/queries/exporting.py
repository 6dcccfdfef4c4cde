"""Clients as rows of a table, portion by portion along their ids, so that any number of them needs the same memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactField,
    ContactList,
    ContactListMember,
    ContactManager,
    ContactPhone,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.queries import walking
from callcenter.features.contacts.rules import fields
from callcenter.storage.base import BusinessOwned

Cell = str | int | float | date | datetime | None
OWN = "field-"
# What can be exported beside the business's own fields: key → title.
COLUMNS: dict[str, str] = {
    "number": "№",
    "kind": N_("Person or organisation"),
    "name": N_("Name"),
    "last_name": N_("Last name"),
    "first_name": N_("First name"),
    "phone1": N_("Phone 1"),
    "phone2": N_("Phone 2"),
    "phone3": N_("Phone 3"),
    "phones": N_("Other phones"),
    "email1": N_("E-mail 1"),
    "emails": N_("Other e-mails"),
    "organisation": N_("Organisation"),
    "position": N_("Job title"),
    "responsible": N_("Responsible"),
    "managers": N_("Managers"),
    "type": N_("Client type"),
    "warmth": N_("Warmth"),
    "lists": N_("Lists"),
    "tags": N_("Tags"),
    "city": N_("City"),
    "address": N_("Address"),
    "site": N_("Site"),
    "birth_date": N_("Date of birth"),
    "sex": N_("Sex"),
    "industry": N_("Industry"),
    "inn": N_("INN"),
    "kpp": N_("KPP"),
    "currency": N_("Currency"),
    "description": N_("Description"),
    "created_at": N_("Added on"),
    "changed_at": N_("Changed on"),
}
KINDS = {fields.PERSON: N_("Person"), fields.ORGANISATION: N_("Organisation")}
SEXES = {"": "", "m": N_("Male"), "f": N_("Female")}
_PLAIN = {
    "number", "name", "last_name", "first_name", "organisation", "position", "city", "address", "birth_date",
    "industry", "inn", "kpp", "currency", "description", "created_at", "changed_at",
}  # fmt: skip


class Column(NamedTuple):
    """A column that can be exported: ``key`` and its title, a text of ours (``own`` False) or the business's word."""

    key: str
    title: str
    own: bool


async def columns(session: AsyncSession) -> list[Column]:
    """Every column that this business can export: the usual ones, then its own fields of both kinds of cards."""
    own = await session.scalars(
        select(ContactField)
        .where(ContactField.key.is_(None))
        .order_by(ContactField.entity.desc(), ContactField.position, ContactField.id)
    )
    usual = [Column(key, title, False) for key, title in COLUMNS.items()]
    return [*usual, *(Column(f"{OWN}{one.id}", one.title, True) for one in own)]


async def count(session: AsyncSession, chosen: ColumnElement[bool]) -> int:
    """How many clients the condition holds for."""
    return await session.scalar(select(func.count()).select_from(Contact).where(chosen)) or 0


async def id_at(session: AsyncSession, chosen: ColumnElement[bool], place: int) -> int | None:
    """The id of the client at ``place`` (from 1) in the order of ids; None when there are not so many."""
    statement = select(Contact.id).where(chosen).order_by(Contact.id).offset(max(place, 1) - 1).limit(1)
    return await session.scalar(statement)


async def portion(
    session: AsyncSession,
    chosen: ColumnElement[bool],
    after: int,
    limit: int,
    keys: Sequence[str],
    say: Callable[[str], str],
) -> tuple[int, list[list[Cell]]]:
    """Up to ``limit`` rows of the clients after the id ``after``, and the last id; ``say`` translates our own words.

    No rows = there are no more.
    """
    walked, found = walking.Walked((), after, more=True), list[Contact]()
    # Whom somebody deletes between the two statements is passed over, and the rest is not forgotten for it.
    while not found and walked.more:
        walked = await walking.walk(session, chosen, walked.after, limit)
        found = list(await session.scalars(select(Contact).where(Contact.id.in_(walked.ids)).order_by(Contact.id)))
    if not found:
        return walked.after, []
    sides = await _Sides.load(session, [one.id for one in found], set(keys))
    rows = [[sides.cell(one, key, say) for key in keys] for one in found]
    return walked.after, rows


class _Sides:
    """What stands beside the cards of one portion."""

    def __init__(self) -> None:
        self.phones: dict[int, list[str]] = {}
        self.channels: dict[tuple[int, str], list[str]] = {}
        self.words: dict[str, dict[int, list[str]]] = {}
        self.values: dict[tuple[int, int], ContactValue] = {}
        self.choices: dict[int, str] = {}
        self.people: dict[int, str] = {}

    @classmethod
    async def load(cls, session: AsyncSession, ids: Collection[int], keys: set[str]) -> _Sides:
        self = cls()
        if keys & {"phone1", "phone2", "phone3", "phones"}:
            rows = (
                select(ContactPhone)
                .where(ContactPhone.contact_id.in_(ids))
                .order_by(ContactPhone.contact_id, ContactPhone.id)
            )
            for phone in await session.scalars(rows):
                self.phones.setdefault(phone.contact_id, []).append(phone.e164)
        if keys & {"email1", "emails", "site"}:
            channels = (
                select(ContactChannel)
                .where(ContactChannel.contact_id.in_(ids))
                .order_by(ContactChannel.contact_id, ContactChannel.id)
            )
            for one in await session.scalars(channels):
                self.channels.setdefault((one.contact_id, one.kind), []).append(one.value)
        if keys & {"type", "warmth"}:
            self.choices = {one.id: one.title for one in await session.scalars(select(ContactChoice))}
        if keys & {"responsible", "managers"}:
            self.people = {one.membership_id: one.name for one in await accounts.people(session)}
        if "tags" in keys:
            self.words["tags"] = await _titles(session, ids, ContactTag, ContactTag.tag_id, Tag)
        if "lists" in keys:
            self.words["lists"] = await _titles(session, ids, ContactListMember, ContactListMember.list_id, ContactList)
        if "managers" in keys:
            managers = select(ContactManager).where(ContactManager.contact_id.in_(ids))
            for manager in await session.scalars(managers.order_by(ContactManager.membership_id)):
                name = self.people.get(manager.membership_id, "")
                self.words.setdefault("managers", {}).setdefault(manager.contact_id, []).append(name)
        own = [int(key.removeprefix(OWN)) for key in keys if key.startswith(OWN)]
        if own:
            values = select(ContactValue).where(ContactValue.contact_id.in_(ids), ContactValue.field_id.in_(own))
            self.values = {(one.contact_id, one.field_id): one for one in await session.scalars(values)}
        return self

    def cell(self, one: Contact, key: str, say: Callable[[str], str]) -> Cell:
        """The value of one column of one card."""
        if key in _PLAIN:
            plain: Cell = getattr(one, key)
            return plain
        if key.startswith(OWN):
            value = self.values.get((one.id, int(key.removeprefix(OWN))))
            return None if value is None else value.day or value.text
        if key.startswith("phone"):
            return _nth(self.phones.get(one.id, []), key.removeprefix("phone"), 3)
        if key.startswith("email"):
            return _nth(self.channels.get((one.id, "email"), []), key.removeprefix("email"), 1)
        if key in ("tags", "lists", "managers"):
            return ", ".join(dict.fromkeys(self.words.get(key, {}).get(one.id, ())))
        return {
            "kind": lambda: say(KINDS[one.kind]),
            "responsible": lambda: self.people.get(one.responsible_id or 0, ""),
            "type": lambda: self.choices.get(one.type_id or 0, ""),
            "warmth": lambda: self.choices.get(one.warmth_id or 0, ""),
            "site": lambda: ", ".join(self.channels.get((one.id, "site"), ())),
            "sex": lambda: say(SEXES[one.sex]) if SEXES.get(one.sex) else "",
        }[key]()


def _nth(values: list[str], place: str, named: int) -> str:
    """The ``place``-th value, or with ``s`` all that have no column of their own."""
    if place == "s":
        return ", ".join(values[named:])
    number = int(place)
    return values[number - 1] if len(values) >= number else ""


async def _titles(
    session: AsyncSession, ids: Collection[int], link: Any, column: Any, target: type[BusinessOwned]
) -> dict[int, list[str]]:
    kind: Any = target
    rows = await session.execute(
        select(link.contact_id, kind.title)
        .join(kind, kind.id == column)
        .where(link.contact_id.in_(ids))
        .order_by(kind.title)
    )
    found: dict[int, list[str]] = {}
    for contact_id, title in rows:
        found.setdefault(contact_id, []).append(title)
    return found


def clients(kind: str = "") -> list[ColumnElement[bool]]:
    """The conditions of a saved client that is not put away, of one ``kind`` or of both."""
    where: list[ColumnElement[bool]] = [Contact.state == "client"]
    return [*where, Contact.kind == kind] if kind else where


def in_list(list_id: int) -> ColumnElement[bool]:
    """The condition that a client is in a list."""
    return Contact.id.in_(select(ContactListMember.contact_id).where(ContactListMember.list_id == list_id))


async def lists(session: AsyncSession) -> list[ContactList]:
    """All lists of the business, by title."""
    return list(await session.scalars(select(ContactList).order_by(ContactList.title)))
