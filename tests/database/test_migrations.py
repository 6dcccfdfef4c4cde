"""The schema's history gives exactly the tables that the code describes, on both databases."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

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


@pytest.mark.rule("INB-14", "INB-15")
async def test_numbers_that_calls_are_forwarded_to_already_count_as_confirmed_for_three_months(
    database_url: str,
) -> None:
    await migrations.downgrade(database_url, "0016")
    engine = create_engine(database_url)
    one, draft, live = (f"+7916000000{n}" for n in (1, 2, 3))

    def forward(number: str, mode: str = "one") -> str:
        return json.dumps({"mode": mode, "number": number})

    async with engine.begin() as connection:
        for table, values in (
            ("businesses", {"id": 1, "name": "A", "currency": "RUB", "timezone": "UTC", "language": "ru", "demo": False,
                            "settings": "{}"}),
            ("users", {"id": 1, "email": "a@b", "name": "A", "password_hash": ""}),
            ("memberships", {"id": 1, "business_id": 1, "user_id": 1, "role": "operator"}),
            ("agents", {"id": 1, "business_id": 1, "membership_id": 1, "name": "A", "short_number": "1"}),
            ("forward_numbers", {"id": 1, "business_id": 1, "agent_id": 1, "e164": one}),
            ("numbers", {"id": 1, "business_id": 1, "e164": "+74950000001",
                         "forward": forward(draft)}),
            ("numbers", {"id": 2, "business_id": 1, "e164": "+74950000002",
                         "forward": forward(live, "own")}),
            ("routing_versions", {"id": 1, "business_id": 1, "number": 1, "state": "applied",
                                  "document": json.dumps({"numbers": [{"forward": json.loads(forward(live))}]})}),
        ):  # fmt: skip
            await connection.run_sync(_put, table, values)
    assert await migrations.upgrade(database_url) == ("0016", migrations.head())
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT agent_id, e164, way FROM number_confirmations"))).all()
        ends = (await connection.execute(text("SELECT expires_at FROM number_confirmations"))).scalars().all()
    await engine.dispose()
    assert sorted(tuple(row) for row in rows if row[0]) == [(1, one, "kept")]
    assert sorted(row[1] for row in rows if not row[0]) == [draft, live]
    moments = [datetime.fromisoformat(str(end)) for end in ends]
    for moment in moments:
        left = moment.replace(tzinfo=UTC) - datetime.now(UTC)
        assert timedelta(days=88) < left < timedelta(days=93)


AT = "2026-01-01 00:00:00+00:00"


def _put(connection: Connection, table: str, values: dict[str, object]) -> None:
    """A row with something in each column that needs a value."""
    for column in inspect(connection).get_columns(table):
        if column["nullable"] or column["name"] in values:
            continue
        kind = type(column["type"]).__name__.upper()
        plain: object = "" if "CHAR" in kind or "TEXT" in kind else False if kind == "BOOLEAN" else 0
        values[column["name"]] = "{}" if "JSON" in kind else AT if "TIME" in kind else plain
    names = ", ".join(f'"{name}"' for name in values)
    kinds = {c["name"]: type(c["type"]).__name__.upper() for c in inspect(connection).get_columns(table)}
    marks = ", ".join(
        f"CAST(:{name} AS {'JSON' if 'JSON' in kinds[name] else 'TIMESTAMPTZ'})"
        if connection.dialect.name == "postgresql" and ("JSON" in kinds[name] or "TIME" in kinds[name])
        else f":{name}"
        for name in values
    )
    moments = {name for name in values if "TIME" in kinds[name]}
    whole = connection.dialect.name == "postgresql"
    values |= {name: datetime.fromisoformat(AT) if whole else AT.removesuffix("+00:00") for name in moments}
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)  # noqa: S608 - names of ours
