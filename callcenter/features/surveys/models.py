"""Answers of surveys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class SurveyAnswer(Base, BusinessOwned):
    """A client who was asked after a talk; ``first`` and ``second`` are his keys, None = he did not answer."""

    __tablename__ = "survey_answers"
    by_business = False
    __table_args__ = (UniqueConstraint("call_id"), Index("ix_survey_answers_business_at", "business_id", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(64), ForeignKey("calls.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    queue_id: Mapped[int | None] = mapped_column(ForeignKey("queues.id", ondelete="SET NULL"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    first: Mapped[int | None]
    second: Mapped[int | None]
