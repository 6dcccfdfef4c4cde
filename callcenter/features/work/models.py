"""Background jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class WorkJob(Base, BusinessOwned):
    """A piece of long work.

    ``state``: scheduled, waiting, running, done, failed, cancelled. ``kind`` names who runs it, ``params`` what is
    to be done, ``mark`` how far it is (written with each portion, so that a restart goes on there), ``result`` what
    came out. ``done`` of ``total`` steps; ``failed`` of them could not be done. ``title`` and ``error`` are gettext
    keys (or texts as they are), ``words`` the values of their places: ``{"title": {…}, "error": {…}}``.
    """

    __tablename__ = "work_jobs"
    __table_args__ = (
        Index(None, "business_id", "owner_id", "created_at"),
        Index("ix_work_jobs_state", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    total: Mapped[int | None]
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancel: Mapped[bool] = mapped_column(default=False)
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    mark: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    words: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(Text, default="")


class WorkPiece(Base, BusinessOwned):
    """What one portion of a job changed, so that it can be undone; written with the portion, kept for a day.

    Rows of their own and not a part of ``result``: a job over a million clients would write its result anew each time.
    """

    __tablename__ = "work_pieces"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("work_jobs.id", ondelete="CASCADE"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
