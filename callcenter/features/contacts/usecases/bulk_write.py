"""Many cards at once: looked up, made and completed with a few statements for hundreds of rows (imports).

Everything here works in the caller's transaction, which takes the lock of the running numbers first (``lock``), so that
two of them do not make the same client at the same moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from callcenter.features.contacts import queries
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactEvent,
    ContactField,
    ContactList,
    ContactListMember,
    ContactPhone,
    ContactTag,
    ContactValue,
    Tag,
)
from callcenter.features.contacts.queries.access import changeable, visible
from callcenter.features.contacts.rules import fields, people
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.usecases.keeping import take_numbers
from callcenter.storage.scope import exclusive, insert_many, update_many

Key = tuple[str, str]
"""What a card is known by: ('phone', E.164), ('email', key) or ('name', name_key)."""

_EMPTY: dict[str, Any] = {
    "kind": fields.PERSON, "name": "", "first_name": "", "last_name": "", "sex": "", "birth_date": None,
    "position": "", "organisation_id": None, "organisation": "", "address": "", "city": "", "industry": "", "inn": "",
    "kpp": "", "description": "", "type_id": None, "warmth_id": None, "currency": "", "responsible_id": None,
}  # fmt: skip
_NAMES = frozenset({"name", "first_name", "last_name"})


@dataclass(slots=True)
class CardRow:
    """A card to be written: ``columns`` of Contact (checked already), and what hangs on it.

    ``channels`` are (kind, value, key to compare by), ``values`` own fields by id.
    """

    columns: dict[str, Any]
    phones: list[tuple[str, str]] = field(default_factory=list)
    channels: list[tuple[str, str, str]] = field(default_factory=list)
    values: dict[int, fields.Value] = field(default_factory=dict)
    tags: list[int] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Match:
    """A card that is there already and has one of the keys looked for. ``saved`` False = only a number."""

    id: int
    saved: bool
    responsible_id: int | None
    name: str


@dataclass(slots=True)
class Setup:
    """What the business has set up that a file may name, titles in small letters."""

    types: dict[str, int]
    warmths: dict[str, int]
    own: list[ContactField]


async def lock(session: AsyncSession) -> None:
    """Holds off others who make clients until this transaction ends."""
    await exclusive(session, "contact-numbers")


async def setup(session: AsyncSession) -> Setup:
    """Types, warmths and own fields (without files) of the business."""
    found: dict[str, dict[str, int]] = {"type": {}, "warmth": {}}
    for row in await session.scalars(select(ContactChoice).where(ContactChoice.kind.in_(found))):
        found[row.kind][" ".join(row.title.casefold().split())] = row.id
    own = await session.scalars(
        select(ContactField)
        .where(ContactField.key.is_(None), ContactField.type != "file")
        .order_by(ContactField.entity, ContactField.position, ContactField.id)
    )
    return Setup(found["type"], found["warmth"], list(own))


async def tags_named(
    session: AsyncSession, owner_id: int | None, titles: Iterable[str], at: datetime
) -> dict[str, int]:
    """The owner's tags by their keys (titles in small letters), made where there are none."""
    wanted: dict[str, str] = {}
    for title in titles:
        # Of several spellings the first is kept.
        wanted.setdefault(title.casefold(), title)
    found: dict[str, int] = {}
    for part in queries.chunks(wanted):
        rows = await session.execute(select(Tag.key, Tag.id).where(Tag.owner_id == owner_id, Tag.key.in_(part)))
        found |= {row.key: row.id for row in rows}
    made = [
        Tag(title=title, key=key, owner_id=owner_id, created_at=at) for key, title in wanted.items() if key not in found
    ]
    session.add_all(made)
    await session.flush()
    return found | {one.key: one.id for one in made}


async def list_named(session: AsyncSession, title: str, at: datetime, by: int | None) -> int:
    """The list of this title, made when there is none."""
    found = await session.scalar(select(ContactList.id).where(ContactList.title == title))
    if found is not None:
        return found
    made = ContactList(title=title, created_by=by, created_at=at)
    session.add(made)
    await session.flush()
    return made.id


