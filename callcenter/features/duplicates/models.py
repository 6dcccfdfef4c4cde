"""Searches for duplicates and what they found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
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
    by_business = False
    __table_args__ = (Index(None, "search_id", "kind", "group"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    search_id: Mapped[int] = mapped_column(ForeignKey("duplicate_searches.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(12))
    group: Mapped[int]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    base: Mapped[bool] = mapped_column(default=False)
    chosen: Mapped[bool] = mapped_column(default=True)
    matched: Mapped[list[Any]] = mapped_column(default=list)


class DuplicateNotice(Base, BusinessOwned):
    """What somebody else (``author_id``) did with cards of ``membership_id`` in one job: merge or erase (IMP-34).

    ``cards`` holds the names of the first few: ``{"name", "base_id", "base"}``; ``seen_at`` is when it was read.
    """

    __tablename__ = "duplicate_notices"
    __table_args__ = (
        UniqueConstraint("job_id", "membership_id"),
        Index(None, "business_id", "membership_id", "seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("work_jobs.id", ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(String(8))
    count: Mapped[int] = mapped_column(default=0)
    cards: Mapped[list[Any]] = mapped_column(default=list)
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
