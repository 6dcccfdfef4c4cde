"""The database goes away and comes back: pages say so in words, and everything is well again by itself."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy.exc import OperationalError

from callcenter.storage.outage import is_outage
from callcenter.storage.scope import Database
from tests.support.house import House
from tests.support.postgres import PostgresServer

Client = TestClient[Any, Any]


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_postgresql_goes_and_comes_back(
    client: Client, house: House, db: Database, postgres: PostgresServer
) -> None:
    headers = house.headers("owner@a")
    name = db.engine.url.database
    assert (await client.get("/api/v1/me", headers=headers)).status == 200
    postgres.sql(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
    postgres.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
    answer = await client.get("/api/v1/me", headers=headers)
    assert (answer.status, (await answer.json())["error"]["code"]) == (503, "no_database")
    page = await client.get("/calls", headers={**headers, "Accept": "text/html"})
    assert page.status == 503
    assert 'id="main"' in await page.text()
    health = await client.get("/healthz")
    assert (health.status, (await health.json())["database"]) == (503, "down")
    postgres.sql(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
    assert (await client.get("/api/v1/me", headers=headers)).status == 200
    assert (await client.get("/healthz")).status == 200


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (OperationalError("x", {}, sqlite3.OperationalError("database is locked")), True),
        (OperationalError("x", {}, sqlite3.OperationalError("disk I/O error")), True),
        (OperationalError("x", {}, sqlite3.OperationalError("no such table: x")), False),
        (ConnectionRefusedError(), True),
        (ValueError("x"), False),
    ],
)
def test_what_counts_as_away(error: Exception, away: bool) -> None:
    assert is_outage(error) is away
