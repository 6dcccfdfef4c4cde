"""Agents (people with a phone), their devices, why they pause, and the time they spent in each state."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class PauseReason(Base, BusinessOwned):
    """Why people pause. Retired instead of deleted (``active`` False), so that stretches of the past keep their names.

    ``key`` names what a business began with ('lunch'), '' for its own; ``limit_minutes`` None = as long as one likes.
    """

    __tablename__ = "pause_reasons"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), default="")
    name: Mapped[str] = mapped_column(String(60))
    counts_as_work: Mapped[bool] = mapped_column(default=False)
    limit_minutes: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Agent(Base, BusinessOwned):
    """A member who makes or takes calls. ``wanted`` survives restarts: 'offline', 'ready' or 'paused'.

    ``reason_id`` is why he is paused; ``reason`` is its name then, or the key of a built-in reason. ``overdue_told_at``
    is when he was last told that a pause is over its limit.
    """

    __tablename__ = "agents"
    __table_args__ = (UniqueConstraint("business_id", "short_number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    short_number: Mapped[str] = mapped_column(String(8))
    wanted: Mapped[str] = mapped_column(String(10), default="offline")
    reason: Mapped[str] = mapped_column(String(60), default="")
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("pause_reasons.id", ondelete="SET NULL"))
    wanted_since: Mapped[datetime]
    overdue_told_at: Mapped[datetime | None]
    caller_number_id: Mapped[int | None] = mapped_column(ForeignKey("numbers.id", ondelete="SET NULL", use_alter=True))
    active: Mapped[bool] = mapped_column(default=True)
    # Whether he may call out at all (OUT-40); by which numbers, number_operators say.
    calls_out: Mapped[bool] = mapped_column(default=True, server_default=true())
    # His phone answers by itself (AGD-16): calls that the dialer or a program brings; calls from queues.
    auto_dialed: Mapped[bool] = mapped_column(default=False, server_default=false())
    auto_queue: Mapped[bool] = mapped_column(default=False, server_default=false())


class Device(Base, BusinessOwned):
    """A phone of an agent: ``kind`` 'webrtc' (in the page) or 'sip'. ``endpoint`` is its PJSIP name and login.

    The password is kept in clear because Asterisk and the person's own phone need it; it is shown to that person only.
    """

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("agent_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    endpoint: Mapped[str] = mapped_column(String(40), unique=True)
    password: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class AgentStateSpan(Base, BusinessOwned):
    """A stretch of time that an agent spent in one state; ``until`` is empty while it lasts.

    ``due_at`` is when a pause went over its limit, or when a wrap-up was to end; ``extended`` = that was put off.
    """

    __tablename__ = "agent_state_spans"
    by_business = False
    __table_args__ = (Index(None, "business_id", "agent_id", "since"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(60), default="")
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("pause_reasons.id", ondelete="SET NULL"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    extended: Mapped[bool] = mapped_column(default=False)
