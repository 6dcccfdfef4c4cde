"""People make tags and lists, put them on clients, take them off, and delete them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.contacts import queries
from callcenter.features.contacts.models import ContactList, ContactListMember, ContactTag, Tag
from callcenter.features.contacts.queries import access
from callcenter.features.contacts.queries import labels as found
from callcenter.features.contacts.rules import labels as rules
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.storage.scope import exclusive

# Up to so many clients a tag or list is deleted at once, a larger one in the background.
AT_ONCE = 1_000
PORTION = 1_000
EMPTYING = "contacts.label-delete"
NO_TAG = N_("This tag is not there.")
NO_LIST = N_("This list is not there.")
NOT_YOURS = N_("You may add and remove tags only on your own clients.")
THERE = N_("There is one with this title already.")


class TagForm(msgspec.Struct, kw_only=True):
    """A tag to put on: an existing one by ``tag_id``, or ``title``, which makes a new one when there is none."""

    tag_id: int | None = None
    title: str = ""


class TitleForm(msgspec.Struct, kw_only=True):
    """The title of a tag or a list."""

    title: str = ""


async def tag_for(session: AsyncSession, who: Viewer, form: TagForm, at: datetime) -> Tag:
    """The tag that is meant, made when nobody of those whose tags he sees has it. NotFound, BadInput."""
    if form.tag_id is not None:
        tag = await found.tag(session, form.tag_id)
        if tag is None or not rules.may_use(who, tag.owner_id, await found.on_own(session, who, tag.id)):
            raise NotFound(NO_TAG)
        return tag
    return await make_tag(session, who, form.title, at, reuse=True)


async def make_tag(session: AsyncSession, who: Viewer, typed: str, at: datetime, *, reuse: bool = False) -> Tag:
    """A new tag of the person; with ``reuse`` the one that he sees already under this title. Raises BadInput."""
    title = rules.title(typed, rules.MAX_TAG)
    key = rules.key(title)
    await exclusive(session, "tags")
    there = await found.tag_of(session, who.membership_id, key)
    if there is None and reuse and not who.private:
        there = await found.carried_by_own(session, who, key)
    if there is not None:
        if reuse:
            return there
        raise BadInput(THERE, fields={"title": THERE})
    count = await session.scalar(select(func.count()).select_from(Tag).where(Tag.owner_id == who.membership_id))
    if (count or 0) >= rules.MAX_TAGS_OF_PERSON:
        raise BadInput(N_("You have %(limit)s tags already. Delete some first."), limit=rules.MAX_TAGS_OF_PERSON)
    tag = Tag(title=title, key=key, owner_id=who.membership_id, created_at=at)
    session.add(tag)
    await session.flush()
    return tag


async def put_on(session: AsyncSession, who: Viewer, contact_id: int, form: TagForm, at: datetime) -> Tag:
    """Puts a tag on one client. NotFound, Forbidden, BadInput."""
    await _need_label(session, who, contact_id)
    tag = await tag_for(session, who, form, at)
    if contact_id not in await found.carrying(session, tag.id, [contact_id]):
        session.add(ContactTag(tag_id=tag.id, contact_id=contact_id, added_by=who.membership_id))
        await session.flush()
    return tag


async def take_off(session: AsyncSession, who: Viewer, contact_id: int, tag_id: int) -> None:
    """Takes a tag off one client, whoever made it (CON-35). NotFound, Forbidden."""
    await _need_label(session, who, contact_id)
    if contact_id not in await found.carrying(session, tag_id, [contact_id]):
        raise NotFound(NO_TAG)
    await session.execute(delete(ContactTag).where(ContactTag.contact_id == contact_id, ContactTag.tag_id == tag_id))


async def rename_tag(session: AsyncSession, who: Viewer, tag_id: int, typed: str) -> Tag:
    """Renames a tag of one's own. NotFound, Forbidden, BadInput."""
    tag = await _need_own(session, who, tag_id)
    title = rules.title(typed, rules.MAX_TAG)
    await exclusive(session, "tags")
    other = await session.scalar(
        select(Tag).where(Tag.owner_id == tag.owner_id, Tag.key == rules.key(title), Tag.id != tag.id)
    )
    if other is not None:
        raise BadInput(THERE, fields={"title": THERE})
    tag.title, tag.key = title, rules.key(title)
    await session.flush()
    return tag


