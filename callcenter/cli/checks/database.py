"""The database answers and is up to date."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import SQLAlchemyError

from callcenter import migrations
from callcenter.config import Settings
from callcenter.core.checks import Finding
from callcenter.storage.engine import create_engine

NAME = "database"


async def database(settings: Settings) -> list[Finding]:
    """Connects and compares the schema's revision; makes nothing."""
    url = make_url(settings.db_url)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        advice = "python -m callcenter migrate"
        return [Finding(name=NAME, state="warning", detail=f"{shown} is not there yet", advice=advice)]
    engine = create_engine(settings.db_url)
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(migrations.revision_of)
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
    return [Finding(name=NAME, detail=f"{shown}, revision {found}")]
