"""Questionnaires, their questions, and what clients answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Questionnaire(Base, BusinessOwned):
    """A list of questions; ``intro`` is what the agent says before the first one. A deleted one keeps its answers."""

    __tablename__ = "questionnaires"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    intro: Mapped[str] = mapped_column(String(1000), default="")
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Question(Base, BusinessOwned):
    """A question. ``options`` are ``{"key", "title", "gone"}``; ``most`` is the end of a scale that begins with 1.

    A question or an option that has answers is only retired, so that they stay readable.
    """

    __tablename__ = "questions"

    id: Mapped[int] = mapped_column(primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(300))
    mandatory: Mapped[bool] = mapped_column(default=False)
    options: Mapped[list[Any]] = mapped_column(default=list)
    most: Mapped[int] = mapped_column(default=0)
    retired: Mapped[bool] = mapped_column(default=False)


class Filled(Base, BusinessOwned):
    """A client's answers (rules.Answer as JSON, in the order of the questions); ``state`` is one of rules.STATES.

    ``script_id`` says beside which script they were asked; a script is above and has no foreign key here.
    """

    __tablename__ = "questionnaire_answers"
    by_business = False
    __table_args__ = (
        Index("ix_questionnaire_answers_changed", "business_id", "questionnaire_id", "changed_at"),
        Index("ix_questionnaire_answers_contact", "contact_id", "questionnaire_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    script_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10))
    answers: Mapped[list[Any]] = mapped_column(default=list)
    began_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Work(Base, BusinessOwned):
    """A call in which somebody worked on the answers, and when last."""

    __tablename__ = "questionnaire_works"
    by_business = False
    __table_args__ = (UniqueConstraint("filled_id", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    filled_id: Mapped[int] = mapped_column(ForeignKey("questionnaire_answers.id", ondelete="CASCADE"))
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    at: Mapped[datetime]
