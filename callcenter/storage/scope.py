"""Sessions that can see one business only, by construction.

``Database.business(id)`` gives a session in which every SELECT, UPDATE and DELETE is limited to that business, every
new row gets it, and a row may refer to rows of the same business only. ``Database.system()`` sees all and is for
start-up, sign-in and jobs. A plain session without either refuses to touch a business's rows. storage.guard says how.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Table, event, func, inspect, literal, select
from sqlalchemy.engine import Result
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, UOWTransaction
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.storage import bulk, changes, guard
from callcenter.storage.base import BusinessOwned
from callcenter.storage.guard import ScopeError

SCOPE = "callcenter.business"
SYSTEM = "callcenter.system"
# Ids of this business that this transaction has looked up already, by class.
_SEEN = "callcenter.seen"

__all__ = ["Database", "ScopeError", "ScopedSession", "exclusive", "insert_many", "update_many"]


class ScopedSession(Session):
    """The sync session beneath every AsyncSession of ours; carries the scope in ``info``."""

    def _open_to_all(self, what: str) -> None:
        if not self.info.get(SYSTEM):
            raise ScopeError(f"{what} goes around the limits of a business: use Database.system()")

    def connection(self, *args: Any, **kw: Any) -> Connection:
        """The raw connection, for system sessions only."""
        self._open_to_all("session.connection()")
        return super().connection(*args, **kw)

    def bulk_save_objects(self, *args: Any, **kw: Any) -> None:
        """For system sessions only."""
        self._open_to_all("bulk_save_objects()")
        super().bulk_save_objects(*args, **kw)

    def bulk_insert_mappings(self, *args: Any, **kw: Any) -> None:
        """For system sessions only."""
        self._open_to_all("bulk_insert_mappings()")
        super().bulk_insert_mappings(*args, **kw)

    def bulk_update_mappings(self, *args: Any, **kw: Any) -> None:
        """For system sessions only."""
        self._open_to_all("bulk_update_mappings()")
        super().bulk_update_mappings(*args, **kw)


# Before _limit, which answers INSERTs itself and so ends the row of listeners.
changes.watch(ScopedSession)


@event.listens_for(ScopedSession, "do_orm_execute")
def _limit(state: ORMExecuteState) -> Result[Any] | None:
    info = state.session.info
    if info.get(SYSTEM):
        return None
    business = info.get(SCOPE)
    # What SQLAlchemy itself loads names plain tables; the criteria hold there too.
    if not state.is_column_load and not state.is_relationship_load:
        guard.check(state.statement, inside=business is not None)
    if business is None:
        return None
    options = guard.criteria(business)
    if state.is_insert:
        statement, parameters, named = guard.fill_insert(state, business)
        _check_references(state.session, _mapper(state), named)
        return state.invoke_statement(statement.options(*options), params=parameters)
    if state.is_update or state.is_delete:
        named = guard.check_change(state, business)
        if state.is_update:
            _check_references(state.session, _mapper(state), named)
    state.statement = state.statement.options(*options)
    return None


def _mapper(state: ORMExecuteState) -> Mapper[Any]:
    mapper = state.bind_mapper
    assert mapper is not None
    return mapper


@event.listens_for(ScopedSession, "before_attach")
def _attach(session: Session, instance: Any) -> None:
    """A row that was loaded elsewhere may join only the session of its own business."""
    business = session.info.get(SCOPE)
    if business is None or session.info.get(SYSTEM) or not isinstance(instance, BusinessOwned):
        return
    # Not through the attribute, which would load it when it is expired.
    owner = inspect(instance).dict.get(guard.BUSINESS)
    if owner is not None and owner != business:
        raise ScopeError(f"{type(instance).__name__} of another business joined to this session")


def insert_many(session: Session, kind: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes many new rows of one table by the driver's own executemany, in this transaction and within its business.

    For imports and mass actions, where the ORM's way costs several times what the database does. ``rows`` have the same
    keys (columns); what they lack gets the column's plain default. The same is refused as for rows that the ORM writes:
    another business, references to rows that are not of this business.
    """
    business = session.info.get(SCOPE)
    mapper: Mapper[Any] = inspect(kind)
    if business is None or not issubclass(kind, BusinessOwned):
        raise ScopeError(f"{kind.__name__} written without a business")
    if not rows:
        return
    given = {str(name): [row[name] for row in rows] for name in rows[0]}
    if any(one != business for one in given.pop(guard.BUSINESS, ())):
        raise ScopeError(f"{kind.__name__} of another business written")
    _check_references(session, mapper, given)
    connection = Session.connection(session)
    sql, columns = bulk.statement(cast(Table, mapper.local_table), connection.dialect, frozenset(given))
    values = []
    for column in columns:
        if column.key == guard.BUSINESS:
            cells: Sequence[Any] = [business] * len(rows)
        elif column.key in given:
            cells = given[column.key]
        else:
            cells = [bulk.default(column)] * len(rows)
        values.append(bulk.bound(column, cells, connection.dialect))
    connection.exec_driver_sql(sql, list(zip(*values, strict=True)))
    changes.note(session, str(mapper.local_table))


