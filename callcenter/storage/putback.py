"""Rows of one business brought to what was kept of them elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import JSON, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper

from callcenter.storage.base import BusinessOwned

T = TypeVar("T", bound=BusinessOwned)
_KEPT = frozenset({"id", "business_id", "created_at"})


async def put_back(
    session: AsyncSession, kind: type[T], business_id: int, rows: Iterable[Mapping[str, Any]], **defaults: Any
) -> list[T]:
    """Makes the rows of ``kind`` what ``rows`` (with their ``id``) say, and returns those that are not among them.

    What is there is changed, what is gone comes back with its old id; keys that are no columns are passed over.
    ``defaults`` are for new rows. Business session.
    """
    mapper: Mapper[Any] = inspect(kind)
    columns = {attribute.key: attribute.columns[0] for attribute in mapper.column_attrs}
    there = {row.id: row for row in await session.scalars(select(kind))}  # type: ignore[attr-defined]
    for given in rows:
        values = {
            name: msgspec.to_builtins(value) if isinstance(columns[name].type, JSON) else value
            for name, value in given.items()
            if name in columns
        }
        row = there.pop(values["id"], None)
        if row is None:
            session.add(kind(**{**defaults, **values, "business_id": business_id}))
            continue
        for name, value in values.items():
            if name not in _KEPT and getattr(row, name) != value:
                setattr(row, name, value)
    await session.flush()
    return list(there.values())
