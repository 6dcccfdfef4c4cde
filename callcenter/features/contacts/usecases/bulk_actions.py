"""What can be done to many clients: tags, lists, the responsible employee, archive, blacklist, mailings, deletion."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Delete, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import gateway
from callcenter.features.contacts.models import Contact, ContactListMember, ContactTag
from callcenter.features.contacts.queries import labels as found
from callcenter.features.contacts.rules import bulk as rules
from callcenter.features.contacts.rules import fields
from callcenter.features.contacts.rules import labels as label_rules
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.usecases import ending, keeping, labels
from callcenter.features.contacts.usecases.bulk import BulkAction, Portion
from callcenter.features.contacts.usecases.labels import TagForm
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_SETUP

T = TypeVar("T")
Prepared = tuple[dict[str, Any], str]


class ListForm(msgspec.Struct, kw_only=True):
    """Which list is meant."""

    list_id: int


class MemberForm(msgspec.Struct, kw_only=True):
    """Which employee (membership) is meant."""

    member_id: int


def own_or_all(who: Viewer) -> ColumnElement[bool]:
    """Whose tags may be changed by ``who``; the same as rules.labels.may_label."""
    return true() if who.private or who.everything else found.own(who)


def given_away(who: Viewer) -> ColumnElement[bool]:
    """Whose responsible employee may be changed by ``who``: his own clients' (CON-28), by others everybody's."""
    return true() if who.private or who.everything else Contact.responsible_id == who.membership_id


# --- tags ---------------------------------------------------------------------------------------------------------


async def _tag_to_add(
    session: AsyncSession, person: Current, who: Viewer, params: dict[str, Any], at: datetime
) -> Prepared:
    tag = await labels.tag_for(session, who, _form(params, TagForm), at)
    return {"tag_id": tag.id}, tag.title


async def _tag_to_remove(
    session: AsyncSession, person: Current, who: Viewer, params: dict[str, Any], at: datetime
) -> Prepared:
    form = _form(params, TagForm)
    tag = await found.tag(session, form.tag_id or 0)
    if tag is None:
        raise NotFound(labels.NO_TAG)
    if not label_rules.may_take_off_many(who, tag.owner_id, await found.on_own(session, who, tag.id)):
        raise Forbidden(N_("An employee's tag can be taken off on single cards only."))
    return {"tag_id": tag.id}, tag.title


async def _add_tag(portion: Portion) -> None:
    tag_id, ids = portion.params["tag_id"], _ids(portion)
    if await found.tag(portion.session, tag_id) is None:
        raise NotFound(labels.NO_TAG)
    await _insert(portion, ContactTag, ids, await found.carrying(portion.session, tag_id, ids), tag_id=tag_id)


async def _remove_tag(portion: Portion) -> None:
    tag_id, ids = portion.params["tag_id"], _ids(portion)
    there = await found.carrying(portion.session, tag_id, ids)
    portion.skip(rules.ALREADY, len(ids) - len(there))
    portion.changed = await _delete(portion, _tag_off(tag_id, there))
    portion.trace = {"rows": [[contact_id, added_by] for contact_id, added_by in there.items()]} if there else None


async def _untag(portion: Portion, data: Any) -> None:
    """Undo of adding: off those that got it, as far as they still have it."""
    portion.changed = await _delete(portion, _tag_off(portion.params["tag_id"], data["ids"]))
    portion.skip(rules.ALREADY, len(data["ids"]) - portion.changed)


async def _retag(portion: Portion, data: Any) -> None:
    """Undo of removing: on again, by whom it was on."""
    session, tag_id = portion.session, portion.params["tag_id"]
    if await found.tag(session, tag_id) is None:
        raise NotFound(labels.NO_TAG)
    before = dict(data["rows"])
    there = await found.carrying(session, tag_id, list(before))
    rows = [
        {"tag_id": tag_id, "contact_id": one, "added_by": before[one]}
        for one in await _alive(session, list(before))
        if one not in there
    ]
    if rows:
        await session.execute(insert(ContactTag), rows)
    portion.changed = len(rows)
    portion.skip(rules.ALREADY, len(before) - len(rows))


# --- lists --------------------------------------------------------------------------------------------------------


async def _a_list(
    session: AsyncSession, person: Current, who: Viewer, params: dict[str, Any], at: datetime
) -> Prepared:
    one = await found.one_list(session, _form(params, ListForm).list_id)
    if one is None:
        raise NotFound(labels.NO_LIST)
    return {"list_id": one.id}, one.title


async def _to_list(portion: Portion) -> None:
    list_id, ids = portion.params["list_id"], _ids(portion)
    if await found.one_list(portion.session, list_id) is None:
        raise NotFound(labels.NO_LIST)
    there = dict.fromkeys(await found.in_list(portion.session, list_id, ids))
    await _insert(portion, ContactListMember, ids, there, list_id=list_id)


async def _off_list(portion: Portion) -> None:
    list_id, ids = portion.params["list_id"], _ids(portion)
    there = await found.in_list(portion.session, list_id, ids)
    portion.skip(rules.ALREADY, len(ids) - len(there))
    portion.changed = await _delete(portion, _list_off(list_id, there))
    portion.trace = {"ids": sorted(there)} if there else None


async def _unlist(portion: Portion, data: Any) -> None:
    portion.changed = await _delete(portion, _list_off(portion.params["list_id"], data["ids"]))
    portion.skip(rules.ALREADY, len(data["ids"]) - portion.changed)


async def _relist(portion: Portion, data: Any) -> None:
    list_id = portion.params["list_id"]
    if await found.one_list(portion.session, list_id) is None:
        raise NotFound(labels.NO_LIST)
    alive = await _alive(portion.session, data["ids"])
    portion.skip(rules.ALREADY, len(data["ids"]) - len(alive))
    there = dict.fromkeys(await found.in_list(portion.session, list_id, alive))
    await _insert(portion, ContactListMember, alive, there, list_id=list_id)


# --- the responsible employee -------------------------------------------------------------------------------------


async def _a_member(
    session: AsyncSession, person: Current, who: Viewer, params: dict[str, Any], at: datetime
) -> Prepared:
    wanted = _form(params, MemberForm).member_id
    for one in await accounts.people(session):
        if one.membership_id == wanted and one.status == "active" and one.role != "guest":
            return {"member_id": wanted}, one.name
    message = N_("Choose an employee who works here.")
    raise BadInput(message, fields={"member_id": message})


async def _transfer(portion: Portion) -> None:
    after, rows = portion.params["member_id"], []
    for contact in portion.contacts:
        if contact.kind == fields.PERSON and contact.organisation_id is not None:
            portion.skip(rules.NESTED)
        elif contact.responsible_id == after:
            portion.skip(rules.ALREADY)
        else:
            rows.append([contact.id, contact.responsible_id])
            await _give(portion, contact, after)
    portion.changed = len(rows)
    portion.trace = {"rows": rows, "after": after} if rows else None


async def _give_back(portion: Portion, data: Any) -> None:
    """Undo of a transfer, for those who are still with whom they were given to."""
    before = dict(data["rows"])
    rows = await portion.session.scalars(
        select(Contact).where(Contact.id.in_(before), Contact.responsible_id == data["after"]).with_for_update()
    )
    for contact in rows:
        await _give(portion, contact, before[contact.id])
        portion.changed += 1
    portion.skip(rules.ALREADY, len(before) - portion.changed)


async def _give(portion: Portion, contact: Contact, member_id: int | None) -> None:
    was, contact.responsible_id = contact.responsible_id, member_id
    contact.changed_at = portion.at
    await keeping.note_responsible(portion.session, contact, was, portion.at, portion.person.membership_id)


def _say_transferred(run: work.Run) -> None:
    """One word to the new responsible employee, not one for each client."""
    count, member_id = run.result.get("changed", 0), run.params["params"]["member_id"]
    if count and member_id != run.owner_id:
        text = N_("You are now responsible for more clients: %(count)s.")
        run.services.live.tell(
            run.business_id, member_id, "notice", lambda say: {"kind": "clients", "text": say(text, {"count": count})}
        )


# --- archive, blacklist, mailings, deletion -----------------------------------------------------------------------


async def _archive(portion: Portion) -> None:
    """Puts clients away; the card stays to be looked at and cannot be restored (CON-12)."""
    for contact in portion.contacts:
        contact.state, contact.archived_at = "archive", portion.at
        keeping.record(portion.session, contact.id, "archived", portion.at, portion.person.membership_id)
    portion.changed = len(portion.contacts)


def _switch(column: str, value: bool) -> BulkAction:
    """An action that sets one of the card's switches."""
    label, title = _SWITCHES[column, value]

    async def apply(portion: Portion) -> None:
        ids = [one.id for one in portion.contacts if getattr(one, column) is not value]
        portion.skip(rules.ALREADY, len(portion.contacts) - len(ids))
        portion.changed = await _set(portion, ids, {column: value, "changed_at": portion.at})
        portion.trace = {"ids": ids} if ids else None

    async def restore(portion: Portion, data: Any) -> None:
        still = select(Contact.id).where(Contact.id.in_(data["ids"]), getattr(Contact, column).is_(value))
        ids = list(await portion.session.scalars(still.with_for_update()))
        portion.skip(rules.ALREADY, len(data["ids"]) - len(ids))
        portion.changed = await _set(portion, ids, {column: not value, "changed_at": portion.at})

    name = {"blocked": "block", "subscribed": "subscribe"}[column]
    shown = "ban" if column == "blocked" else "mail"
    return BulkAction(name if value else f"un{name}", label, title, apply, restore=restore, icon=shown)


