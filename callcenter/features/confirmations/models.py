"""Confirmed numbers, codes that are on their way, and the numbers that employees entered as their own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class NumberConfirmation(Base, BusinessOwned):
    """Somebody who has ``e164`` in his hands typed the code that was told there. ``agent_id`` None = for the company.

    ``way`` is call, sms, or kept (it was in use before numbers had to be confirmed).
    """

    __tablename__ = "number_confirmations"
    __table_args__ = (Index("ix_number_confirmations_number", "business_id", "e164"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    e164: Mapped[str] = mapped_column(String(20))
    way: Mapped[str] = mapped_column(String(10))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    confirmed_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class NumberCode(Base, BusinessOwned):
    """A code that was told to ``e164``: only its keyed hash is kept. Rows stay for an hour, for the limit of asks."""

    __tablename__ = "number_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    e164: Mapped[str] = mapped_column(String(20), index=True)
    way: Mapped[str] = mapped_column(String(10))
    code_hash: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OwnNumber(Base, BusinessOwned):
    """The number that an employee entered as his own, to be shown on his calls out (TEL-29)."""

    __tablename__ = "own_numbers"
    __table_args__ = (UniqueConstraint("agent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    e164: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
