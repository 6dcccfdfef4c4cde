"""Scripts with whose they are, their outcomes, what was chosen, and how talks ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Script(Base, BusinessOwned):
    """A script for calls in one direction (``kind`` in or out); ``text`` is clean HTML (rules.clean).

    ``everybody`` = all employees, else those in ``script_agents``. ``skip_allowed``: the next card of a list may be
    opened without an outcome (OUT-28); ``autodial``: the next contact of a list is dialled by itself (OUT-29).

    ``letter``: agents may send the standard letter ``letter_subject``, ``letter_text`` (clean HTML of mail.content)
    with one press; its files are held as ``script:<id>``. ``server_id`` is the mail server of the script's letters.
    """

    __tablename__ = "scripts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(3))
    everybody: Mapped[bool] = mapped_column(default=True)
    text: Mapped[str] = mapped_column(Text, default="")
    skip_allowed: Mapped[bool] = mapped_column(default=True)
    autodial: Mapped[bool] = mapped_column(default=False)
    questionnaire_id: Mapped[int | None] = mapped_column(ForeignKey("questionnaires.id", ondelete="SET NULL"))
    server_id: Mapped[int | None] = mapped_column(ForeignKey("mail_servers.id", ondelete="SET NULL"), index=True)
    letter: Mapped[bool] = mapped_column(default=False)
    letter_subject: Mapped[str] = mapped_column(String(255), default="")
    letter_text: Mapped[str] = mapped_column(Text, default="")
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ScriptAgent(Base, BusinessOwned):
    """An employee who works with a script that is not everybody's."""

    __tablename__ = "script_agents"
    __table_args__ = (UniqueConstraint("script_id", "agent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id", ondelete="CASCADE"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)


class ScriptNumber(Base, BusinessOwned):
    """An own number whose callers an incoming script is for; a script without any is for all numbers."""

    __tablename__ = "script_numbers"
    __table_args__ = (UniqueConstraint("script_id", "number_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id", ondelete="CASCADE"))
    number_id: Mapped[int] = mapped_column(ForeignKey("numbers.id", ondelete="CASCADE"), index=True)


class ScriptOutcome(Base, BusinessOwned):
    """A way in which a talk can end; ``kind`` (rules.OUTCOMES) is what follows of it. Used ones are only retired."""

    __tablename__ = "script_outcomes"

    id: Mapped[int] = mapped_column(primary_key=True)
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(60))
    comment: Mapped[str] = mapped_column(String(50), default="")
    kind: Mapped[str] = mapped_column(String(15))
    retired: Mapped[bool] = mapped_column(default=False)


class ScriptChoice(Base, BusinessOwned):
    """Which of several scripts an agent wants: ``line`` is the id of the number that was called, 0 for calls out."""

    __tablename__ = "script_choices"
    __table_args__ = (UniqueConstraint("agent_id", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    line: Mapped[int]
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id", ondelete="CASCADE"))


class ScriptResult(Base, BusinessOwned):
    """How an agent says that his talk ended; ``at`` is when he said so last."""

    __tablename__ = "script_results"
    by_business = False
    __table_args__ = (
        UniqueConstraint("call_id", "agent_id"),
        Index("ix_script_results_at", "business_id", "script_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    script_id: Mapped[int] = mapped_column(ForeignKey("scripts.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    outcome_id: Mapped[int | None] = mapped_column(ForeignKey("script_outcomes.id", ondelete="SET NULL"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    comment: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime]
