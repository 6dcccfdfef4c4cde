"""Base classes and column types for all tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ColumnElement, DateTime, ForeignKey, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware UTC datetimes in Python on every database; refuses naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored: give it a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime(), dict[str, Any]: JSON, list[Any]: JSON}


class BusinessOwned:
    """Mixin: a row belongs to one business. The session filters and fills ``business_id`` by itself (storage.scope).

    ``by_business`` False in large tables: an index of the business alone would only be written and, by SQLite, be taken
    where a narrower one is there.
    """

    by_business: ClassVar[bool] = True

    @declared_attr
    def business_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("businesses.id", ondelete="CASCADE"), index=cls.by_business)


class Shared:
    """Mixin: a row that several businesses may see. ``visible_to`` says which ones a business's session sees.

    Tables that are neither BusinessOwned nor Shared belong to the installation: only a system session reads them.
    """

    @classmethod
    def visible_to(cls, business_id: int) -> ColumnElement[bool]:
        """The condition under which a business sees a row."""
        raise NotImplementedError(cls.__name__)
