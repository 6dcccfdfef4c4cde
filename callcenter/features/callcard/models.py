"""Hand-overs that wait for the call's own «save»."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class HandOver(Base, BusinessOwned):
    """Who shall be responsible for the client of a call (``responsible_id``, a membership) once the call is saved."""

    __tablename__ = "hand_overs"

    call_id: Mapped[str] = mapped_column(String(64), ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    responsible_id: Mapped[int] = mapped_column(ForeignKey("memberships.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    at: Mapped[datetime]
