"""SQLite's cursors: one hop to the connection's thread for a statement, and no row lost however many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from callcenter.storage.sqlite import AT_ONCE, Connection, connect

ROWS = 2 * AT_ONCE + 7


class Counted:
    """A connection's hops."""

    def __init__(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hops = 0
        there = connection._execute

        async def counted(*arguments: Any) -> Any:
            self.hops += 1
            return await there(*arguments)  # type: ignore[no-untyped-call]

        monkeypatch.setattr(connection, "_execute", counted)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Connection]:
    connection = await connect(str(tmp_path / "base.sqlite3"))
    assert isinstance(connection, Connection)
    cursor = connection.cursor()
    await cursor.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER UNIQUE)")
    await cursor.executemany("INSERT INTO t (x) VALUES (?)", [(n,) for n in range(ROWS)])
    assert cursor.rowcount == ROWS
    yield connection
    await connection.close()


async def test_a_statement_with_its_rows_is_one_hop(opened: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(opened, monkeypatch)
    async with opened.cursor() as cursor:
        await cursor.execute("SELECT x FROM t ORDER BY x LIMIT 3")
        assert [one[0] for one in cursor.description] == ["x"]
        assert await cursor.fetchall() == [(0,), (1,), (2,)]
    assert counted.hops == 1


@pytest.mark.parametrize("size", [1, 7, AT_ONCE, AT_ONCE + 1, ROWS, ROWS + 5])
async def test_no_row_is_lost_or_doubled_in_portions(opened: Connection, size: int) -> None:
    cursor = opened.cursor()
    await cursor.execute("SELECT x FROM t ORDER BY x")
    found: list[int] = []
    while rows := await cursor.fetchmany(size):
        assert len(rows) <= size
        found += [one for (one,) in rows]
    assert found == list(range(ROWS))
    await cursor.execute("SELECT x FROM t ORDER BY x")
    first = await cursor.fetchone()
    assert first == (0,)
    assert await cursor.fetchall() == [(n,) for n in range(1, ROWS)]
    assert await cursor.fetchone() is None


async def test_a_result_that_is_left_holds_nothing_back(opened: Connection) -> None:
    cursor = opened.cursor()
    await cursor.execute("SELECT x FROM t")
    await cursor.close()
    await cursor.execute("DROP TABLE t")


async def test_what_sqlite_refuses_is_raised_and_the_next_statement_works(opened: Connection) -> None:
    cursor = opened.cursor()
    with pytest.raises(sqlite3.IntegrityError):
        await cursor.execute("INSERT INTO t (x) VALUES (1)")
    await cursor.execute("INSERT INTO t (x) VALUES (?) RETURNING id", (ROWS,))
    assert await cursor.fetchall() == [(ROWS + 1,)]
    await cursor.execute("INSERT INTO t (x) VALUES (?)", (ROWS + 1,))
    assert cursor.lastrowid == ROWS + 2
