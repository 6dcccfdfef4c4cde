"""The call log: one row per call, its legs, its agents and its story."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned

OPEN = text("result IS NULL")


class CallRecord(Base, BusinessOwned):
    """A call; fields as in core.calls.Call. ``source`` tells whether it was seen live or rebuilt from CEL.

    ``spam`` says that its client's number is marked as spam; ``cost`` is what the call cost, in minor units of the
    business's currency (None = no price is set for it).
    """

    __tablename__ = "calls"
    by_business = False
    __table_args__ = (
        # Direction, result and spam stand in the index so that counting a million calls by kind reads no rows.
        Index("ix_calls_business_started", "business_id", "started_at", "direction", "result", "spam"),
        Index("ix_calls_business_client", "business_id", "client_number", "started_at"),
        Index("ix_calls_business_queue", "business_id", "queue_id", "started_at"),
        Index("ix_calls_business_number", "business_id", "number_id", "started_at"),
        Index("ix_calls_business_contact", "business_id", "contact_id", "started_at"),
        Index("ix_calls_open", "business_id", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    direction: Mapped[str] = mapped_column(String(10))
    result: Mapped[str | None] = mapped_column(String(12))
    from_number: Mapped[str] = mapped_column(String(80), default="")
    from_name: Mapped[str] = mapped_column(String(200), default="")
    to_number: Mapped[str] = mapped_column(String(80), default="")
    client_number: Mapped[str] = mapped_column(String(80), default="")
    number_id: Mapped[int | None] = mapped_column(ForeignKey("numbers.id", ondelete="SET NULL"))
    trunk_id: Mapped[int | None]
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queues.id", ondelete="SET NULL"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    started_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    wait_seconds: Mapped[float] = mapped_column(default=0.0)
    talk_seconds: Mapped[float] = mapped_column(default=0.0)
    hold_seconds: Mapped[float] = mapped_column(default=0.0)
    cause: Mapped[int | None]
    hangup_by: Mapped[str | None] = mapped_column(String(10))
    click_to_dial: Mapped[bool] = mapped_column(default=False)
    comment: Mapped[str] = mapped_column(String(2000), default="")
    source: Mapped[str] = mapped_column(String(10), default="live")
    demo: Mapped[bool] = mapped_column(default=False)
    spam: Mapped[bool] = mapped_column(default=False)
    cost: Mapped[int | None]


class SpamNumber(Base, BusinessOwned):
    """An outside number (E.164) that somebody marked as spam: its calls, also those to come, are spam (TEL-13)."""

    __tablename__ = "spam_numbers"
    __table_args__ = (UniqueConstraint("business_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(80))
    marked_by: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    marked_at: Mapped[datetime]


class CallMode(Base, BusinessOwned):
    """How an agent calls: ``web`` by his phones here, ``phone`` in two legs through ``number`` (E.164), his own."""

    __tablename__ = "call_modes"
    __table_args__ = (UniqueConstraint("agent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    mode: Mapped[str] = mapped_column(String(6), default="web")
    number: Mapped[str] = mapped_column(String(20), default="")


class CallAgent(Base, BusinessOwned):
    """An agent who had to do with a call: ``talked``, or was only rung.

    ``own`` says that it counts as his call (rules.rows.responsible): lists, filters and permissions go by it.
    """

    __tablename__ = "call_agents"
    by_business = False
    __table_args__ = (
        UniqueConstraint("call_id", "agent_id"),
        Index(None, "business_id", "agent_id", "own", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    talked: Mapped[bool] = mapped_column(default=False)
    own: Mapped[bool] = mapped_column(default=True)
    started_at: Mapped[datetime]


class CallLeg(Base, BusinessOwned):
    """A channel of a call. One channel may be in two calls: a transfer takes it from one into the other."""

    __tablename__ = "call_legs"
    by_business = False

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(10))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    address: Mapped[str] = mapped_column(String(80), default="")
    channel: Mapped[str] = mapped_column(String(120), default="")
    started_at: Mapped[datetime]
    ringing_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cause: Mapped[int | None]


class CallStep(Base, BusinessOwned):
    """A step of a call's story, as core.calls.Step."""

    __tablename__ = "call_steps"
    by_business = False

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    agent_id: Mapped[int | None]
    queue_id: Mapped[int | None]
    text: Mapped[str] = mapped_column(String(200), default="")


class JournalPosition(Base):
    """How far Asterisk's CEL file was read: which file (its inode) and at which byte. Only system sessions use it."""

    __tablename__ = "journal_positions"

    file: Mapped[str] = mapped_column(String(300), primary_key=True)
    inode: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)
