"""Versions of a business's routing, and its own pieces of the dialplan."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class RoutingVersion(Base, BusinessOwned):
    """How a business's calls were, are or were to be routed.

    ``document`` is what rules.document makes (trunks' passwords in it: never show it as it is). ``state``: 'applying'
    (an apply goes on, or the server died in it), 'applied', 'failed' (Asterisk never had it) or 'rolled_back' (Asterisk
    had it, and got the former one back); ``reason`` is a gettext key with ``reason_values``. The newest applied version
    is the live one. ``findings`` and ``canary`` are what the checks and the test call said.
    """

    __tablename__ = "routing_versions"
    __table_args__ = (UniqueConstraint("business_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    created_at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    by: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    findings: Mapped[list[Any]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(300), default="")
    reason_values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    canary: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    applied_at: Mapped[datetime | None]


class RoutingOwn(Base, BusinessOwned):
    """The draft of a business's own dialplan (contexts ``own-<business>-…``); one row a business."""

    __tablename__ = "routing_own"
    __table_args__ = (UniqueConstraint("business_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text, default="")


class RoutingPath(Base, BusinessOwned):
    """A way of a call that shall stay as it is: a call to ``number_id`` at ``at`` with ``keys`` meets ``steps``.

    ``keys`` are digits, ``-`` for waiting in vain; ``steps`` are [kind, text] of telephony.config.simulate.
    """

    __tablename__ = "routing_paths"

    id: Mapped[int] = mapped_column(primary_key=True)
    number_id: Mapped[int] = mapped_column(ForeignKey("numbers.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    keys: Mapped[str] = mapped_column(String(40), default="")
    steps: Mapped[list[Any]] = mapped_column(JSON)
