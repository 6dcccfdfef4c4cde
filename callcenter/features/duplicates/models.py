"""Searches for duplicates and what they found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class DuplicateSearch(Base, BusinessOwned):
    """One search: with which settings, by whom, and how many groups and surplus cards it found."""

    __tablename__ = "duplicate_searches"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("work_jobs.id", ondelete="SET NULL"))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    groups: Mapped[int] = mapped_column(default=0)
    surplus: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class DuplicateMember(Base, BusinessOwned):
    """A card in a group of equal ones, one of which is the ``base``. ``chosen``: takes part in a merge or deletion."""

    __tablename__ = "duplicate_members"
    __table_args__ = (Index(None, "search_id", "kind", "group"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    search_id: Mapped[int] = mapped_column(ForeignKey("duplicate_searches.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(12))
    group: Mapped[int]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    base: Mapped[bool] = mapped_column(default=False)
    chosen: Mapped[bool] = mapped_column(default=True)
    matched: Mapped[list[Any]] = mapped_column(default=list)
