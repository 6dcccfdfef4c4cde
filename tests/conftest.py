"""Fixtures for every test: a migrated database (SQLite, and PostgreSQL where marked), services, a house, a client."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest
from aiohttp import web_app
from aiohttp.test_utils import TestClient
from argon2 import PasswordHasher
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from sqlalchemy import Engine

from callcenter import migrations
from callcenter.core.clock import FixedClock
from callcenter.features.accounts.usecases import passwords
from callcenter.http import templates
from callcenter.plugin import Services
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from tests.support import house as houses
from tests.support.postgres import PostgresServer

# By the database's kind: its dialect, which belongs to the cache's keys, and the statements.
_compiled: dict[str, tuple[Any, Any]] = {}
T = TypeVar("T")

# A test is right or wrong, not slow: how long an example takes says something of the machine only.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests below tests/database, and tests marked ``database``, run on both databases; others on SQLite."""
    if "database_kind" not in metafunc.fixturenames:
        return
    own = (mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "database_kind" in own:
        # The test itself says which one it is about.
        return
    both = "database" in metafunc.definition.path.parts or metafunc.definition.get_closest_marker("database")
    metafunc.parametrize("database_kind", ["sqlite", "postgresql"] if both else ["sqlite"], indirect=False)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> None:
    """Argon2 with its real cost would take most of the tests' time."""
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class _Compiled(BytecodeCache):
    """Templates are compiled once for all tests of a worker."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _compiled_templates() -> None:
    """Each test's own server would compile its pages anew."""
    cache, make = _Compiled(), templates._environment

    def made(*arguments: Any, **options: Any) -> Environment:
        found = make(*arguments, **options)
        found.bytecode_cache = cache
        return found

    templates._environment = made


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server with a migrated template database ``template_cc``."""
    server = PostgresServer()
    try:
        server.start()
        server.sql("CREATE DATABASE template_cc")
        _run(migrations.upgrade(server.url("template_cc")))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    file = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    _run(migrations.upgrade(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database of the test's own."""
    if database_kind == "sqlite":
        file = tmp_path / "callcenter.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite+aiosqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    yield server.url(server.fresh("template_cc"))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database."""
    engine = create_engine(database_url)
    share_compiled(engine.sync_engine)
    found = Database(engine)
    yield found
    await found.close()


def share_compiled(engine: Engine) -> None:
    """Statements are compiled once for all tests of a worker; each test's own engine would begin anew."""
    own = engine.dialect, engine._compiled_cache
    engine.dialect, engine._compiled_cache = _compiled.setdefault(engine.name, own)
    engine._compiled_cache.capacity = 5000


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still at 2026-03-02 09:00 UTC."""
    return FixedClock(houses.NOW)


@pytest.fixture
def services(db: Database, tmp_path: Path, clock: FixedClock) -> Services:
    """Services without a server around them; nothing is started."""
    return houses.make_services(db, tmp_path, clock)


@pytest.fixture(scope="session")
def house_plan(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> houses.Plan:
    """A furnished house and its rows: made once, as making one takes longer than most tests."""
    file = tmp_path_factory.mktemp("plan") / "house.sqlite3"
    shutil.copyfile(sqlite_template, file)
    return _run(houses.draw(f"sqlite+aiosqlite:///{file}"))


@pytest.fixture
async def house(db: Database, house_plan: houses.Plan) -> houses.House:
    """Two businesses, a person of every role in each, with passwords and tokens."""
    return await house_plan.build(db)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[TestClient[Any, Any]]:
    """A running server with all features; use ``house.headers("operator@a")`` or ``houses.sign_in``."""
    found = await houses.serve(services)
    yield found
    await found.close()
    # It keeps whole servers alive: a gigabyte by the end of a run, and ever slower garbage collections.
    web_app._cached_build_middleware.cache_clear()


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine from a synchronous fixture, whether or not a loop is set here."""
    with asyncio.Runner() as runner:
        return runner.run(work)
