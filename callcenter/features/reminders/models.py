"""Reminders."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Reminder(Base, BusinessOwned):
    """Something that ``owner_id`` (a membership) is reminded of at ``at``; ``author_id`` wrote it.

    ``told_at`` is when a notice said so, None = not yet; a reminder that is moved is told anew.
    """

    __tablename__ = "reminders"
    by_business = False
    __table_args__ = (
        Index("ix_reminders_owner", "business_id", "owner_id", "done_at", "at"),
        Index("ix_reminders_author", "business_id", "author_id", "at"),
        Index("ix_reminders_due", "told_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(String(1000), default="")
    at: Mapped[datetime]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id", ondelete="SET NULL"), index=True)
    done_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
