"""Queues and their members."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Queue(Base, BusinessOwned):
    """A queue. ``strategy`` 'longest_idle' is «Наиболее свободный» (INB-05).

    ``number_id`` is set for the private queue of a number whose users were picked one by one.
    ``answer_target`` is T and ``short_abandon`` is S of SUP-02, in seconds; ``ring_seconds`` is how long one
    agent rings; ``max_wait`` 0 = no limit.
    """

    __tablename__ = "queues"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    number_id: Mapped[int | None] = mapped_column(ForeignKey("numbers.id", ondelete="CASCADE", use_alter=True))
    strategy: Mapped[str] = mapped_column(String(20), default="longest_idle")
    ring_seconds: Mapped[int] = mapped_column(default=20)
    wrapup_seconds: Mapped[int] = mapped_column(default=10)
    max_wait: Mapped[int] = mapped_column(default=0)
    answer_target: Mapped[int] = mapped_column(default=20)
    short_abandon: Mapped[int] = mapped_column(default=5)
    music: Mapped[str] = mapped_column(String(60), default="default")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class QueueMember(Base, BusinessOwned):
    """An agent who takes calls of a queue; ``penalty`` and ``position`` order them where the strategy uses
    that.
    """

    __tablename__ = "queue_members"
    __table_args__ = (UniqueConstraint("queue_id", "agent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    queue_id: Mapped[int] = mapped_column(ForeignKey("queues.id", ondelete="CASCADE"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    penalty: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
