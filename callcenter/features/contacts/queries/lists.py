"""Pages of the lists of clients and organisations, fast among a million (benchmarks.clients).

A list is walked along the index of its order until a page is full, which is fast unless few contacts match. So what an
index can look up by itself (a number, a name, a tag …) is looked up first: when it finds few, only those are sorted.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BinaryExpression, Column, ColumnElement, Select, and_, case, func, not_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql import operators
from sqlalchemy.sql.visitors import replacement_traverse

from callcenter.features.contacts.models import Contact, ContactCounter, ContactValue
from callcenter.features.contacts.queries import filtering
from callcenter.features.contacts.queries.filtering import Condition, Narrowing
from callcenter.features.contacts.rules.access import Viewer
from callcenter.features.contacts.rules.columns import Sort
from callcenter.features.contacts.rules.filters import Field, ListState

# So many contacts are few: faster to sort than to find on a walk.
FEW = 12_000
# Two conditions that each match many are looked up together when fewer than this many are to be expected.
WORTHWHILE = 1000
CAP = 60_000
# How many look-ups' sizes are remembered, for so many seconds.
LOOK_UPS, REMEMBERED = 2000, 300.0
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
_INDEXED = frozenset({*_INDEXED_BY.values(), "number", "responsible_id", "organisation_id", "called_at", "zone_id"})


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


class Sizes:
    """How many contacts look-ups find, remembered for some minutes: only how a list is read depends on it, not what."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: OrderedDict[bytes, tuple[float, int, int]] = OrderedDict()

    async def at_most(self, session: AsyncSession, key: bytes, narrowing: Narrowing, limit: int) -> int:
        """How many the look-up finds; ``limit`` + 1 when it finds more. ``key`` says which look-up it is."""
        at, found, counted_to = self._kept.get(key, (float("-inf"), 0, -1))
        # More than were counted to: how many more is not known.
        if self._now() - at > REMEMBERED or counted_to < min(found, limit):
            found, counted_to = await _at_most(session, narrowing.selects, limit), limit
            self._kept[key] = (self._now(), found, counted_to)
            self._kept.move_to_end(key)
            while len(self._kept) > LOOK_UPS:
                self._kept.popitem(last=False)
        return min(found, limit + 1)


async def plan(
    session: AsyncSession,
    who: Viewer,
    state: ListState,
    sizes: Sizes,
    business: int,
    *,
    need: int = 0,
    total: int | None = None,
) -> Plan:
    """Looks at what the list asks for. Raises BadInput.

    ``need`` is how many contacts of the order are wanted from the first on, ``total`` how many match, if that is known.
    """
    asked = msgspec.json.encode((business, state))
    look_ups = [(one, b"%d %s" % (n, asked)) for n, one in enumerate(await filtering.narrowings(session, state))]
    if not look_ups:
        return Plan(await filtering.conditions(session, who, state))
    look_ups.sort(key=lambda one: one[0].text)
    everybody = await session.scalar(select(func.max(ContactCounter.last))) or 1
    # A late page of a list that few are in passes nearly everybody: then even many are better looked up.
    passed = min(everybody, need * everybody // max(total, 1)) if total is not None else 0
    few = max(FEW, min(passed // STRIDE, everybody // 4))
    for one, key in look_ups:
        if await sizes.at_most(session, key, one, few) <= few:
            return Plan(await filtering.conditions(session, who, state, walk=False), one.among)
    tables = [(one, key) for one, key in look_ups if not one.text]
    if len(tables) > 1:
        # Each finds many, but together they may find few.
        expected = float(everybody)
        for one, key in tables:
            expected *= await sizes.at_most(session, key, one, CAP) / everybody
        if expected < WORTHWHILE:
            among = and_(*(one.among for one, _ in tables))
            return Plan(await filtering.conditions(session, who, state, walk=False), among)
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
    if plan.few and field is None:
        rows, _ = await page_of_few(session, plan, sort, offset, limit)
        return rows
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
    return await _cards(session, ids)


async def stretch(
    session: AsyncSession, plan: Plan, *, below: int | None, above: int | None, limit: int
) -> list[Contact]:
    """The contacts by their № downwards: those after ``below``, or the last ones before ``above``; both excluded.

    However far down, as fast as from the beginning: the edge is looked up in the index of the order.
    """
    sort = Sort("number", down=above is None)
    where = _in_order(session, plan, sort)
    if above is not None:
        where = [*where, Contact.number > above]
    elif below is not None:
        where = [*where, Contact.number < below]
    ids = list(
        await session.scalars(
            select(Contact.id).where(*where).order_by(*_order(plan, Contact.number, sort)).limit(limit)
        )
    )
    return await _cards(session, ids if above is None else ids[::-1])


async def page_of_few(
    session: AsyncSession, plan: Plan, sort: Sort, offset: int, limit: int
) -> tuple[list[Contact], int | None]:
    """``page`` of few contacts, together with how many there are: found once instead of twice.

    None instead of the number past the end, where nothing tells it.
    """
    first, column = _with_value(sort, None)
    order = _order(plan, column, sort)
    if first is not None:
        value, newest = case((first, column)), case((~first, Contact.number))
        order = [case((first, 0), else_=1), value.desc() if sort.down else value, newest.desc(), order[-1]]
    found = select(Contact.id, func.count().over()).where(*plan.conditions).order_by(*order)
    rows = (await session.execute(found.offset(offset).limit(limit))).all()
    total = rows[0][1] if rows else None
    return await _cards(session, [one[0] for one in rows]), total if rows or offset else 0


async def _cards(session: AsyncSession, ids: Sequence[int]) -> list[Contact]:
    """The contacts with these ids, in this order."""
    rows = {one.id: one for one in await session.scalars(select(Contact).where(Contact.id.in_(ids)))} if ids else {}
    return [rows[one] for one in ids if one in rows]


def _in_order(session: AsyncSession, plan: Plan, sort: Sort) -> list[Condition]:
    """The plan's conditions for a walk in the order of ``sort``, so that the database does walk and does not first
    find everybody who matches, although very many do.

    On SQLite none of the conditions offers another column's index. On PostgreSQL other tables are looked into contact
    by contact: by a range of one, because of what is equal it makes a table of its own first.
    """
    if plan.few:
        return plan.conditions
    contacts, sqlite = Contact.__table__, session.get_bind().dialect.name == "sqlite"

    def plain(element: Any, **_: Any) -> Any:
        indexed = isinstance(element, Column) and element.table is contacts and element.key in _INDEXED
        return func.coalesce(element, element) if indexed and element.key != _INDEXED_BY.get(sort.key) else None

    def one_by_one(element: Any, **_: Any) -> Any:
        if not isinstance(element, BinaryExpression) or element.operator is not operators.eq:
            return None
        here, there = element.left, element.right
        owned = getattr(here, "key", "") == "contact_id" and getattr(there, "table", None) is contacts
        return here.between(there, there) if owned else None

    return [replacement_traverse(one, {}, plain if sqlite else one_by_one) for one in plan.conditions]


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