async def lists(session: AsyncSession) -> list[tuple[int, str]]:
    """All lists of clients by title."""
    rows = await session.execute(select(ContactList.id, ContactList.title).order_by(ContactList.title))
    return [(one, title) for one, title in rows]


async def matches(
    session: AsyncSession, who: Viewer, kind: str, keys: Collection[Key], *, to_change: bool
) -> dict[Key, list[Match]]:
    """Cards of ``kind`` that have the keys and that ``who`` sees (or may change): clients first, then the older.

    Numbers that are not saved are found by their number only; the archive is left alone.
    """
    allowed = changeable(who) if to_change else visible(who)
    rows: list[tuple[Key, Match]] = []
    shown = (Contact.id, Contact.state, Contact.responsible_id, Contact.name)
    for what, column, table in (
        ("phone", ContactPhone.e164, ContactPhone),
        ("email", ContactChannel.key, ContactChannel),
        ("name", Contact.name_key, None),
    ):
        states = ("client", "contact") if what == "phone" and kind == fields.PERSON else ("client",)
        for part in queries.chunks({key for kind_of, key in keys if kind_of == what}):
            statement = select(column, *shown).where(
                column.in_(part), Contact.kind == kind, Contact.state.in_(states), allowed
            )
            if table is not None:
                statement = statement.join(table, table.contact_id == Contact.id)
            if table is ContactChannel:
                statement = statement.where(ContactChannel.kind == "email")
            for key, card, state, responsible, name in await session.execute(statement):
                rows.append(((what, key), Match(card, state == "client", responsible, name)))
    found: dict[Key, list[Match]] = {}
    for known_by, match in sorted(rows, key=lambda row: (not row[1].saved, row[1].id)):
        found.setdefault(known_by, []).append(match)
    return found


async def insert_cards(
    session: AsyncSession, cards: Sequence[CardRow], at: datetime, *, by: int | None, source: str, **note: Any
) -> list[int]:
    """Makes clients; gives their ids in the order of ``cards``. ``note`` goes into their first history entry."""
    if not cards:
        return []
    numbers = await take_numbers(session, len(cards))
    rows = []
    for number, card in zip(numbers, cards, strict=True):
        row = _EMPTY | card.columns
        row |= {
            "state": "client", "number": number, "source": source, "created_at": at, "created_by": by,
            "name_key": people.sort_key(row["name"]), "search": _search(row, card),
        }  # fmt: skip
        rows.append(row)
    await _rows(session, Contact, rows)
    by_number: dict[int | None, int] = {}
    for part in queries.chunks(numbers):
        found = await session.execute(select(Contact.number, Contact.id).where(Contact.number.in_(part)))
        for its_number, card_id in found:
            by_number[its_number] = card_id
    ids = [by_number[number] for number in numbers]
    await attach(session, list(zip(ids, cards, strict=True)), by)
    await note_all(session, ids, "created", at, by, {"source": source, **note})
    return ids


async def attach(session: AsyncSession, cards: Sequence[tuple[int, CardRow]], by: int | None) -> None:
    """Writes what hangs on cards; the caller knows that none of it is there yet."""
    await _rows(session, ContactPhone, [
        {"contact_id": one, "e164": e164, "typed": typed, "kind": ""}
        for one, card in cards for e164, typed in card.phones
    ])  # fmt: skip
    await _rows(session, ContactChannel, [
        {"contact_id": one, "kind": kind, "value": value, "key": key}
        for one, card in cards for kind, value, key in card.channels
    ])  # fmt: skip
    await _rows(session, ContactValue, [
        {"contact_id": one, "field_id": own, **value._asdict()}
        for one, card in cards for own, value in card.values.items()
    ])  # fmt: skip
    await _rows(session, ContactTag, [
        {"contact_id": one, "tag_id": tag, "added_by": by} for one, card in cards for tag in dict.fromkeys(card.tags)
    ])  # fmt: skip
    await _rows(session, ContactListMember, [
        {"contact_id": one, "list_id": list_id} for one, card in cards for list_id in dict.fromkeys(card.lists)
    ])  # fmt: skip


