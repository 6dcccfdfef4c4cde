"""``migrate``."""

from __future__ import annotations

import argparse

from sqlalchemy.exc import SQLAlchemyError

from callcenter import migrations
from callcenter.config import Settings


async def migrate(settings: Settings, args: argparse.Namespace) -> int:
    """Brings the database up to date."""
    try:
        before, after = await migrations.upgrade(settings.db_url, args.to)
    except (SQLAlchemyError, OSError) as error:
        print(f"The database cannot be migrated: {error}")
        return 1
    print(f"database: {before or 'empty'} -> {after}" if before != after else f"database: {after}, nothing to do")
    return 0
