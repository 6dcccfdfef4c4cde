"""Links to big screens, and the limits that colour figures and raise alerts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class ScreenLink(Base, BusinessOwned):
    """A read-only link to the wallboard for a screen on the wall; only a hash of its token is kept.

    ``numbers`` says whether callers' numbers and names may be shown there.
    """

    __tablename__ = "screen_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    prefix: Mapped[str] = mapped_column(String(8))
    numbers: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Threshold(Base, BusinessOwned):
    """A limit of a figure: ``warn`` colours, ``alarm`` colours and alerts.

    ``queue_id`` empty = each queue for itself. ``calm`` is how far the figure must come back before the alert ends.
    ``webhook`` is an https address that is told, signed with ``secret``.
    """

    __tablename__ = "wallboard_thresholds"

    id: Mapped[int] = mapped_column(primary_key=True)
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queues.id", ondelete="CASCADE"))
    figure: Mapped[str] = mapped_column(String(20))
    warn: Mapped[float | None]
    alarm: Mapped[float]
    calm: Mapped[float] = mapped_column(default=0.0)
    sound: Mapped[bool] = mapped_column(default=True)
    webhook: Mapped[str] = mapped_column(String(500), default="")
    secret: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
