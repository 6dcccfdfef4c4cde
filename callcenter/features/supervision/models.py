"""Who listened to whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class SpySession(Base, BusinessOwned):
    """A supervisor (``user_id``) at an agent's call. ``id`` is the spy's channel; ``ended_at`` is empty while it lasts.

    ``told`` says whether the agent was shown it. Kept so that a server that comes back knows who still listens.
    """

    __tablename__ = "spy_sessions"
    __table_args__ = (Index(None, "business_id", "ended_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    membership_id: Mapped[int]
    by_agent_id: Mapped[int]
    agent_id: Mapped[int]
    call_id: Mapped[str] = mapped_column(String(64))
    leg_id: Mapped[str] = mapped_column(String(64))
    mode: Mapped[str] = mapped_column(String(10))
    told: Mapped[bool] = mapped_column(default=False)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
