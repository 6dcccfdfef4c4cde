"""Clients for tests, made in bulk."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from callcenter.features.contacts.models import Contact
from callcenter.storage.scope import Database
from tests.support.house import NOW


async def make_clients(db: Database, business_id: int, count: int, **values: Any) -> list[int]:
    """``count`` saved clients «Client 0 …»; their ids in order."""
    async with db.business(business_id) as session:
        before = set(await session.scalars(select(Contact.id)))
        for start in range(0, count, 500):
            rows = [
                {"kind": "person", "state": "client", "name": f"Client {n}", "name_key": f"client {n}",
                 "search": f"client {n}", "created_at": NOW, **values}
                for n in range(start, min(count, start + 500))
            ]  # fmt: skip
            await session.execute(insert(Contact), rows)
        return sorted(set(await session.scalars(select(Contact.id))) - before)
