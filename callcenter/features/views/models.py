"""Saved views."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class SavedView(Base, BusinessOwned):
    """How a person wants to see the list ``page``; without a ``title`` it is how he left it last."""

    __tablename__ = "saved_views"
    __table_args__ = (Index(None, "business_id", "page", "owner_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    page: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(80), default="")
    owner_id: Mapped[int] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    shared: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[datetime]
