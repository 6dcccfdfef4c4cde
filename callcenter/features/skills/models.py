"""Skills and the levels that agents have in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Skill(Base, BusinessOwned):
    """Something that callers may need: a language, a product, a service."""

    __tablename__ = "skills"
    __table_args__ = (UniqueConstraint("business_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]


class AgentSkill(Base, BusinessOwned):
    """An agent's level (1 … 5) in a skill; who has no row lacks it."""

    __tablename__ = "agent_skills"
    __table_args__ = (UniqueConstraint("skill_id", "agent_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skills.id", ondelete="CASCADE"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    level: Mapped[int]
