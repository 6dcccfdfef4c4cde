"""aiosqlite with one hop to the connection's thread for a statement, in place of four.

aiosqlite makes a cursor, executes, fetches and closes in a hop each. While the server is busy a hop costs milliseconds
(the thread waits for Python's lock, its answer for the event loop), and a writer holds back all others meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

import aiosqlite

AT_ONCE = 500
"""Rows that come with the execution; a larger result is fetched on, so that streams of rows stay streams."""

Row = tuple[Any, ...]


def connect(database: str) -> aiosqlite.Connection:
    """A connection that is opened when it is awaited; for ``create_async_engine(async_creator=...)``."""
    found = Connection(lambda: sqlite3.connect(database), AT_ONCE)
    # As SQLAlchemy has it: a forgotten connection must not keep the process alive.
    found._thread.daemon = True
    return found


class Connection(aiosqlite.Connection):
    """Whose cursors cost nothing to make. ``begins``: the next statement begins a transaction that writes."""

    begins = False

    def cursor(self) -> Cursor:  # type: ignore[override]
        """A cursor; nothing is made in SQLite before something is executed."""
        return Cursor(self)


class Cursor:
    """What SQLAlchemy's adapter needs of a cursor (the asynchronous DB-API)."""

    description: Any = None
    lastrowid: int | None = None
    rowcount = -1
    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | None = None
        self._rows: list[Row] = []

    async def __aenter__(self) -> Cursor:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Cursor:
        """Executes, and takes the first rows along."""
        await self._there(self._run, lambda cursor: cursor.execute(sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Cursor:
        """Executes for each of ``parameters``."""
        await self._there(self._run, lambda cursor: cursor.executemany(sql, parameters))
        return self

    async def fetchone(self) -> Row | None:
        """The next row."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Row]:
        """Up to ``size`` rows."""
        size = self.arraysize if size is None else size
        if self._cursor is not None and len(self._rows) < size:
            self._rows += await self._there(self._more, max(size - len(self._rows), AT_ONCE))
        found, self._rows = self._rows[:size], self._rows[size:]
        return found

    async def fetchall(self) -> list[Row]:
        """All rows that are left."""
        if self._cursor is not None:
            self._rows += await self._there(self._more, -1)
        found, self._rows = self._rows, []
        return found

    async def close(self) -> None:
        """Ends a result that was not read to its end; else nothing is left to do."""
        self._rows = []
        if self._cursor is not None:
            await self._there(self._end)

    async def _there(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await self._connection._execute(function, *arguments)  # type: ignore[no-untyped-call]

    # In the connection's thread.

    def _run(self, execute: Callable[[sqlite3.Cursor], object]) -> None:
        if self._cursor is not None:
            self._end()
        cursor = self._cursor = self._connection._conn.cursor()
        begins, self._connection.begins = self._connection.begins, False
        try:
            if begins:
                cursor.execute("BEGIN IMMEDIATE")
            execute(cursor)
            self._rows = self._more(AT_ONCE) if cursor.description else []
        except BaseException:
            self._end()
            raise
        self.description, self.lastrowid, self.rowcount = cursor.description, cursor.lastrowid, cursor.rowcount
        if not cursor.description:
            self._end()

    def _more(self, size: int) -> list[Row]:
        assert self._cursor is not None
        rows: list[Row] = self._cursor.fetchall() if size < 0 else self._cursor.fetchmany(size)
        if size < 0 or len(rows) < size:
            self._end()
        return rows

    def _end(self) -> None:
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None
