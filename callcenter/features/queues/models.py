"""Queues and their members."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Queue(Base, BusinessOwned):
    """A queue. ``strategy`` 'longest_idle' is «Наиболее свободный» (INB-05).

    ``number_id`` is set for the private queue of a number whose users were picked one by one.
    ``answer_target`` is T and ``short_abandon`` is S of SUP-02, in seconds; ``ring_seconds`` is how long one
    agent rings; ``max_wait`` 0 = no limit. ``overflow`` (core.routing.Goal as JSON) takes callers who waited too long,
    found ``max_callers`` before them, or nobody on shift. ``announce_seconds``: how often a caller hears his place.
    ``callback_key``: by which key he may be called back in place of waiting ('' = not). ``asked`` is the skill that
    callers need, ``survey`` what they are asked after the talk (core.routing.Asked, Survey as JSON; None = nothing).
    """

    __tablename__ = "queues"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    number_id: Mapped[int | None] = mapped_column(ForeignKey("numbers.id", ondelete="CASCADE", use_alter=True))
    strategy: Mapped[str] = mapped_column(String(20), default="longest_idle")
    ring_seconds: Mapped[int] = mapped_column(default=20)
    wrapup_seconds: Mapped[int] = mapped_column(default=10)
    max_wait: Mapped[int] = mapped_column(default=0)
    max_callers: Mapped[int] = mapped_column(default=0)
    announce_seconds: Mapped[int] = mapped_column(default=0)
    overflow: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    callback_key: Mapped[str] = mapped_column(String(1), default="")
    asked: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    survey: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
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
