"""What stands in the cells of a page of clients: a few statements for all rows together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactList,
    ContactListMember,
    ContactPhone,
    ContactTag,
    ContactValue,
    Tag,
)


class Cells(NamedTuple):
    """Everything that the rows of one page may show, by contact id."""

    phones: dict[int, list[str]]
    channels: dict[int, list[tuple[str, str]]]
    tags: dict[int, list[str]]
    lists: dict[int, list[str]]
    values: dict[int, dict[int, str]]
    people: dict[int, int]
    members: dict[int, str]
    choices: dict[int, str]


async def load(session: AsyncSession, rows: Sequence[Contact], columns: set[str]) -> Cells:
    """Loads what ``columns`` of ``rows`` need, and the numbers, which quick actions need always."""
    ids = [row.id for row in rows]
    found = Cells({}, {}, {}, {}, {}, {}, {}, {})
    if not ids:
        return found
    statement = (
        select(ContactPhone.contact_id, ContactPhone.e164)
        .where(ContactPhone.contact_id.in_(ids))
        .order_by(ContactPhone.contact_id, ContactPhone.id)
    )
    for contact_id, e164 in await session.execute(statement):
        found.phones.setdefault(contact_id, []).append(e164)
    if columns & {"email", "site", "channels"}:
        for contact_id, kind, value in await session.execute(
            select(ContactChannel.contact_id, ContactChannel.kind, ContactChannel.value)
            .where(ContactChannel.contact_id.in_(ids))
            .order_by(ContactChannel.contact_id, ContactChannel.id)
        ):
            found.channels.setdefault(contact_id, []).append((kind, value))
    if "tags" in columns:
        for contact_id, title in await session.execute(
            select(ContactTag.contact_id, Tag.title)
            .join(Tag, Tag.id == ContactTag.tag_id)
            .where(ContactTag.contact_id.in_(ids))
            .order_by(Tag.key)
        ):
            found.tags.setdefault(contact_id, []).append(title)
    if "lists" in columns:
        for contact_id, title in await session.execute(
            select(ContactListMember.contact_id, ContactList.title)
            .join(ContactList, ContactList.id == ContactListMember.list_id)
            .where(ContactListMember.contact_id.in_(ids))
            .order_by(ContactList.title)
        ):
            found.lists.setdefault(contact_id, []).append(title)
    if own := [int(key[1:]) for key in columns if key[:1] == "f" and key[1:].isdecimal()]:
        for contact_id, field_id, text in await session.execute(
            select(ContactValue.contact_id, ContactValue.field_id, ContactValue.text).where(
                ContactValue.contact_id.in_(ids), ContactValue.field_id.in_(own)
            )
        ):
            found.values.setdefault(contact_id, {})[field_id] = text
    if "people" in columns:
        for firm, count in await session.execute(
            select(Contact.organisation_id, func.count())
            .where(Contact.organisation_id.in_(ids), Contact.state == "client")
            .group_by(Contact.organisation_id)
        ):
            found.people[firm or 0] = count
    if "responsible" in columns:
        found.members.update({one.membership_id: one.name for one in await accounts.people(session)})
    if columns & {"type", "warmth"}:
        for choice in await session.scalars(select(ContactChoice)):
            found.choices[choice.id] = choice.title
    return found


def text(row: Contact, key: str, cells: Cells) -> str:
    """What a cell shows as plain text; phones, tags and dates are drawn by the template."""
    if key.startswith("f") and key[1:].isdecimal():
        return cells.values.get(row.id, {}).get(int(key[1:]), "")
    if key in ("email", "site"):
        return ", ".join(value for kind, value in cells.channels.get(row.id, ()) if kind == key)
    if key == "channels":
        return str(len(cells.channels.get(row.id, ())) + len(cells.phones.get(row.id, ())))
    if key == "lists":
        return ", ".join(cells.lists.get(row.id, ()))
    if key == "people":
        return str(cells.people.get(row.id, 0))
    if key == "responsible":
        return cells.members.get(row.responsible_id or 0, "")
    if key in ("type", "warmth"):
        return cells.choices.get((row.type_id if key == "type" else row.warmth_id) or 0, "")
    if key == "name":
        return row.name or row.inn
    return str(getattr(row, key, "") or "")
