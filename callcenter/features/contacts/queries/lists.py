"""Pages of the lists of clients and organisations, fast among a million (benchmarks.clients).

A list is walked along the index of its order until a page is full, which is fast unless few contacts match. So what an
index can look up by itself (a number, a name, a tag …) is looked up first: when it finds few, only those are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.visitors import replacement_traverse

from callcenter.features.contacts.models import Contact, ContactCounter, ContactValue
from callcenter.features.contacts.queries import filtering
from callcenter.features.contacts.queries.filtering import Condition
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.rules.columns import Sort
from callcenter.features.contacts.rules.filters import Field, ListState

# So many contacts are few: faster to sort than to find on a walk.
FEW = 12_000
# Two conditions that each match many are looked up together when fewer than this many are to be expected.
WORTHWHILE = 1000
CAP = 60_000
# A walk that passes so many contacts takes as long as looking one up and sorting it: it reads them in their order.
STRIDE = 2
# Columns of Contact with an index of their own, by what a list can be sorted by.
_INDEXED_BY = {
    "birth_date": "birth_date",
    "city": "city",
    "inn": "inn",
    "name": "name_key",
    "created": "created_at",
    "last_call": "last_call_at",
}
_INDEXED = frozenset({*_INDEXED_BY.values(), "number", "responsible_id", "organisation_id"})


class Plan(NamedTuple):
    """How a list is read: its conditions, and where to look the contacts up when they are few (else None)."""

    where: Sequence[Condition]
    among: Condition | None = None

    @property
    def few(self) -> bool:
        """Whether only a few contacts can match."""
        return self.among is not None

    @property
    def conditions(self) -> list[Condition]:
        """Everything that must hold."""
        return [*self.where] if self.among is None else [self.among, *self.where]


async def plan(
    session: AsyncSession, who: Viewer, state: ListState, *, need: int = 0, total: int | None = None
) -> Plan:
    """Looks at what the list asks for. Raises BadInput.

    ``need`` is how many contacts of the order are wanted from the first on, ``total`` how many match, if that is known.
    """
    narrowings = await filtering.narrowings(session, state)
    if not narrowings:
        return Plan(await filtering.conditions(session, who, state))
    everybody = await session.scalar(select(func.max(ContactCounter.last))) or 1
    # A late page of a list that few are in passes nearly everybody: then even many are better looked up.
    passed = min(everybody, need * everybody // max(total, 1)) if total is not None else 0
    few = max(FEW, min(passed // STRIDE, everybody // 4))
    for narrowing in narrowings:
        if await _at_most(session, narrowing.selects, few) <= few:
            among = or_(*(Contact.id.in_(one) for one in narrowing.selects))
            return Plan(await filtering.conditions(session, who, state, walk=False), among)
    tables = [one for one in narrowings if not one.text]
    if len(tables) > 1:
        # Each finds many, but together they may find few.
        expected = float(everybody)
        for one in tables:
            expected *= await _at_most(session, one.selects, CAP) / everybody
        if expected < WORTHWHILE:
            parts = [or_(*(Contact.id.in_(select) for select in one.selects)) for one in tables]
            return Plan(await filtering.conditions(session, who, state, walk=False), and_(*parts))
    return Plan(await filtering.conditions(session, who, state))


async def _at_most(session: AsyncSession, selects: Sequence[Select[Any]], limit: int) -> int:
    """How many ids the selects find, not counted further than ``limit`` + 1."""
    found = 0
    for one in selects:
        part = one.limit(limit + 1 - found).subquery()
        found += await session.scalar(select(func.count()).select_from(part)) or 0
        if found > limit:
            break
    return found


def counted(plan: Plan) -> Select[Any]:
    """A select of how many contacts match."""
    return select(func.count()).select_from(Contact).where(*plan.conditions)


async def page(
    session: AsyncSession,
    plan: Plan,
    sort: Sort,
    offset: int,
    limit: int,
    field: Field | None = None,
    total: int | None = None,
) -> list[Contact]:
    """The contacts from ``offset`` on. Those without a value to sort by come last, whatever the direction.

    ``field`` is the own field when it is sorted by one. With ``total``, how many there are, a page of the second half
    is found from the end.
    """
    first, order = _with_value(sort, field)
    if first is None and total is not None and total // 2 < offset < total:
        limit = min(limit, total - offset)
        back = await page(session, plan, Sort(sort.key, not sort.down), total - offset - limit, limit)
        return back[::-1]
    where = _in_order(session, plan, sort)
    if field is not None and not plan.few:
        walk = _walk_values(where, sort, field)
    elif first is None:
        walk = select(Contact.id).where(*where).order_by(*_order(plan, order, sort))
    else:
        walk = select(Contact.id).where(*where, first).order_by(*_order(plan, order, sort))
        if field is not None:
            walk = walk.join(ContactValue, ContactValue.contact_id == Contact.id)
    # Only ids, which the index of the order holds: so that a late page does not read all rows before it.
    ids = list(await session.scalars(walk.offset(offset).limit(limit)))
    if first is not None and len(ids) < limit:
        skip = 0
        if not ids and offset:
            skip = offset - (await session.scalar(_count_valued(plan, first, field)) or 0)
        newest = _order(plan, Contact.number, Sort("number", down=True))
        where = _in_order(session, plan, Sort("number", down=True))
        rest = select(Contact.id).where(*where, _without_value(first, field)).order_by(*newest)
        ids += await session.scalars(rest.offset(max(0, skip)).limit(limit - len(ids)))
    rows = {one.id: one for one in await session.scalars(select(Contact).where(Contact.id.in_(ids)))} if ids else {}
    return [rows[one] for one in ids if one in rows]


def _in_order(session: AsyncSession, plan: Plan, sort: Sort) -> list[Condition]:
    """The plan's conditions for a walk in the order of ``sort``: on SQLite none of them offers another column's index,
    which it would take although very many match.
    """
    if plan.few or session.get_bind().dialect.name != "sqlite":
        return plan.conditions

    def plain(element: Any, **_: Any) -> Any:
        indexed = isinstance(element, Column) and element.table is Contact.__table__ and element.key in _INDEXED
        return func.coalesce(element, element) if indexed and element.key != _INDEXED_BY.get(sort.key) else None

    return [replacement_traverse(one, {}, plain) for one in plan.conditions]


def _walk_values(where: Sequence[Condition], sort: Sort, field: Field) -> Select[Any]:
    """Ids along the index of the own field's values."""
    value = aliased(ContactValue)
    column = _value_column(value, field)
    owner = select(Contact.id).where(Contact.id == value.contact_id, *where).correlate(value).exists()
    order = (column.desc(), value.contact_id.desc()) if sort.down else (column.asc(), value.contact_id.asc())
    return select(value.contact_id).where(value.field_id == int(field.key[1:]), owner).order_by(*order)


