"""Recordings of calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Recording(Base, BusinessOwned):
    """The audio of a call: left channel agent, right channel client.

    ``state``: 'waiting' (raw files from Asterisk wait for conversion), 'ready', 'failed' (raw files are kept and tried
    again). ``file`` is relative to the recordings folder. ``peaks`` is what a waveform needs: ``agent`` and ``client``
    (lists of levels 0–100), ``talk`` (seconds that each spoke), ``rate`` (samples per second of the raw files)
    and, where an agent paused it, ``gaps`` (pairs of where and how long, in seconds; before the conversion as the call
    tells them).
    ``agents`` (who talked: they may listen), ``client_number`` and ``started_at`` are copied from the call.
    ``message`` = a caller spoke it when nobody took his call; one in which he said nothing is ``state`` 'empty', and so
    is that of an operator whose calls by this number are not recorded: nothing of it is kept.
    ``attempts`` counts failed conversions, ``tried_at`` is the last of them.
    """

    __tablename__ = "recordings"
    __table_args__ = (
        # Few rows are not ready; the job that looks for them reads no others.
        Index(
            "ix_recordings_open",
            "created_at",
            sqlite_where=text("state <> 'ready'"),
            postgresql_where=text("state <> 'ready'"),
        ),
        # Few are messages; the call list asks for them alone.
        Index(
            "ix_recordings_message",
            "business_id",
            "call_id",
            sqlite_where=text("message"),
            postgresql_where=text("message"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    stem: Mapped[str] = mapped_column(String(120), unique=True)
    file: Mapped[str] = mapped_column(String(300), default="")
    message: Mapped[bool] = mapped_column(default=False)
    size: Mapped[int] = mapped_column(default=0)
    duration: Mapped[float] = mapped_column(default=0.0)
    peaks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    agents: Mapped[list[Any]] = mapped_column(default=list)
    client_number: Mapped[str] = mapped_column(String(80), default="")
    started_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(String(500), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
