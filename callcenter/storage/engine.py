"""The engine: SQLite beside the server by default, PostgreSQL by one setting; both behave alike.

Both give READ COMMITTED: each statement sees what is committed when it starts. On SQLite a transaction is opened
only at its first write, and then with BEGIN IMMEDIATE, so that a second writer waits its turn (up to ``BUSY_SECONDS``)
instead of failing on a stale snapshot, and readers never wait for a writer. Writers of this process come in the order
of their asking (``_Turns``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, ExecutionContext
from sqlalchemy.engine.url import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from callcenter.storage import sqlite

BUSY_SECONDS = 20
# Bytes of the file that SQLite reads as memory; the most that it is built for. Larger bases: the rest by copies.
MAPPED = 2_147_418_112
# PostgreSQL's settings for our sessions. Compiling a query costs more than our short queries take. The planner's own
# idea of a disk is one with turning plates, for which it reads whole tables where an index is ten times as fast. A plan
# that is kept for any value misses that one piece of text is rare and another common. One query keeps to one
# processor: the others are for the telephone.
_POSTGRES = {
    "application_name": "callcenter",
    "jit": "off",
    "random_page_cost": "1.1",
    "plan_cache_mode": "force_custom_plan",
    "max_parallel_workers_per_gather": "0",
}
# Statements that need no transaction; BEGIN makes its own.
_READS = ("SELECT", "PRAGMA", "EXPLAIN", "VALUES", "BEGIN")


def create_engine(url: str, *, foreign_keys: bool = True, checkpoints: bool = True) -> AsyncEngine:
    """An async engine for ``url`` (sqlite+aiosqlite or postgresql+asyncpg).

    ``foreign_keys`` False is for migrations only: SQLite rebuilds tables, and dropping the old one must not cascade.
    ``checkpoints`` False is for commands beside a server, which alone brings SQLite's journal into the file: up to
    SQLite 3.51.2 two processes that do so at one moment can lose pages (sqlite.org/wal.html, the WAL-reset bug).
    """
    parsed = make_url(url)
    common: dict[str, Any] = {"json_serializer": _to_json, "json_deserializer": json.loads}
    # The connection that was used last comes first: it has its statements prepared and its pages at hand.
    pool = {"pool_size": 10, "max_overflow": 20, "pool_use_lifo": True}
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            common |= pool
            if not parsed.query:
                common["async_creator"] = partial(sqlite.connect, parsed.database)
        engine = create_async_engine(parsed, **common)
        _prepare_sqlite(engine, foreign_keys=foreign_keys, checkpoints=checkpoints)
        return engine
    return create_async_engine(
        parsed,
        pool_pre_ping=True,
        connect_args={"timeout": 10, "server_settings": _POSTGRES},
        **pool,
        **common,
    )


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class _Turns:
    """Who writes next, among this process's transactions on one SQLite file.

    SQLite's own waiting sleeps for up to a tenth of a second between two looks and knows no order: under many
    calls some writers waited for half a minute while the processor was idle. Here each wakes the next. Other processes
    still take turns by SQLite's lock.
    """

    def __init__(self, dialect: Any) -> None:
        self._lock = asyncio.Lock()
        self._owner: Any = None
        for name in ("do_commit", "do_rollback", "do_close", "do_terminate"):
            setattr(dialect, name, self._then_next(getattr(dialect, name)))

    def take(self, connection: Any) -> None:
        """Waits for the turn; after ``BUSY_SECONDS`` goes on without, so that SQLite itself says that it is locked."""
        if self._owner is not connection and await_only(self._wait()):
            self._owner = connection

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(BUSY_SECONDS):
                return await self._lock.acquire()
        except TimeoutError:
            return False

    def _then_next(self, end: Callable[[Any], None]) -> Callable[[Any], None]:
        """``end`` ends a connection's transaction (or the connection), whatever comes of it."""

        def ended(connection: Any) -> None:
            # The pool's own wrapper, or what is in it.
            inner = getattr(connection, "dbapi_connection", connection)
            try:
                end(connection)
            finally:
                self.give(inner)

        return ended

    def give(self, connection: Any) -> None:
        """The next may write, if it was this connection's turn."""
        if self._owner is connection:
            self._owner = None
            self._lock.release()


def _prepare_sqlite(engine: AsyncEngine, *, foreign_keys: bool, checkpoints: bool) -> None:
    pragmas = (
        # First, so that the switch to WAL itself waits for other processes.
        f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=NORMAL",
        *(() if checkpoints else ("PRAGMA wal_autocheckpoint=0",)),
        f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}",
        "PRAGMA temp_store=MEMORY",
        "PRAGMA cache_size=-16000",
        # Reads of a large base go by the system's own cache, without a copy for each page: up to twice as fast.
        f"PRAGMA mmap_size={MAPPED}",
    )

    turns = _Turns(engine.sync_engine.dialect)

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, record: Any) -> None:
        # We say BEGIN ourselves (below); the driver must not.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _begin_before_write(
        connection: Connection,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: ExecutionContext | None,
        executemany: bool,
    ) -> None:
        raw: Any = connection.connection.driver_connection
        if raw.in_transaction or not _writes(statement, context):
            return
        # Given back at the transaction's end, which comes also when the beginning fails.
        turns.take(connection.connection.dbapi_connection)
        if isinstance(raw, sqlite.Connection):
            # Together with the statement: each hop to the thread is time in which nobody else can write.
            raw.begins = True
        else:
            cursor.execute("BEGIN IMMEDIATE")


async def refresh_statistics(engine: AsyncEngine) -> None:
    """Lets SQLite know how large its tables have become; without it, it picks the wrong index in large ones.

    A tenth of a second in a base of a gigabyte, as it looks at samples only; smaller samples would have it believe that
    a whole business has no more rows than the sample. PostgreSQL does this by itself.
    """
    if engine.dialect.name != "sqlite":
        return
    async with engine.begin() as connection:
        await connection.execute(text("PRAGMA analysis_limit=10000"))
        await connection.execute(text("ANALYZE"))
    # A connection reads the figures when it is opened: idle ones are closed, busy ones once they are given back.
    await engine.dispose()


def _writes(statement: str, context: Any) -> bool:
    if not statement.lstrip()[:8].upper().startswith(_READS):
        return True
    # SELECT … FOR UPDATE: SQLite has no row locks, so it takes the write lock here.
    compiled = getattr(context, "compiled", None)
    return getattr(getattr(compiled, "statement", None), "_for_update_arg", None) is not None