def update_many(session: Session, kind: type[Any], rows: Sequence[Mapping[str, Any]], *, later: bool = False) -> None:
    """Changes many rows of one table by their ``id``, by the driver's own executemany, within this business only.

    ``rows`` have the same keys: ``id`` and the columns that are set. Objects of these rows in the session are not
    changed: the caller sets them with ``set_committed_value``. What is refused is the same as with ``insert_many``.
    With ``later`` a row is changed only where its first given column is empty or less than what it would get.
    """
    business = session.info.get(SCOPE)
    mapper: Mapper[Any] = inspect(kind)
    if business is None or not issubclass(kind, BusinessOwned):
        raise ScopeError(f"{kind.__name__} changed without a business")
    if not rows:
        return
    names = tuple(name for name in rows[0] if name != "id")
    if guard.BUSINESS in names:
        raise ScopeError("a row cannot be moved to another business")
    given = {name: [row[name] for row in rows] for name in names}
    _check_references(session, mapper, given)
    connection = Session.connection(session)
    sql, columns = bulk.change(cast(Table, mapper.local_table), connection.dialect, names, later)
    values = [bulk.bound(column, given[column.key], connection.dialect) for column in columns]
    values += [[row["id"] for row in rows], [business] * len(rows)]
    values += values[:1] if later else []
    connection.exec_driver_sql(sql, list(zip(*values, strict=True)))
    changes.note(session, str(mapper.local_table))


@event.listens_for(ScopedSession, "before_flush")
def _fill(session: Session, context: UOWTransaction, instances: Any) -> None:
    if session.info.get(SYSTEM):
        return
    business = session.info.get(SCOPE)
    named: dict[Mapper[Any], dict[str, list[Any]]] = {}
    for row in (*session.new, *session.dirty, *session.deleted):
        if business is None:
            raise ScopeError(f"{type(row).__name__} written without a business")
        if not isinstance(row, BusinessOwned):
            # Only real changes count: a row may be marked dirty by an assignment of the same value.
            if row in session.new or row in session.deleted or session.is_modified(row):
                raise ScopeError(f"{type(row).__name__} is written with Database.system()")
            continue
        owner: int | None = row.business_id
        if owner is None and row in session.new:
            row.business_id = business
        elif owner != business or (row not in session.new and _moved(row)):
            raise ScopeError(f"{type(row).__name__} of another business written")
        if row not in session.deleted:
            _add_changed(row, named)
    # Once for all rows of a table: a portion of an import has hundreds.
    for mapper, values in named.items():
        _check_references(session, mapper, values)


def _moved(row: Any) -> bool:
    """Whether somebody has set the row's business anew."""
    return bool(inspect(row).get_history(guard.BUSINESS, PASSIVE_NO_INITIALIZE).has_changes())


def _add_changed(row: Any, named: dict[Mapper[Any], dict[str, list[Any]]]) -> None:
    """Adds the references that the row sets anew, by its table and column."""
    state = inspect(row)
    for column, attribute in _references(state.mapper):
        added = state.get_history(attribute, PASSIVE_NO_INITIALIZE).added
        if added:
            named.setdefault(state.mapper, {}).setdefault(column, []).extend(added)


@cache
def _references(mapper: Mapper[Any]) -> tuple[tuple[str, str], ...]:
    """The columns that name rows of other tables, with their attributes."""
    return tuple(
        (column.key, mapper.get_property_by_column(column).key)
        for column in mapper.local_table.c
        if column.foreign_keys
    )


def _check_references(session: Session, mapper: Mapper[Any], values: Mapping[str, Sequence[Any]]) -> None:
    """Refuses ids of rows that are not of this business, however they were guessed."""
    for target, ids in guard.references_of(mapper, values).items():
        key = inspect(target).primary_key[0]
        name = inspect(target).get_property_by_column(key).key
        known = {getattr(row, name) for row in session.new if isinstance(row, target)}
        # What this session has loaded, written or looked up itself is of this business already.
        known |= {found[1][0] for found in session.identity_map.keys() if found[0] is inspect(target).class_}  # noqa: SIM118
        seen: set[Any] = session.info.setdefault(_SEEN, {}).setdefault(target, set())
        unknown = ids - known - seen
        if unknown:
            column = getattr(target, name)
            found_ids = set(session.scalars(select(column).where(column.in_(unknown))))
            if unknown - found_ids:
                raise NotFound(N_("What was chosen is not here. It may have been deleted."))
            seen |= found_ids


async def exclusive(session: AsyncSession, key: str) -> None:
    """Waits for other transactions that took the same ``key`` in this business; holds them off until this one ends.

    SQLite has one writer at a time anyway, so there it takes the write lock.
    """
    name = f"{session.info.get(SCOPE)}:{key}"
    if session.get_bind().dialect.name == "postgresql":
        number = zlib.crc32(name.encode()) - 2**31
        await session.execute(select(func.pg_advisory_xact_lock(7_400_952, number)))
    else:
        await session.execute(select(literal(1)).with_for_update())


class Database:
    """The engine and its sessions. Each ``async with`` is a transaction: committed at its end, rolled back on error."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.changes = changes.Changes()
        self._sessions = async_sessionmaker(engine, expire_on_commit=False, sync_session_class=ScopedSession)

    @property
    def dialect(self) -> str:
        """'sqlite' or 'postgresql'."""
        return self.engine.dialect.name

    @asynccontextmanager
    async def business(self, business_id: int) -> AsyncIterator[AsyncSession]:
        """A transaction that sees one business."""
        async with self._sessions.begin() as session:
            session.info[SCOPE] = business_id
            session.info[changes.COUNTER] = self.changes
            yield session

    @asynccontextmanager
    async def system(self, *, quiet: bool = False) -> AsyncIterator[AsyncSession]:
        """A transaction that sees every business; never hand it to code that serves a person.

        ``quiet``: what it changes makes nothing stale that is kept in memory (``changes``).
        """
        async with self._sessions.begin() as session:
            session.info[SYSTEM] = True
            session.info[changes.COUNTER] = self.changes
            session.info[changes.QUIET] = quiet
            yield session

    async def close(self) -> None:
        """Closes all connections."""
        await self.engine.dispose()
