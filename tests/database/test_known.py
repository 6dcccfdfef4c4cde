"""Who asked lately is kept in memory, and forgotten the moment anything about him changes."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import event, update

from callcenter.core.clock import FixedClock
from callcenter.features.accounts.models import ApiToken, User
from callcenter.features.accounts.usecases import known
from callcenter.plugin import Services
from callcenter.storage.changes import Changes
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from tests.support.house import House

pytestmark = pytest.mark.database
Client = TestClient[Any, Any]


class Queries:
    """Counts the statements that reach the database."""

    def __init__(self, db: Database) -> None:
        self.count = 0
        event.listen(db.engine.sync_engine, "before_cursor_execute", self._one)

    def _one(self, *_arguments: Any) -> None:
        self.count += 1


async def test_only_committed_changes_count(db: Database) -> None:
    changes, tables = db.changes, frozenset({"users"})
    assert isinstance(changes, Changes)
    before = changes.of(tables)
    async with db.system() as session:
        await session.execute(update(User).values(theme="dark"))
        await session.rollback()
    assert changes.of(tables) == before
    async with db.system(quiet=True) as session:
        await session.execute(update(User).values(theme="dark"))
    assert changes.of(tables) == before
    async with db.system() as session:
        await session.execute(update(User).values(theme="light"))
    assert changes.of(tables) > before


async def test_a_person_at_work_costs_no_query(client: Client, house: House, db: Database, clock: FixedClock) -> None:
    headers = house.headers("operator@a")
    assert (await client.get("/api/v1/me/state", headers=headers)).status == 200
    queries = Queries(db)
    await client.get("/api/v1/me/state", headers=headers)
    warm = queries.count
    clock.advance(known.KEEP_SECONDS + 1)
    await client.get("/api/v1/me/state", headers=headers)
    assert queries.count - warm > warm


async def test_another_process_says_that_it_changed_something(
    client: Client, house: House, db: Database, services: Services
) -> None:
    """The command line revokes a token: the server, which keeps it in memory, refuses it at the next request."""
    headers = house.headers("operator@a")
    assert (await client.get("/api/v1/me", headers=headers)).status == 200
    other = Database(create_engine(str(db.engine.url.render_as_string(hide_password=False))))
    async with other.system() as session:
        await session.execute(update(ApiToken).values(revoked_at=services.clock.now()))
    await other.close()
    assert (await client.get("/api/v1/me", headers=headers)).status == 200, "nobody said so yet"
    known.tell_others(services.settings)
    assert (await client.get("/api/v1/me", headers=headers)).status == 401
