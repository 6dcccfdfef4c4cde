"""Personal data that lie in other tables: rows that point at the card, the audit log, jobs, views, import rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, String, Text, cast, func, inspect, or_, select
from sqlalchemy.orm import Mapper

from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import rules
from callcenter.plugin import Services
from callcenter.storage.base import Base, BusinessOwned

# Their own parts see to these, or they hold nothing of clients; other people's cards are never touched.
_LEFT = ("contact", "call", "tag", "recording", "agent", "device", "membership", "number", "queue", "menu", "trunk")
PORTION = 500


def models() -> list[Mapper[Any]]:
    """The tables of a business that are looked through."""
    found = [one for one in Base.registry.mappers if issubclass(one.class_, BusinessOwned)]
    return [one for one in found if not str(one.local_table.name).startswith(_LEFT)]  # type: ignore[attr-defined]


async def held(here: Services, business_id: int, contact_id: int) -> dict[str, list[dict[str, Any]]]:
    """Rows of other tables that point at the card."""
    data: dict[str, list[dict[str, Any]]] = {}
    async with here.db.business(business_id) as session:
        for mapper in models():
            if "contact_id" in mapper.columns:
                model: Any = mapper.class_
                rows = await session.scalars(select(model).where(model.contact_id == contact_id))
                if shown := [contacts.erasing.as_json(row) for row in rows]:
                    data[model.__tablename__] = shown
    return data


async def erase(here: Services, business_id: int, person: contacts.erasing.Person) -> dict[str, int]:
    """Empties what the rows that point at the card hold, and takes numbers, e-mails and names out of all others."""
    wanted = rules.needles(person.numbers, person.emails, person.names)
    changed = 0
    for mapper in models():
        model: Any = mapper.class_
        if "contact_id" in mapper.columns:
            async with here.db.business(business_id) as session:
                for row in await session.scalars(select(model).where(model.contact_id == person.contact_id)):
                    _empty(mapper, row)
                    changed += 1
        changed += await _look_through(here, business_id, mapper, wanted, person.names)
    async with here.db.business(business_id) as session:
        about = accounts.AuditFilter(object_type="contact", object_id=str(person.contact_id))
        for entry in await accounts.audit_entries(session, about, limit=100_000):
            entry.detail = {}
    return {"traces": changed}


def _empty(mapper: Mapper[Any], row: Any) -> None:
    for attribute in mapper.column_attrs:
        kind = attribute.columns[0].type
        if isinstance(kind, JSON):
            value = getattr(row, attribute.key)
            setattr(row, attribute.key, [] if isinstance(value, list) else {})
        elif isinstance(kind, Text):
            setattr(row, attribute.key, "")


async def _look_through(
    here: Services, business_id: int, mapper: Mapper[Any], wanted: list[str], names: tuple[str, ...]
) -> int:
    """One table: rows are found by the database, what they hold is cleaned here, a portion in a transaction."""
    model: Any = mapper.class_
    columns = [one for one in mapper.column_attrs if isinstance(one.columns[0].type, JSON | String)]
    key = inspect(model).primary_key[0]
    if not columns or not wanted:
        return 0
    # Small letters of other alphabets are unknown to SQLite, so names are looked for as they are written too.
    conditions = []
    for attribute in columns:
        text = cast(getattr(model, attribute.key), Text)
        digits: Any = text
        for sign in " ()-.\u00a0":
            digits = func.replace(digits, sign, "")
        for one in wanted:
            if one.isdecimal():
                tail = one[1:] if one.startswith("7") and len(one) == 11 else one
                conditions.append(digits.contains(tail, autoescape=True))
            else:
                conditions.append(func.lower(text).contains(one, autoescape=True))
        conditions += [text.contains(name, autoescape=True) for name in names]
    changed, last = 0, None
    column = getattr(model, inspect(model).get_property_by_column(key).key)
    while True:
        async with here.db.business(business_id) as session:
            statement = select(model).where(or_(*conditions)).order_by(column).limit(PORTION)
            if last is not None:
                statement = statement.where(column > last)
            rows = list(await session.scalars(statement))
            for row in rows:
                last = getattr(row, column.key)
                for attribute in columns:
                    before = getattr(row, attribute.key)
                    after = rules.cleaned(before, wanted)
                    if after != before:
                        setattr(row, attribute.key, after)
                        changed += 1
        if len(rows) < PORTION:
            return changed
