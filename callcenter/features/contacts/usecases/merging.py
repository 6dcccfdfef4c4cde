"""Cards become one, or go for good, with everything that hangs on them (IMP-32, IMP-33, REC-10).

What hangs on a card in tables of higher features is moved and erased by them: they say how with ``add_merger``. Both
ways happen in the caller's transaction, all or nothing; only files are left over, and ``tidy`` removes them after the
commit. What is left over is plain data, so that a background job can keep it in its mark and never forgets a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.contacts import gateway, queries
from callcenter.features.contacts.models import (
    Contact,
    ContactChannel,
    ContactConsent,
    ContactEvent,
    ContactFile,
    ContactListMember,
    ContactManager,
    ContactPhone,
    ContactTag,
    ContactValue,
)
from callcenter.features.contacts.rules import fields
from callcenter.features.contacts.rules import merging as rules
from callcenter.features.contacts.rules.places import stored
from callcenter.features.contacts.usecases import ending, keeping
from callcenter.plugin import Services

OWN = "contacts"
MAX_NAMED = 50
Leftovers = dict[str, list[str]]
"""What is to be removed after the commit: by merger, in words that it understands. JSON-ready."""


async def _nothing(services: Services, items: list[str]) -> None:
    """A merger whose rows have no files."""


class Merger(NamedTuple):
    """How another feature's rows follow a card.

    ``move(session, from_ids, to_id)`` hangs them on another card; ``erase(session, ids)`` deletes them and says what is
    left to be removed after the commit, which ``tidy(services, items)`` does (it must bear being called twice);
    ``counted(session, ids)`` says how many each card has, for the choice of the most active one.
    """

    name: str
    move: Callable[[AsyncSession, Collection[int], int], Awaitable[None]]
    erase: Callable[[AsyncSession, Collection[int]], Awaitable[list[str]]]
    tidy: Callable[[Services, list[str]], Awaitable[None]] = _nothing
    counted: Callable[[AsyncSession, Collection[int]], Awaitable[dict[int, int]]] | None = None


_mergers: dict[str, Merger] = {}


def add_merger(merger: Merger) -> None:
    """Says how rows of another feature follow their card; features call this when they are loaded."""
    _mergers[merger.name] = merger


async def merge(
    session: AsyncSession,
    base_id: int,
    other_ids: Collection[int],
    at: datetime,
    author: int | None,
    *,
    keeper: int | None = None,
) -> Leftovers:
    """Makes one card of several: ``base_id`` stays, the others go, what hangs on them moves to it.

    What the base has stays as it is; the others fill only its empty fields, in the order of ``other_ids``. With
    ``keeper`` (a membership) the merged card is available to him only (IMP-34). The caller checks who may change the
    cards. Raises NotFound when a card is gone meanwhile, Conflict for cards that cannot become one.
    """
    ids = [one for one in dict.fromkeys(other_ids) if one != base_id]
    found = await _locked(session, [base_id, *ids])
    base, others = found[base_id], [found[one] for one in ids]
    if any(one.kind != base.kind for one in others):
        raise Conflict(N_("A person and an organisation cannot become one card."))
    if base.state == "archive":
        raise Conflict(N_("A card in the archive cannot be changed."))
    if not others:
        return {}
    phones = [one.e164 for one in await _of(session, ContactPhone, ids)]
    dropped = _photos(others, base)
    filled = rules.filled(_card(base), [_card(one) for one in others])
    for name, value in filled.items():
        setattr(base, name, value)
    if any(one.saved for one in others):
        base.state = "client"
    if (kept := stored(base.business_id, base.photo)) in dropped:
        dropped.remove(kept)
    await _attached(session, base, ids)
    nested = await _nested(session, base, ids)
    for merger in _mergers.values():
        await merger.move(session, ids, base_id)
    if keeper is not None:
        await _keep_to(session, base, keeper, at, author)
    named = [{"id": one.id, "number": one.number, "name": one.name} for one in others[:MAX_NAMED]]
    keeping.record(
        session,
        base_id,
        "merge",
        at,
        author,
        cards=named,
        count=len(others),
        phones=phones[:MAX_NAMED],
        filled=sorted(filled),
    )
    await session.flush()
    await ending.erase(session, ids)
    base.changed_at = at
    await keeping.refresh(session, [base_id, *nested])
    return {OWN: dropped} if dropped else {}


async def erase(session: AsyncSession, ids: Collection[int]) -> Leftovers:
    """Deletes cards for good with their history, recordings, documents, tags and contact persons (IMP-32).

    Cards that are gone already are no error. The caller checks who may change the cards.
    """
    every = set(await queries.contacts(session, ids))
    for part in queries.chunks(list(every)):
        every |= set(await session.scalars(select(Contact.id).where(Contact.organisation_id.in_(part))))
    left: Leftovers = {}
    for part in queries.chunks(sorted(every)):
        for merger in _mergers.values():
            left.setdefault(merger.name, []).extend(await merger.erase(session, part))
        left.setdefault(OWN, []).extend(await ending.erase(session, part))
    return {name: items for name, items in left.items() if items}


async def tidy(services: Services, left: Leftovers) -> None:
    """Removes what merge or erase left over; after the commit. Again and again without harm."""
    for name, items in left.items():
        if name == OWN:
            await asyncio.to_thread(gateway.unlink, services.settings.data, items)
        elif name in _mergers:
            await _mergers[name].tidy(services, items)


async def activity(session: AsyncSession, ids: Collection[int]) -> dict[int, int]:
    """How much happened with each card: history entries and what other features count (calls)."""
    counted: dict[int, int] = {}
    for part in queries.chunks(ids):
        rows = [await _counts(session, part)]
        rows += [await merger.counted(session, part) for merger in _mergers.values() if merger.counted is not None]
        for one in rows:
            for contact_id, count in one.items():
                counted[contact_id] = counted.get(contact_id, 0) + count
    return counted


async def _counts(session: AsyncSession, ids: Collection[int]) -> dict[int, int]:
    rows = await session.execute(
        select(ContactEvent.contact_id, func.count())
        .where(ContactEvent.contact_id.in_(ids))
        .group_by(ContactEvent.contact_id)
    )
    return dict(rows.tuples().all())


async def _locked(session: AsyncSession, ids: Collection[int]) -> dict[int, Contact]:
    """The cards, held until the transaction ends; in one order, so that two merges never wait crosswise."""
    found: dict[int, Contact] = {}
    for part in queries.chunks(sorted(ids)):
        rows = await session.scalars(
            select(Contact)
            .where(Contact.id.in_(part))
            .order_by(Contact.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found |= {one.id: one for one in rows}
    if len(found) < len(set(ids)):
        raise NotFound(keeping.GONE)
    return found


def _card(contact: Contact) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in ("kind", *rules.FIELDS)}


def _photos(others: Iterable[Contact], base: Contact) -> list[str]:
    return [stored(one.business_id, one.photo) for one in others if one.photo and one.photo != base.photo]


async def _of(session: AsyncSession, kind: type[Any], ids: Collection[int]) -> list[Any]:
    """Rows of ``kind`` on the cards, in the order of the cards and then of the rows."""
    place = {contact_id: number for number, contact_id in enumerate(ids)}
    rows: list[Any] = []
    for part in queries.chunks(ids):
        rows += await session.scalars(select(kind).where(kind.contact_id.in_(part)))
    return sorted(rows, key=lambda row: (place[row.contact_id], getattr(row, "id", 0)))


async def _attached(session: AsyncSession, base: Contact, ids: Collection[int]) -> None:
    """Everything in contacts' own tables that hangs on the cards."""
    await _move_new(session, ContactPhone, base.id, ids, ("e164",))
    await _move_new(session, ContactChannel, base.id, ids, ("kind", "key"))
    await _copy_new(session, ContactManager, base.id, ids, "membership_id")
    await _copy_new(session, ContactTag, base.id, ids, "tag_id", "added_by")
    await _copy_new(session, ContactListMember, base.id, ids, "list_id")
    await _files(session, base.id, ids)
    await _copy_new(session, ContactValue, base.id, ids, "field_id", "text", "key", "amount", "day")
    for part in queries.chunks(ids):
        for kind in (ContactEvent, ContactConsent):
            await session.execute(update(kind).where(kind.contact_id.in_(part)).values(contact_id=base.id))


