"""Trunks to operators and the numbers (DIDs) that come over them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Trunk(Base, BusinessOwned):
    """A line to an operator or another PBX. ``match`` is the address that its calls come from."""

    __tablename__ = "trunks"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int] = mapped_column(default=5060)
    match: Mapped[str] = mapped_column(String(253), default="")
    username: Mapped[str] = mapped_column(String(100), default="")
    password: Mapped[str] = mapped_column(String(100), default="")
    register: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Number(Base, BusinessOwned):
    """A telephone number of the business.

    ``kind`` is 'multichannel' (routed, its ``title`` is the line name shown to the operator) or 'personal' (belongs to
    ``agent_id``). ``target_kind`` 'queue', 'menu' or 'agent' with ``target_id`` says where a call goes after
    ``greeting`` (a prompt's name, empty = none). ``takers`` 'all' or 'some' = the number has a queue of its own
    (Queue.number_id) with all agents, those of the future too, or with picked ones; empty = whoever the target has.
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
    takers: Mapped[str] = mapped_column(String(5), default="")
    record: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
