"""Counts committed changes by table, so that what is kept in memory knows when it is stale.

Only this process's own transactions are seen; whoever keeps something for long must also hear of other processes.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

COUNTER = "callcenter.changes"
QUIET = "callcenter.changes.quiet"
_PENDING = "callcenter.changes.pending"


class Changes:
    """How often each table was changed by a committed transaction."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def of(self, tables: frozenset[str]) -> int:
        """A number that grows whenever one of ``tables`` was changed."""
        return sum(self._counts[table] for table in tables)

    def add(self, tables: set[str]) -> None:
        """Counts one committed transaction."""
        self._counts.update(tables)


def watch(session_class: type[Session]) -> None:
    """Makes sessions of this class count into ``session.info[COUNTER]``; one with ``info[QUIET]`` set does not."""
    event.listen(session_class, "after_flush", _flushed)
    event.listen(session_class, "do_orm_execute", _executed)
    event.listen(session_class, "after_commit", _committed)
    event.listen(session_class, "after_rollback", _rolled_back)


def note(session: Session, table: str) -> None:
    """Counts a change of ``table`` that neither a flush nor a statement of the ORM has made."""
    session.info.setdefault(_PENDING, set()).add(table)


def _flushed(session: Session, _context: UOWTransaction) -> None:
    names = {str(inspect(row).mapper.local_table) for row in (*session.new, *session.dirty, *session.deleted)}
    session.info.setdefault(_PENDING, set()).update(names)


def _executed(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and state.bind_mapper is not None:
        state.session.info.setdefault(_PENDING, set()).add(str(state.bind_mapper.local_table))


def _committed(session: Session) -> None:
    if session.in_nested_transaction():
        # A released savepoint: nobody else sees anything of it yet.
        return
    pending = session.info.pop(_PENDING, None)
    counter = session.info.get(COUNTER)
    if pending and counter is not None and not session.info.get(QUIET):
        counter.add(pending)


def _rolled_back(session: Session) -> None:
    session.info.pop(_PENDING, None)
