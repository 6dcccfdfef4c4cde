"""Sessions that can see one business only, by construction.

``Database.business(id)`` gives a session in which every SELECT, UPDATE and DELETE on a ``BusinessOwned`` table is limited
to that business and every new row gets it. ``Database.system()`` sees all and is for start-up, sign-in and jobs. A plain
session without either refuses to touch a business's rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria

from callcenter.storage.base import BusinessOwned

SCOPE = "callcenter.business"
SYSTEM = "callcenter.system"


class ScopeError(RuntimeError):
    """Code tried to reach a business's rows without saying which business, or another business's rows."""


class ScopedSession(Session):
    """The sync session beneath every AsyncSession of ours; carries the scope in ``info``."""


@event.listens_for(ScopedSession, "do_orm_execute")
def _limit(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return
    info = state.session.info
    if info.get(SYSTEM):
        return
    business = info.get(SCOPE)
    if business is None:
        owned = [m.class_.__name__ for m in state.all_mappers if issubclass(m.class_, BusinessOwned)]
        if owned:
            raise ScopeError(f"{', '.join(owned)} read without a business")
        return
    state.statement = state.statement.options(
        with_loader_criteria(BusinessOwned, lambda cls: cls.business_id == business, include_aliases=True)
    )


@event.listens_for(ScopedSession, "before_flush")
def _fill(session: Session, context: UOWTransaction, instances: Any) -> None:
    if session.info.get(SYSTEM):
        return
    business = session.info.get(SCOPE)
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, BusinessOwned):
            continue
        if business is None:
            raise ScopeError(f"{type(row).__name__} written without a business")
        if row.business_id is None and row in session.new:
            row.business_id = business
        elif row.business_id != business:
            raise ScopeError(f"{type(row).__name__} of another business written")


class Database:
    """The engine and its sessions. Each ``async with`` is one transaction: committed at its end, rolled back on error."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
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
            yield session

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees every business; never hand it to code that serves a person."""
        async with self._sessions.begin() as session:
            session.info[SYSTEM] = True
            yield session

    async def close(self) -> None:
        """Closes all connections."""
        await self.engine.dispose()
