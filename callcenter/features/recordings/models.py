"""Recordings of calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Recording(Base, BusinessOwned):
    """The audio of a call: left channel agent, right channel client.

    ``state``: 'waiting' (raw files from Asterisk wait for conversion), 'ready', 'failed' (raw files are kept and tried
    again). ``file`` is relative to the recordings folder; ``peaks`` holds two lists of levels 0–100, agent and client.
    """

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    stem: Mapped[str] = mapped_column(String(120), unique=True)
    file: Mapped[str] = mapped_column(String(300), default="")
    size: Mapped[int] = mapped_column(default=0)
    duration: Mapped[float] = mapped_column(default=0.0)
    peaks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(String(500), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
