"""Dial lists, their clients, and every attempt to call one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned

PROMISED = text("callback_at IS NOT NULL")


class DialList(Base, BusinessOwned):
    """A dial list.

    ``mode``: preview, power (the agent's phone rings first), progressive, predictive (the client is called first, see
    rules.teams); ``dialing`` is what is set of it (rules.teams.Setting), ``dialled`` how many calls it has made.
    ``pause`` is the time between two calls in seconds, None = until
    the agent asks for the next. ``status``: created, running, paused, finished, archive. ``agent_id`` is who is
    responsible for it now. ``filter`` is how its clients were chosen (contacts' ListState), ``filled`` whether all of
    them are in. ``retry``: by outcome, ``[seconds, times]``. ``hours``: when clients may be called, by their own
    clock. ``counts``: how many clients are left, excluded, or done, by outcome.

    While it runs: ``next_at`` is when the agent is rung again, None during a call and while he has to ask for it;
    ``rest_from`` and ``rest_call`` say since when and after which call the pause lasts ('' = it does not).
    ``why`` is why it paused by itself: a gettext key, ``why_values`` its values.
    """

    __tablename__ = "dial_lists"
    by_business = False
    __table_args__ = (
        Index("ix_dial_lists_status", "status", "business_id"),
        Index("ix_dial_lists_made", "business_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    mode: Mapped[str] = mapped_column(String(12), default="power")
    pause: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(8), default="created")
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"), index=True)
    number_id: Mapped[int | None] = mapped_column(ForeignKey("numbers.id", ondelete="SET NULL"))
    filter: Mapped[dict[str, Any]] = mapped_column(default=dict)
    filled: Mapped[bool] = mapped_column(default=False)
    retry: Mapped[dict[str, Any]] = mapped_column(default=dict)
    hours: Mapped[dict[str, Any]] = mapped_column(default=dict)
    dialing: Mapped[dict[str, Any]] = mapped_column(default=dict)
    dialled: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    total: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    rest_from: Mapped[datetime | None]
    rest_call: Mapped[str] = mapped_column(String(64), default="")
    why: Mapped[str] = mapped_column(String(300), default="")
    why_values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class DialEntry(Base, BusinessOwned):
    """A client of a list.

    ``state``: due, later (not before ``next_at``), dialing, done (with its ``outcome``), excluded (``outcome`` says
    why). ``position`` is his place. ``tries`` counts calls to him, ``phone`` is which of his numbers comes next.
    ``callback_at``: he was promised a call at that time, by ``callback_agent_id`` (None = by anybody); it comes before
    all others. ``callback_told``: that agent was told that the time has come.
    """

    __tablename__ = "dial_entries"
    by_business = False
    __table_args__ = (
        Index("ix_dial_entries_due", "list_id", "state", "position"),
        Index("ix_dial_entries_later", "list_id", "state", "next_at"),
        Index("ix_dial_entries_contact", "contact_id", "list_id"),
        Index("ix_dial_entries_promised", "list_id", "callback_at", sqlite_where=PROMISED, postgresql_where=PROMISED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("dial_lists.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(8), default="due")
    position: Mapped[int]
    tries: Mapped[int] = mapped_column(default=0)
    phone: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(16), default="")
    changed_at: Mapped[datetime | None]
    callback_at: Mapped[datetime | None]
    callback_agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"), index=True)
    callback_told: Mapped[bool] = mapped_column(default=False)


class DialAttempt(Base, BusinessOwned):
    """A call to a client by a list, written before it is made; ``call_id`` is its id in Asterisk and in the log.

    ``number`` is E.164. While ``closed_at`` is empty, nobody has seen its end. ``talk_seconds`` is the talk's length.
    Of a call that reached the client first: ``person_at`` is when a person answered, ``sampled`` whether the sound of
    his greeting is kept, ``heard`` what somebody found who listened to it: person, machine or ''.
    """

    __tablename__ = "dial_attempts"
    by_business = False
    __table_args__ = (
        UniqueConstraint("call_id"),
        Index("ix_dial_attempts_open", "closed_at", "list_id"),
        Index("ix_dial_attempts_list", "list_id", "placed_at"),
        Index("ix_dial_attempts_persons", "list_id", "person_at"),
        Index("ix_dial_attempts_outcome", "outcome", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("dial_lists.id", ondelete="CASCADE"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("dial_entries.id", ondelete="CASCADE"), index=True)
    call_id: Mapped[str] = mapped_column(String(64))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    number: Mapped[str] = mapped_column(String(20))
    placed_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    talk_seconds: Mapped[float] = mapped_column(default=0.0)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    person_at: Mapped[datetime | None]
    sampled: Mapped[bool] = mapped_column(default=False)
    heard: Mapped[str] = mapped_column(String(8), default="")


class DialMember(Base, BusinessOwned):
    """Somebody who takes those whom a list with a team has reached.

    ``leg_id`` and ``endpoint`` are his standing leg (telephony.nailing.Standing); '' = he has none now, because callers
    wait in his queues.
    """

    __tablename__ = "dial_members"
    by_business = False
    __table_args__ = (UniqueConstraint("agent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("dial_lists.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    leg_id: Mapped[str] = mapped_column(String(64), default="")
    endpoint: Mapped[str] = mapped_column(String(40), default="")
    joined_at: Mapped[datetime]


class DoNotCall(Base, BusinessOwned):
    """A number (E.164) that no list calls; ``reason`` says why, ``added_by`` who wrote it down."""

    __tablename__ = "do_not_call"
    by_business = False
    __table_args__ = (UniqueConstraint("business_id", "e164"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200), default="")
    added_by: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    added_at: Mapped[datetime]