async def delete_tag(
    session: AsyncSession, services: Services, who: Viewer, tag_id: int
) -> tuple[Tag, int, work.WorkJob | None]:
    """Deletes a tag and so takes it off all clients (CON-33); says off how many, and the job that does it if many."""
    tag = await _need_own(session, who, tag_id)
    count = await found.carriers(session, tag_id)
    if count <= AT_ONCE:
        await session.execute(delete(ContactTag).where(ContactTag.tag_id == tag_id))
        await session.delete(tag)
        await session.flush()
        return tag, count, None
    job = await _delete_later(session, services, who, "tag", tag.id, N_("Delete the tag %(title)s"), tag.title, count)
    return tag, count, job


async def create_list(session: AsyncSession, person: Current, typed: str, at: datetime) -> ContactList:
    """A new list. Raises BadInput."""
    title = await _list_title(session, typed)
    made = ContactList(title=title, created_by=person.membership_id, created_at=at)
    session.add(made)
    await session.flush()
    return made


async def rename_list(session: AsyncSession, list_id: int, typed: str) -> ContactList:
    """Renames a list. NotFound, BadInput."""
    one = await _need_list(session, list_id)
    one.title = await _list_title(session, typed, one.id)
    await session.flush()
    return one


async def delete_list(
    session: AsyncSession, services: Services, who: Viewer, list_id: int
) -> tuple[ContactList, int, work.WorkJob | None]:
    """Deletes a list; its clients stay. Says how many were in it, and the job that does it if many."""
    one = await _need_list(session, list_id)
    statement = select(func.count()).select_from(ContactListMember).where(ContactListMember.list_id == list_id)
    count = await session.scalar(statement) or 0
    if count <= AT_ONCE:
        await session.execute(delete(ContactListMember).where(ContactListMember.list_id == list_id))
        await session.delete(one)
        await session.flush()
        return one, count, None
    job = await _delete_later(session, services, who, "list", one.id, N_("Delete the list %(title)s"), one.title, count)
    return one, count, job


async def run_delete(run: work.Run) -> dict[str, Any]:
    """Deletes a tag or list of many clients: portion by portion off the clients, then the thing itself."""
    of_tag = run.params["what"] == "tag"
    link: Any = ContactTag if of_tag else ContactListMember
    column = ContactTag.tag_id if of_tag else ContactListMember.list_id
    while True:
        async with run.services.db.business(run.business_id) as session:
            ids = (
                await session.scalars(
                    select(link.contact_id).where(column == run.params["id"]).order_by(link.contact_id).limit(PORTION)
                )
            ).all()
            if ids:
                await session.execute(delete(link).where(column == run.params["id"], link.contact_id.in_(ids)))
            else:
                kind: Any = Tag if of_tag else ContactList
                await session.execute(delete(kind).where(kind.id == run.params["id"]))
            await run.keep(session, done=run.done + len(ids))
        if not ids:
            return {"notes": [[N_("Removed from clients: %(count)s"), {"count": run.done}]]}


async def _delete_later(
    session: AsyncSession, services: Services, who: Viewer, what: str, thing_id: int, key: str, title: str, count: int
) -> work.WorkJob:
    return await work.start(
        session,
        services,
        kind=EMPTYING,
        title=key,
        values={"title": title},
        params={"what": what, "id": thing_id},
        owner_id=who.membership_id,
        total=count,
    )


async def _need_label(session: AsyncSession, who: Viewer, contact_id: int) -> None:
    contact = await queries.contact(session, contact_id)
    if contact is None:
        raise NotFound(access.GONE)
    await access.need_see(session, who, contact)
    if not rules.may_label(who, await access.card(session, contact)):
        raise Forbidden(NOT_YOURS)
    await access.need_change(session, who, contact)


async def _need_own(session: AsyncSession, who: Viewer, tag_id: int) -> Tag:
    tag = await found.tag(session, tag_id)
    if tag is None or not rules.may_use(who, tag.owner_id, await found.on_own(session, who, tag_id)):
        raise NotFound(NO_TAG)
    if not rules.may_delete(who, tag.owner_id):
        raise Forbidden(N_("Only the employee who made this tag can change or delete it. Take it off single cards."))
    return tag


async def _need_list(session: AsyncSession, list_id: int) -> ContactList:
    one = await found.one_list(session, list_id)
    if one is None:
        raise NotFound(NO_LIST)
    return one


async def _list_title(session: AsyncSession, typed: str, list_id: int | None = None) -> str:
    title = rules.title(typed, rules.MAX_LIST)
    await exclusive(session, "lists")
    for one, _count in await found.lists(session):
        if one.id != list_id and one.title.casefold() == title.casefold():
            raise BadInput(THERE, fields={"title": THERE})
    return title


work.register(EMPTYING, run_delete)
