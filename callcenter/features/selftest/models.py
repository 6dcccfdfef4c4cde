"""Reports of line tests, and the line's figures kept with each call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class LineReport(Base, BusinessOwned):
    """What a person's self-test and line test said, with his words about it. ``checks`` maps a check to its outcome."""

    __tablename__ = "line_reports"
    __table_args__ = (Index(None, "business_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    comment: Mapped[str] = mapped_column(String(2000), default="")
    browser: Mapped[str] = mapped_column(String(300), default="")
    checks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rtt: Mapped[float | None]
    jitter: Mapped[float | None]
    loss: Mapped[float | None]
    mos: Mapped[float | None]


class RingMelody(Base, BusinessOwned):
    """The WAV that a person's page plays when it rings."""

    __tablename__ = "ring_melodies"
    __table_args__ = (UniqueConstraint("membership_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    seconds: Mapped[float]
    sound: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class CallQuality(Base, BusinessOwned):
    """How good the line of an agent's browser was in a call: round trip and jitter in ms, loss in per cent, MOS 1–4.5.

    Means over ``samples`` looks of two seconds; ``worst`` is the lowest MOS of them.
    """

    __tablename__ = "call_quality"
    by_business = False
    __table_args__ = (UniqueConstraint("call_id", "agent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(64), ForeignKey("calls.id", ondelete="CASCADE"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    samples: Mapped[int]
    rtt: Mapped[float]
    jitter: Mapped[float]
    loss: Mapped[float]
    mos: Mapped[float]
    worst: Mapped[float]
