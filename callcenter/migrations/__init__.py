"""The schema's history (Alembic) and the commands that bring a database up to date."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

import callcenter.features
from callcenter.storage.base import Base
from callcenter.storage.engine import create_engine

# Any number: names the advisory lock on PostgreSQL.
_LOCK = 7_400_951


def metadata() -> MetaData:
    """The tables of every feature."""
    for feature in pkgutil.iter_modules(callcenter.features.__path__):
        if feature.ispkg:
            name = f"callcenter.features.{feature.name}.models"
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                # A feature without tables has no models module; anything else is a real fault.
                if error.name != name:
                    raise
    return Base.metadata


def described(name: str | None, kind: str, _parent: object = None) -> bool:
    """Whether the code describes a table or index of this name: those of the search are made by SQL (revision 0002)."""
    made_by_sql = name is not None and (name.startswith("contact_search") or name == "ix_contacts_search")
    return not (kind in ("table", "index") and made_by_sql)


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings; env.py works on ``connection`` when it is given."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    # A percent sign in a path would otherwise be read as an interpolation.
    made.set_main_option("path_separator", "os")
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def head() -> str:
    """The newest revision."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found is not None
    return found


def revision_of(connection: Connection) -> str | None:
    """The revision of the connected database, None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


async def upgrade(url: str, to: str = "head") -> tuple[str | None, str | None]:
    """Brings the database at ``url`` up to ``to``; returns the revisions before and after."""
    return await _run(url, to, down=False)


async def downgrade(url: str, to: str) -> tuple[str | None, str | None]:
    """Takes the database at ``url`` back to ``to`` ('base' = empty); data of the dropped tables is lost."""
    return await _run(url, to, down=True)


async def _run(url: str, to: str, *, down: bool) -> tuple[str | None, str | None]:
    engine = create_engine(url, foreign_keys=False, checkpoints=False)
    try:
        async with engine.connect() as connection:
            # Two servers may start at once: the second waits here and then finds the work done.
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            else:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            before = await connection.run_sync(revision_of)
            act = command.downgrade if down else command.upgrade
            await connection.run_sync(lambda sync: act(config(sync), to))
            after = await connection.run_sync(revision_of)
            await connection.commit()
        return before, after
    finally:
        await engine.dispose()
