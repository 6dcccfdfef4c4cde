"""Alembic's entry: runs on the connection that callcenter.migrations hands over, or on the configured database."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection

from callcenter import config, migrations
from callcenter.storage.engine import create_engine


def run(connection: Connection) -> None:
    """Runs the migrations in one transaction, so that a failed one leaves the schema as it was."""
    context.configure(
        connection=connection,
        target_metadata=migrations.metadata(),
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_name=migrations.described,
        # Ours is: storage.engine opens real transactions on SQLite too.
        transactional_ddl=True,
        user_module_prefix="base.",
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_alone() -> None:
    """For the ``alembic`` command itself: the database of the settings."""
    engine = create_engine(config.load().db_url, foreign_keys=False, checkpoints=False)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is None:
    asyncio.run(run_alone())
else:
    run(given)