async def note_all(
    session: AsyncSession, ids: Iterable[int], kind: str, at: datetime, by: int | None, data: Mapping[str, Any]
) -> None:
    """The same history entry for many cards."""
    shared = dict(data)
    await _rows(session, ContactEvent, [
        {"contact_id": one, "kind": kind, "at": at, "author_id": by, "text": "", "data": shared} for one in ids
    ])  # fmt: skip


async def _rows(session: AsyncSession, kind: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        await session.run_sync(insert_many, kind, rows)


def _search(row: Mapping[str, Any], card: CardRow) -> str:
    return people.search_text(
        row["name"],
        row["position"],
        row["organisation"],
        row["inn"],
        phones=[e164 for e164, _ in card.phones],
        emails=[key for kind, _, key in card.channels if kind == "email"],
    )


@dataclass(slots=True)
class Known:
    """A card that is to be completed, with all that hangs on it."""

    contact: Contact
    phones: list[str] = field(default_factory=list)
    channels: list[tuple[str, str]] = field(default_factory=list)
    values: set[int] = field(default_factory=set)
    tags: set[int] = field(default_factory=set)
    lists: set[int] = field(default_factory=set)


async def known(
    session: AsyncSession, ids: Collection[int], tags: Collection[int], lists: Collection[int]
) -> dict[int, Known]:
    """Cards by id; of tags and lists only those of interest are looked at."""
    found = {one: Known(contact) for one, contact in (await queries.contacts(session, ids)).items()}
    for part in queries.chunks(found):
        for one, e164 in await session.execute(
            select(ContactPhone.contact_id, ContactPhone.e164).where(ContactPhone.contact_id.in_(part))
        ):
            found[one].phones.append(e164)
        for one, kind, key in await session.execute(
            select(ContactChannel.contact_id, ContactChannel.kind, ContactChannel.key).where(
                ContactChannel.contact_id.in_(part)
            )
        ):
            found[one].channels.append((kind, key))
        for one, own in await session.execute(
            select(ContactValue.contact_id, ContactValue.field_id).where(ContactValue.contact_id.in_(part))
        ):
            found[one].values.add(own)
        if tags:
            for one, tag in await session.execute(
                select(ContactTag.contact_id, ContactTag.tag_id).where(
                    ContactTag.contact_id.in_(part), ContactTag.tag_id.in_(tags)
                )
            ):
                found[one].tags.add(tag)
        if lists:
            for one, list_id in await session.execute(
                select(ContactListMember.contact_id, ContactListMember.list_id).where(
                    ContactListMember.contact_id.in_(part), ContactListMember.list_id.in_(lists)
                )
            ):
                found[one].lists.add(list_id)
    return found


async def complete_cards(
    session: AsyncSession,
    cards: Sequence[tuple[int, CardRow]],
    at: datetime,
    *,
    by: int | None,
    source: str,
    **note: Any,
) -> list[dict[str, Any]]:
    """Adds to cards what they lack; nothing that is there is changed (IMP-15). A number that was not saved becomes a
    client.

    Gives for each what was done, JSON-ready, for ``bulk_undo.restore``; {} when there was nothing to add.
    """
    tags = {tag for _, card in cards for tag in card.tags}
    wanted_lists = {one for _, card in cards for one in card.lists}
    there = await known(session, {one for one, _ in cards}, tags, wanted_lists)
    numbers = iter(await take_numbers(session, sum(not one.contact.saved for one in there.values())))
    done: list[dict[str, Any]] = []
    added: list[tuple[int, CardRow]] = []
    changes: dict[int, dict[str, Any]] = {}
    for one, card in cards:
        row = there.get(one)
        if row is None:
            done.append({})
            continue
        new, before = _missing(row, card, at, numbers, changes.setdefault(one, {}))
        if before:
            added.append((one, new))
        done.append(before)
    await _change(session, changes)
    await attach(session, added, by)
    changed = [one for (one, _), before in zip(cards, done, strict=True) if before]
    await note_all(session, dict.fromkeys(changed), "import", at, by, {"source": source, **note})
    return done


async def _change(session: AsyncSession, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Writes new values of cards, those of the same columns together."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for contact_id, values in changes.items():
        if values:
            alike.setdefault(tuple(sorted(values)), []).append({"id": contact_id, **values})
    for rows in alike.values():
        await session.run_sync(update_many, Contact, rows)


def _missing(
    row: Known, card: CardRow, at: datetime, numbers: Any, changes: dict[str, Any]
) -> tuple[CardRow, dict[str, Any]]:
    """What the card lacks; columns are set on it and noted in ``changes``, the rest is to be attached."""
    contact = row.contact
    columns: dict[str, Any] = {}
    if contact.state == "contact":
        columns |= {"state": "client", "number": next(numbers), "source": contact.source}
    columns |= _columns(contact, card.columns)
    new = CardRow(
        {},
        [(e164, typed) for e164, typed in card.phones if e164 not in row.phones],
        [one for one in card.channels if (one[0], one[2]) not in row.channels],
        {own: value for own, value in card.values.items() if own not in row.values},
        [one for one in dict.fromkeys(card.tags) if one not in row.tags],
        [one for one in dict.fromkeys(card.lists) if one not in row.lists],
    )
    before: dict[str, Any] = {}
    if set_ := {
        column: [_plain(getattr(contact, column)), _plain(value)]
        for column, value in columns.items()
        if getattr(contact, column) != value
    }:
        before["columns"] = set_
    for name, items in (
        ("phones", [e164 for e164, _ in new.phones]),
        ("channels", [[kind, key] for kind, _, key in new.channels]),
        ("tags", new.tags),
        ("lists", new.lists),
    ):
        if items:
            before[name] = items
    if new.values:
        before["values"] = {str(own): value.text for own, value in new.values.items()}
    if not before:
        return new, before
    before["changed_at"] = _plain(contact.changed_at)
    for column, value in columns.items():
        # Written by ``_change``, not by the ORM's flush.
        set_committed_value(contact, column, value)
    row.phones += [e164 for e164, _ in new.phones]
    row.channels += [(kind, key) for kind, _, key in new.channels]
    row.values |= set(new.values)
    row.tags |= set(new.tags)
    row.lists |= set(new.lists)
    emails = [key for kind, key in row.channels if kind == "email"]
    found = {**found_by(contact, row.phones, emails), "changed_at": at}
    for column, value in found.items():
        # What stays as it is would have the database write its indexes anew.
        if getattr(contact, column) != value:
            columns[column] = value
            set_committed_value(contact, column, value)
    changes |= columns
    return new, before


def _columns(contact: Contact, given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that are empty on the card and not in the file."""
    found = {
        column: value
        for column, value in given.items()
        if column not in _NAMES
        and column not in ("kind", "organisation", "organisation_id", "responsible_id")
        and value not in ("", None)
        and getattr(contact, column) in ("", None)
    }
    if contact.responsible_id is None and given.get("responsible_id") is not None:
        found["responsible_id"] = given["responsible_id"]
    if contact.organisation_id is None and not contact.organisation and given.get("organisation_id") is not None:
        found |= {"organisation_id": given["organisation_id"], "organisation": given["organisation"]}
    if not contact.name:
        found |= {name: given[name] for name in _NAMES if given.get(name)}
    elif contact.kind == fields.PERSON:
        # A last name goes only to the same first name: a number may belong to two people.
        first, last = given.get("first_name", ""), given.get("last_name", "")
        if last and not contact.last_name and first.casefold() == contact.first_name.casefold():
            name = people.full_name(contact.first_name, last)
            found |= {"last_name": last, "name": name}
    return found


def found_by(contact: Contact, phones: Iterable[str], emails: Iterable[str]) -> dict[str, str | None]:
    """The columns that a card is sorted and found by, as its other columns want them; where the client may be is worked
    out afterwards (usecases.zoning).
    """
    return {
        "zone_id": None,
        "name_key": people.sort_key(contact.name),
        "search": people.search_text(
            contact.name, contact.position, contact.organisation, contact.inn, phones=phones, emails=emails
        ),
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