def _value_column(value: Any, field: Field) -> Any:
    return {"number": value.amount, "date": value.day}.get(field.type, value.key)


def _count_valued(plan: Plan, first: ColumnElement[bool], field: Field | None) -> Select[Any]:
    count = select(func.count()).select_from(Contact)
    if field is not None:
        count = count.join(ContactValue, ContactValue.contact_id == Contact.id)
    return count.where(*plan.conditions, first)


def _with_value(sort: Sort, field: Field | None) -> tuple[ColumnElement[bool] | None, Any]:
    """The condition that there is something to sort by (None = there always is), and what."""
    if field is not None:
        return ContactValue.field_id == int(field.key[1:]), _value_column(ContactValue, field)
    if sort.key == "birth_date":
        return Contact.birth_date.is_not(None), Contact.birth_date
    if sort.key == "last_call":
        return Contact.last_call_at.is_not(None), Contact.last_call_at
    if sort.key in ("city", "inn"):
        column: Any = Contact.city if sort.key == "city" else Contact.inn
        return column > "", column
    return None, {"name": Contact.name_key, "created": Contact.created_at}.get(sort.key, Contact.number)


def _without_value(first: ColumnElement[bool], field: Field | None) -> ColumnElement[bool]:
    if field is None:
        return not_(first)
    return ~select(ContactValue.field_id).where(and_(ContactValue.contact_id == Contact.id, first)).exists()


def _order(plan: Plan, column: Any, sort: Sort) -> list[Any]:
    if plan.few:
        # Not the bare column: else SQLite walks everybody in this order to find the few.
        columns = [func.coalesce(column, column), Contact.id]
    elif sort.key in ("name", "created", "number"):
        # As the index has them, or SQLite takes an index that knows nothing of persons and organisations.
        columns = [column, Contact.access, Contact.responsible_id, Contact.id]
    else:
        columns = [column, Contact.id]
    return [one.desc() if sort.down else one.asc() for one in columns]
