"""The schema's history gives exactly the tables that the code describes, on both databases."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from callcenter import migrations
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True, "include_name": migrations.described}
    )
    return list(compare_metadata(context, migrations.metadata()))


@pytest.mark.rule("SCL-01")
async def test_migrated_schema_is_the_metadata(db: Database) -> None:
    async with db.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(migrations.revision_of) == migrations.head()


async def test_foreign_keys_are_the_metadata(db: Database) -> None:
    wanted = {
        (table.name, tuple(k.column_keys), k.referred_table.name, k.ondelete)
        for table in migrations.metadata().tables.values()
        for k in table.foreign_key_constraints
    }

    def found(connection: Connection) -> set[tuple[str, tuple[str, ...], str, str | None]]:
        look = inspect(connection)
        return {
            (name, tuple(k["constrained_columns"]), k["referred_table"], k["options"].get("ondelete"))
            for name in look.get_table_names()
            if migrations.described(name, "table")
            for k in look.get_foreign_keys(name)
        }

    async with db.engine.connect() as connection:
        assert await connection.run_sync(found) == wanted


async def test_down_and_up_again(database_url: str) -> None:
    assert await migrations.downgrade(database_url, "base") == (migrations.head(), None)
    engine = create_engine(database_url)
    async with engine.connect() as connection:
        left = await connection.run_sync(lambda c: set(inspect(c).get_table_names()))
    await engine.dispose()
    assert left <= {"alembic_version"}
    assert await migrations.upgrade(database_url) == (None, migrations.head())
    assert await migrations.upgrade(database_url) == (migrations.head(), migrations.head())


async def test_two_servers_that_start_at_once(database_url: str, tmp_path: Path) -> None:
    await migrations.downgrade(database_url, "base")
    env = os.environ | {"CALLCENTER_DATABASE_URL": database_url, "CALLCENTER_DATA": str(tmp_path)}
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callcenter", "migrate"),
            env=env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        for _ in range(3)
    ]
    said = [(await one.communicate())[0].decode() for one in started]
    assert [one.returncode for one in started] == [0, 0, 0], said
    assert sorted("nothing to do" in text for text in said) == [False, True, True], said
