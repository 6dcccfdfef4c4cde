"""The database answers and is up to date."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenter import migrations
from callcenter.config import Settings
from callcenter.core.checks import Finding
from callcenter.storage.engine import create_engine

# How many pieces of three letters PostgreSQL sees in a Russian word, when the search has its index.
_TRIGRAMS = r"SELECT cardinality(show_trgm(U&'\043a\043b\0438\0435\043d\0442'))"
_INDEX = "SELECT to_regclass('ix_contacts_search') IS NOT NULL"
NAME = "database"


async def database(settings: Settings) -> list[Finding]:
    """Connects and compares the schema's revision; makes nothing."""
    url = make_url(settings.db_url)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        advice = "python -m callcenter migrate"
        return [Finding(name=NAME, state="warning", detail=f"{shown} is not there yet", advice=advice)]
    engine = create_engine(settings.db_url, checkpoints=False)
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(migrations.revision_of)
            slow = await _slow(connection) if url.get_backend_name() == "postgresql" and found else None
    except (SQLAlchemyError, OSError) as error:
        advice = "look whether the database runs and CALLCENTER_DATABASE_URL is right"
        detail = f"{shown}: {str(error).splitlines()[0]}"
        return [Finding(name=NAME, state="wrong", detail=detail, advice=advice)]
    finally:
        await engine.dispose()
    if found != migrations.head():
        advice = "python -m callcenter migrate"
        detail = f"revision {found or 'none'}, needed {migrations.head()}"
        return [Finding(name=NAME, state="wrong", detail=detail, advice=advice)]
    if slow is not None:
        return [slow]
    return [Finding(name=NAME, detail=f"{shown}, revision {found}")]


async def _slow(connection: AsyncConnection) -> Finding | None:
    """What makes the search of clients slow on PostgreSQL: no trigram index, or one that knows no Russian letters."""
    if not (await connection.execute(text(_INDEX))).scalar():
        advice = (
            "CREATE EXTENSION pg_trgm; CREATE INDEX ix_contacts_search ON contacts USING gin (search gin_trgm_ops);"
        )
        return Finding(name=NAME, state="warning", detail="no index for the search of clients", advice=advice)
    if not (await connection.execute(text(_TRIGRAMS))).scalar():
        advice = "move it to a database made with LC_CTYPE 'C.UTF-8' TEMPLATE template0 (pg_dump, pg_restore)"
        detail = "its LC_CTYPE knows no Russian letters: clients are searched without the index, slowly"
        return Finding(name=NAME, state="warning", detail=detail, advice=advice)
    return None