async def _move_new(
    session: AsyncSession, kind: type[Any], base_id: int, ids: Collection[int], by: tuple[str, ...]
) -> None:
    """Rows that the base has not, compared ``by`` these columns, go over to it; the rest goes with its card."""
    there = {tuple(getattr(row, name) for name in by) for row in await _of(session, kind, [base_id])}
    moved = []
    for row in await _of(session, kind, ids):
        key = tuple(getattr(row, name) for name in by)
        if key not in there:
            there.add(key)
            moved.append(row.id)
    for part in queries.chunks(moved):
        await session.execute(update(kind).where(kind.id.in_(part)).values(contact_id=base_id))


async def _copy_new(
    session: AsyncSession, kind: type[Any], base_id: int, ids: Collection[int], by: str, *more: str
) -> None:
    """The same for rows whose key is the card itself: they are made anew on the base."""
    there = {getattr(row, by) for row in await _of(session, kind, [base_id])}
    made: dict[Any, dict[str, Any]] = {}
    for row in await _of(session, kind, ids):
        key = getattr(row, by)
        if key not in there and key not in made:
            made[key] = {"contact_id": base_id, by: key} | {name: getattr(row, name) for name in more}
    if made:
        await session.execute(insert(kind), list(made.values()))


async def _files(session: AsyncSession, base_id: int, ids: Collection[int]) -> None:
    """Documents go over; the value of a file field that the base has filled becomes a plain document: none is lost."""
    taken = {row.field_id for row in await _of(session, ContactFile, [base_id]) if row.field_id is not None}
    taken |= {row.field_id for row in await _of(session, ContactValue, [base_id])}
    for row in await _of(session, ContactFile, ids):
        if row.field_id in taken:
            row.field_id = None
        elif row.field_id is not None:
            taken.add(row.field_id)
        row.contact_id = base_id
    await session.flush()


async def _nested(session: AsyncSession, base: Contact, ids: Collection[int]) -> list[int]:
    """Contact persons of the other organisations get into the base, with its responsible member (CON-29)."""
    if base.kind != fields.ORGANISATION:
        return []
    moved: list[int] = []
    for part in queries.chunks(ids):
        persons = select(Contact).where(Contact.organisation_id.in_(part)).order_by(Contact.id)
        for person in await session.scalars(persons):
            person.organisation_id, person.organisation = base.id, base.name
            person.responsible_id = base.responsible_id
            moved.append(person.id)
    await session.flush()
    return moved


async def _keep_to(session: AsyncSession, base: Contact, keeper: int, at: datetime, author: int | None) -> None:
    """The card belongs to ``keeper`` alone from now on."""
    before = base.responsible_id
    base.responsible_id, base.access = keeper, "private"
    await session.flush()
    await session.execute(delete(ContactManager).where(ContactManager.contact_id == base.id))
    if before != keeper:
        await keeping.note_responsible(session, base, before, at, author)
