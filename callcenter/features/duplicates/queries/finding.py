"""Cards that have a value in common: the database groups by the value, we read only what stands there twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.contacts.api import Contact, ContactChannel, ContactPhone, Viewer
from callcenter.features.duplicates import rules
from callcenter.features.duplicates.rules import Match, Settings
from callcenter.storage.scope import Database

# Values read at once, and how many of them are asked for in one statement.
KEYS = 10_000
CHUNK = 500


def wanted(who: Viewer, settings: Settings, kind: str) -> ColumnElement[bool]:
    """The condition under which a card takes part in the search.

    Contact persons of an organisation take part in none: neither those of one organisation nor those of two are to be
    compared (IMP-27). What is in the archive rests.
    """
    parts = [contacts.access.visible(who), Contact.kind == kind, Contact.state != "archive"]
    if kind == rules.PERSON:
        parts.append(Contact.organisation_id.is_(None))
    if settings.place == rules.OWN:
        parts.append(Contact.responsible_id == who.membership_id)
    elif settings.place == rules.CHOSEN:
        parts.append(Contact.responsible_id.in_(settings.members))
    return and_(*parts)


async def matches(
    db: Database, business_id: int, who: Viewer, settings: Settings, kind: str, criterion: str
) -> AsyncIterator[list[Match]]:
    """Everything that cards of ``kind`` have in common, some at a time, with a session for each statement."""
    if criterion == "inn" and kind != rules.ORGANISATION:
        return
    after = ""
    while True:
        async with db.business(business_id) as session:
            keys = list(await session.scalars(_twice(who, settings, kind, criterion, after)))
        for start in range(0, len(keys), CHUNK):
            async with db.business(business_id) as session:
                yield await _holders(session, wanted(who, settings, kind), criterion, keys[start : start + CHUNK])
        if len(keys) < KEYS:
            return
        after = keys[-1]


def _twice(who: Viewer, settings: Settings, kind: str, criterion: str, after: str) -> Select[str]:
    """Values that stand on two cards at least; whether these take part is asked for the few afterwards."""
    if criterion in ("phone", "email"):
        table: Any = ContactPhone if criterion == "phone" else ContactChannel
        key = ContactPhone.e164 if criterion == "phone" else ContactChannel.key
        statement = select(key).having(func.min(table.contact_id) != func.max(table.contact_id))
        if criterion == "email":
            statement = statement.where(ContactChannel.kind == "email")
        if settings.place != rules.ALL:
            # Few of many: from the cards to their values.
            statement = statement.where(table.contact_id.in_(select(Contact.id).where(wanted(who, settings, kind))))
    else:
        key = Contact.name_key if criterion == "name" else Contact.inn
        statement = select(key).where(Contact.kind == kind).having(func.min(Contact.id) != func.max(Contact.id))
        if settings.place != rules.ALL:
            statement = statement.where(wanted(who, settings, kind))
    return statement.where(key > after).group_by(key).order_by(key).limit(KEYS)


async def _holders(
    session: AsyncSession, where: ColumnElement[bool], criterion: str, keys: Collection[str]
) -> list[Match]:
    held: dict[str, list[int]] = {}
    for key, contact_id in await session.execute(_who_has(criterion, keys).where(where)):
        held.setdefault(key, []).append(contact_id)
    return [Match(criterion, key, tuple(ids)) for key, ids in held.items() if len(set(ids)) > 1]


def _who_has(criterion: str, keys: Collection[str]) -> Select[str, int]:
    """(value, card) for the cards that have one of ``keys``."""
    if criterion == "phone":
        return (
            select(ContactPhone.e164, Contact.id)
            .join(Contact, Contact.id == ContactPhone.contact_id)
            .where(ContactPhone.e164.in_(keys))
        )
    if criterion == "email":
        return (
            select(ContactChannel.key, Contact.id)
            .join(Contact, Contact.id == ContactChannel.contact_id)
            .where(ContactChannel.kind == "email", ContactChannel.key.in_(keys))
        )
    column = Contact.name_key if criterion == "name" else Contact.inn
    return select(column, Contact.id).where(column.in_(keys))


async def having(
    session: AsyncSession, values: dict[str, list[str]], *, kind: str, besides: int
) -> dict[int, set[str]]:
    """Cards of ``kind`` that have one of ``values`` (criterion → values) → by which criteria; not ``besides``."""
    found: dict[int, set[str]] = {}
    for criterion, keys in values.items():
        if not keys:
            continue
        statement = (
            _who_has(criterion, keys)
            .where(Contact.kind == kind, Contact.state != "archive", Contact.id != besides)
            .order_by(Contact.id)
            .limit(rules.MAX_SHOWN)
        )
        for _, contact_id in await session.execute(statement):
            found.setdefault(contact_id, set()).add(criterion)
    return found


async def values_of(session: AsyncSession, ids: Collection[int]) -> dict[int, dict[str, list[str]]]:
    """What cards are compared by, as it is now: card → criterion → values."""
    found: dict[int, dict[str, list[str]]] = {one: {} for one in ids}
    some = list(ids)
    for start in range(0, len(some), CHUNK):
        part = some[start : start + CHUNK]
        phones = select(ContactPhone.contact_id, ContactPhone.e164).where(ContactPhone.contact_id.in_(part))
        for contact_id, e164 in await session.execute(phones.order_by(ContactPhone.contact_id, ContactPhone.id)):
            found[contact_id].setdefault("phone", []).append(e164)
        mails = select(ContactChannel.contact_id, ContactChannel.key).where(
            ContactChannel.contact_id.in_(part), ContactChannel.kind == "email"
        )
        for contact_id, key in await session.execute(mails.order_by(ContactChannel.contact_id, ContactChannel.id)):
            found[contact_id].setdefault("email", []).append(key)
        names = select(Contact.id, Contact.name_key, Contact.inn).where(Contact.id.in_(part))
        for contact_id, name, inn in await session.execute(names):
            found[contact_id]["name"] = [name] if name else []
            found[contact_id]["inn"] = [inn] if inn else []
    return found
