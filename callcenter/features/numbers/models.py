"""Trunks to operators and the numbers (DIDs) that come over them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Trunk(Base, BusinessOwned):
    """A line to an operator or another PBX. ``match`` is the address that its calls come from.

    Fields as in telephony's model of a trunk; ``codecs`` is a list with commas. A disconnected one is not ``active``.
    """

    __tablename__ = "trunks"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int] = mapped_column(default=5060)
    match: Mapped[str] = mapped_column(String(253), default="")
    username: Mapped[str] = mapped_column(String(100), default="")
    password: Mapped[str] = mapped_column(String(100), default="")
    register: Mapped[bool] = mapped_column(default=False)
    number: Mapped[str] = mapped_column(String(40), default="")
    domain: Mapped[str] = mapped_column(String(253), default="")
    codecs: Mapped[str] = mapped_column(String(60), default="ulaw,alaw")
    caller_rule: Mapped[str] = mapped_column(String(10), default="number")
    caller_id: Mapped[str] = mapped_column(String(20), default="")
    backup: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    qualify_seconds: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Number(Base, BusinessOwned):
    """A telephone number of the business.

    ``kind`` is 'multichannel' (routed, its ``title`` is the line name shown to the operator) or 'personal' (belongs to
    ``agent_id``). ``target_kind`` 'queue', 'menu' or 'agent' with ``target_id`` says where a call goes after
    ``greeting`` (a prompt's name, empty = none). ``takers`` 'all' or 'some' = the number has a queue of its own
    (Queue.number_id) with all agents, those of the future too, or with picked ones; empty = whoever the target has.

    ``greeting``, ``waiting``, ``busy``, ``nobody`` and ``closed`` are the prompts of the five situations (INB-19).
    ``hours`` is core.routing.Hours as JSON (None = always open), ``closed_target`` and ``forward`` Goal and Forward.
    ``menu_id`` is the voice menu that callers meet first. ``missed_agent_id`` learns of calls that nobody could take.
    """

    __tablename__ = "numbers"
    __table_args__ = (UniqueConstraint("business_id", "e164"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    trunk_id: Mapped[int | None] = mapped_column(ForeignKey("trunks.id", ondelete="SET NULL"))
    e164: Mapped[str] = mapped_column(String(20), index=True)
    title: Mapped[str] = mapped_column(String(100), default="")
    kind: Mapped[str] = mapped_column(String(15), default="multichannel")
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    target_kind: Mapped[str] = mapped_column(String(10), default="queue")
    target_id: Mapped[int | None]
    greeting: Mapped[str] = mapped_column(String(100), default="")
    waiting: Mapped[str] = mapped_column(String(100), default="")
    busy: Mapped[str] = mapped_column(String(100), default="")
    nobody: Mapped[str] = mapped_column(String(100), default="")
    closed: Mapped[str] = mapped_column(String(100), default="")
    hours: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    closed_target: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    menu_id: Mapped[int | None]
    own_first: Mapped[bool] = mapped_column(default=False)
    last_days: Mapped[int] = mapped_column(default=0)
    own_seconds: Mapped[int] = mapped_column(default=20)
    forward: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    priority: Mapped[int] = mapped_column(default=0)
    missed_agent_id: Mapped[int | None]
    takers: Mapped[str] = mapped_column(String(5), default="")
    record: Mapped[bool] = mapped_column(default=True)
    outgoing: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class SpecialDay(Base, BusinessOwned):
    """A day with hours of its own for all numbers (INQ-06): ``spans`` [[from, to], …] in minutes, none = a holiday."""

    __tablename__ = "special_days"
    __table_args__ = (UniqueConstraint("business_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    title: Mapped[str] = mapped_column(String(100), default="")
    spans: Mapped[list[Any]]
    created_at: Mapped[datetime]


class NumberOperator(Base, BusinessOwned):
    """An employee who uses a number (TEL-62): whether he may call out by it, and whether his calls by it are recorded.

    A number without operators is everybody's. Live at once, as people are; no part of the routing's versions.
    """

    __tablename__ = "number_operators"
    __table_args__ = (UniqueConstraint("number_id", "agent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number_id: Mapped[int] = mapped_column(ForeignKey("numbers.id", ondelete="CASCADE"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    outgoing: Mapped[bool] = mapped_column(default=True)
    record: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class PoolNumber(Base, BusinessOwned):
    """A number of the installation's pool (CALLCENTER_NUMBER_POOL) that a business has taken.

    The key lets one business have it, whoever else asks at the same moment.
    """

    __tablename__ = "pool_numbers"

    e164: Mapped[str] = mapped_column(String(20), primary_key=True)
    taken_at: Mapped[datetime]
