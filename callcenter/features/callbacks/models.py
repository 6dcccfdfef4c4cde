"""Callers who would rather be called back than wait."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Callback(Base, BusinessOwned):
    """A call-back. ``caller`` is E.164; ``entered_at`` (when he began to wait) is his place.

    ``state``: waiting, dialling (``call_id`` was ordered at ``dialled_at``), done (he was talked to), failed (he did
    not answer ``tries`` times), cancelled. It is not tried again before ``next_at``. ``asked_call_id`` is the call in
    which he pressed the key.
    """

    __tablename__ = "callbacks"
    __table_args__ = (UniqueConstraint("asked_call_id"), Index("ix_callbacks_state", "state", "entered_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    asked_call_id: Mapped[str] = mapped_column(String(64))
    queue_id: Mapped[int] = mapped_column(ForeignKey("queues.id", ondelete="CASCADE"))
    number_id: Mapped[int | None] = mapped_column(ForeignKey("numbers.id", ondelete="SET NULL"))
    caller: Mapped[str] = mapped_column(String(20))
    entered_at: Mapped[datetime]
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    call_id: Mapped[str] = mapped_column(String(64), default="")
    dialled_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
