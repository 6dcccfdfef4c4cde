"""Reads of tags and lists (business session)."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts.models import Contact, ContactList, ContactListMember, ContactManager, ContactTag, Tag
from callcenter.features.contacts.rules.access import Viewer


class Counted(NamedTuple):
    """A tag and how many clients carry it, as far as the person sees it on them."""

    tag: Tag
    contacts: int


def own(who: Viewer) -> ColumnElement[bool]:
    """The condition under which a client is the person's own; the same as rules.labels.own."""
    managed = select(ContactManager.contact_id).where(ContactManager.membership_id == who.membership_id)
    return or_(Contact.responsible_id == who.membership_id, Contact.id.in_(managed))


async def tags(session: AsyncSession, who: Viewer, picked: int | None = None) -> list[Counted]:
    """The tags that the person's list shows (rules.labels.sees_in_list), by title."""
    owner = picked if who.private and picked is not None else who.membership_id
    found = {tag.id: Counted(tag, 0) for tag in await session.scalars(select(Tag).where(Tag.owner_id == owner))}
    rows = await session.execute(
        select(ContactTag.tag_id, func.count())
        .join(Tag, Tag.id == ContactTag.tag_id)
        .where(Tag.owner_id == owner)
        .group_by(ContactTag.tag_id)
    )
    for tag_id, count in rows:
        found[tag_id] = Counted(found[tag_id].tag, count)
    if not who.private:
        carried = await session.execute(
            select(ContactTag.tag_id, func.count())
            .join(Contact, Contact.id == ContactTag.contact_id)
            .where(own(who))
            .group_by(ContactTag.tag_id)
        )
        others = {tag_id: count for tag_id, count in carried if tag_id not in found}
        for tag in await session.scalars(select(Tag).where(Tag.id.in_(others))):
            found[tag.id] = Counted(tag, others[tag.id])
    return sorted(found.values(), key=lambda one: (one.tag.key, one.tag.id))


class Labels(NamedTuple):
    """What a client carries: keys of tags, whoever put them on, and ids of lists."""

    tags: frozenset[str]
    lists: frozenset[int]


async def of_contact(session: AsyncSession, contact_id: int) -> Labels:
    """All tags and lists of a client."""
    tags = await session.scalars(
        select(Tag.key).join(ContactTag, ContactTag.tag_id == Tag.id).where(ContactTag.contact_id == contact_id)
    )
    lists = await session.scalars(select(ContactListMember.list_id).where(ContactListMember.contact_id == contact_id))
    return Labels(frozenset(tags), frozenset(lists))


async def titles(session: AsyncSession) -> tuple[dict[str, str], dict[int, str]]:
    """All tags (key -> title; several persons may have one of the same key) and lists (id -> title), by title."""
    tags = await session.execute(select(Tag.key, func.min(Tag.title)).group_by(Tag.key).order_by(Tag.key))
    lists = await session.execute(select(ContactList.id, ContactList.title).order_by(ContactList.title))
    return {row[0]: row[1] for row in tags}, {row[0]: row[1] for row in lists}


async def left_tags(session: AsyncSession) -> list[Counted]:
    """The tags of those who have left, which administrators look after."""
    rows = await session.execute(
        select(Tag, func.count(ContactTag.contact_id))
        .outerjoin(ContactTag, ContactTag.tag_id == Tag.id)
        .where(Tag.owner_id.is_(None))
        .group_by(Tag.id)
        .order_by(Tag.key)
    )
    return [Counted(tag, count) for tag, count in rows]


async def tag(session: AsyncSession, tag_id: int) -> Tag | None:
    """The tag, or None when this business has no such."""
    return await session.scalar(select(Tag).where(Tag.id == tag_id))


async def tag_of(session: AsyncSession, owner_id: int, key: str) -> Tag | None:
    """The tag of this person with this title."""
    return await session.scalar(select(Tag).where(Tag.owner_id == owner_id, Tag.key == key))


async def on_own(session: AsyncSession, who: Viewer, tag_id: int) -> bool:
    """Whether one of the person's own clients carries the tag."""
    statement = (
        select(ContactTag.contact_id)
        .join(Contact, Contact.id == ContactTag.contact_id)
        .where(ContactTag.tag_id == tag_id, own(who))
        .limit(1)
    )
    return await session.scalar(statement) is not None


async def carried_by_own(session: AsyncSession, who: Viewer, key: str) -> Tag | None:
    """A tag of somebody else with this title that one of the person's own clients carries."""
    carried = select(ContactTag.tag_id).join(Contact, Contact.id == ContactTag.contact_id).where(own(who))
    return await session.scalar(select(Tag).where(Tag.key == key, Tag.id.in_(carried)).order_by(Tag.id).limit(1))


async def tags_on(session: AsyncSession, contact_id: int) -> list[Tag]:
    """The tags of one client, by title."""
    statement = (
        select(Tag)
        .join(ContactTag, ContactTag.tag_id == Tag.id)
        .where(ContactTag.contact_id == contact_id)
        .order_by(Tag.key, Tag.id)
    )
    return list(await session.scalars(statement))


async def carriers(session: AsyncSession, tag_id: int) -> int:
    """How many clients carry the tag."""
    statement = select(func.count()).select_from(ContactTag).where(ContactTag.tag_id == tag_id)
    return await session.scalar(statement) or 0


async def carrying(session: AsyncSession, tag_id: int, ids: Collection[int]) -> dict[int, int | None]:
    """Those of the clients ``ids`` that carry the tag, and who put it on them."""
    rows = await session.execute(
        select(ContactTag.contact_id, ContactTag.added_by).where(
            ContactTag.tag_id == tag_id, ContactTag.contact_id.in_(ids)
        )
    )
    return {row.contact_id: row.added_by for row in rows}


async def lists(session: AsyncSession) -> list[tuple[ContactList, int]]:
    """Every list with how many clients are in it, by title."""
    counts = await session.execute(
        select(ContactListMember.list_id, func.count().label("members")).group_by(ContactListMember.list_id)
    )
    members = {row.list_id: row.members for row in counts}
    found = await session.scalars(select(ContactList).order_by(ContactList.title, ContactList.id))
    return [(one, members.get(one.id, 0)) for one in found]


async def one_list(session: AsyncSession, list_id: int) -> ContactList | None:
    """The list, or None when this business has no such."""
    return await session.scalar(select(ContactList).where(ContactList.id == list_id))


async def in_list(session: AsyncSession, list_id: int, ids: Collection[int]) -> set[int]:
    """Those of the clients ``ids`` that are in the list."""
    statement = select(ContactListMember.contact_id).where(
        ContactListMember.list_id == list_id, ContactListMember.contact_id.in_(ids)
    )
    return set(await session.scalars(statement))
