"""INSERTs for a driver's own executemany: the text once, and values as the columns' types keep them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.engine import Dialect


@lru_cache(maxsize=200)
def statement(table: Table, dialect: Dialect, given: frozenset[str]) -> tuple[str, tuple[Column[Any], ...]]:
    """An INSERT with places in the driver's manner, and its columns in order.

    Besides the ``given`` ones these are all that have a default or may not be empty, without a key that counts itself.
    """
    unknown = given - {column.key for column in table.c}
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    columns = tuple(
        column
        for column in table.c
        if column.key in given
        or (column is not table.autoincrement_column and (column.default is not None or not column.nullable))
    )
    places = [f"${n}" if dialect.name == "postgresql" else "?" for n in range(1, len(columns) + 1)]
    names = ", ".join(f'"{column.name}"' for column in columns)
    # Names are those of our own tables, values go as parameters.
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join(places)})', columns  # noqa: S608


@lru_cache(maxsize=200)
def change(
    table: Table, dialect: Dialect, names: tuple[str, ...], later: bool = False
) -> tuple[str, tuple[Column[Any], ...]]:
    """An UPDATE of ``names`` by id and business (the last two places), and its columns in order.

    With ``later`` rows stay as they are where the first of the columns is not empty and not less; its value is one more
    place at the very end.
    """
    columns = tuple(table.c[name] for name in names)
    places = [f"${n}" if dialect.name == "postgresql" else "?" for n in range(1, len(columns) + 4)]
    sets = ", ".join(f'"{one.name}" = {place}' for one, place in zip(columns, places, strict=False))
    # Names are those of our own tables, values go as parameters.
    where = f"id = {places[-3]} AND business_id = {places[-2]}"
    if later:
        where += f' AND ("{columns[0].name}" IS NULL OR "{columns[0].name}" < {places[-1]})'
    return f'UPDATE "{table.name}" SET {sets} WHERE {where}', columns  # noqa: S608


def default(column: Column[Any]) -> Any:
    """A column's plain default; raises ValueError where it has none that can be given beforehand."""
    found = column.default
    if found is None:
        raise ValueError(f"{column.table.name}.{column.name} needs a value")
    if found.is_scalar:
        return found.arg  # type: ignore[attr-defined]
    if found.is_callable:
        return found.arg(None)  # type: ignore[attr-defined]
    raise ValueError(f"{column.table.name}.{column.name} has no plain default")


def bound(column: Column[Any], values: Sequence[Any], dialect: Dialect) -> Sequence[Any]:
    """The values as the driver takes them."""
    process: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return values if process is None else [process(value) for value in values]