_SWITCHES: dict[tuple[str, bool], tuple[str, str]] = {
    ("blocked", True): (N_("Blacklist"), N_("Put on the blacklist")),
    ("blocked", False): (N_("Off the blacklist"), N_("Take off the blacklist")),
    ("subscribed", True): (N_("Subscribe"), N_("Subscribe to mailings")),
    ("subscribed", False): (N_("Unsubscribe"), N_("Unsubscribe from mailings")),
}


async def _erase(portion: Portion) -> None:
    """Deletes clients with all that hangs on them; calls stay in the log. Files go once that is committed."""
    ids = _ids(portion)
    files = await ending.erase(portion.session, ids)
    portion.changed = len(ids)
    portion.done.append(partial(gateway.unlink, portion.services.settings.data, files))


# --- helpers ------------------------------------------------------------------------------------------------------


def _form(params: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(params, kind)
    except msgspec.ValidationError:
        message = N_("Choose what is to be done.")
        raise BadInput(message, fields={"params": message}) from None


def _ids(portion: Portion) -> list[int]:
    return [one.id for one in portion.contacts]


async def _alive(session: AsyncSession, ids: list[int]) -> list[int]:
    statement = select(Contact.id).where(Contact.id.in_(ids)).order_by(Contact.id).with_for_update()
    return list(await session.scalars(statement))


async def _insert(portion: Portion, kind: type[Any], ids: list[int], there: dict[int, Any], **values: Any) -> None:
    """Links clients to a tag or a list, those that are not linked yet."""
    more = {"added_by": portion.person.membership_id} if kind is ContactTag else {}
    new = [one for one in ids if one not in there]
    portion.skip(rules.ALREADY, len(ids) - len(new))
    if new:
        await portion.session.execute(insert(kind), [{"contact_id": one, **values, **more} for one in new])
        portion.trace = {"ids": new}
    portion.changed = len(new)


def _tag_off(tag_id: int, ids: Any) -> Delete:
    return delete(ContactTag).where(ContactTag.tag_id == tag_id, ContactTag.contact_id.in_(list(ids)))


def _list_off(list_id: int, ids: Any) -> Delete:
    return delete(ContactListMember).where(
        ContactListMember.list_id == list_id, ContactListMember.contact_id.in_(list(ids))
    )


async def _delete(portion: Portion, statement: Delete) -> int:
    done: Any = await portion.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


async def _set(portion: Portion, ids: list[int], values: dict[str, Any]) -> int:
    if ids:
        await portion.session.execute(
            update(Contact).where(Contact.id.in_(ids)).values(values).execution_options(synchronize_session=False)
        )
    return len(ids)


OWN: tuple[BulkAction, ...] = (
    BulkAction("tag_add", N_("Add tag"), N_("Add the tag «%(what)s»"), _add_tag, prepare=_tag_to_add, restore=_untag,
               asks="tag", icon="tag", allowed=own_or_all),
    BulkAction("tag_remove", N_("Remove tag"), N_("Remove the tag «%(what)s»"), _remove_tag, prepare=_tag_to_remove,
               restore=_retag, asks="own_tag", icon="tag", allowed=own_or_all),
    BulkAction("list_add", N_("Add to list"), N_("Add to the list «%(what)s»"), _to_list, prepare=_a_list,
               restore=_unlist, asks="list", icon="note"),
    BulkAction("list_remove", N_("Remove from list"), N_("Remove from the list «%(what)s»"), _off_list,
               prepare=_a_list, restore=_relist, asks="list", icon="note"),
    BulkAction("responsible", N_("Change responsible"), N_("Transfer clients to %(what)s"), _transfer,
               prepare=_a_member, restore=_give_back, finish=_say_transferred, asks="member", icon="user",
               allowed=given_away),
    _switch("blocked", True),
    _switch("blocked", False),
    _switch("subscribed", True),
    _switch("subscribed", False),
    BulkAction("archive", N_("To archive"), N_("Put clients into the archive"), _archive, icon="file", final=True),
    BulkAction("erase", N_("Delete for good"), N_("Delete clients for good"), _erase, permission=CONTACTS_SETUP,
               asks="number", icon="x", final=True, archived=True),
)  # fmt: skip
