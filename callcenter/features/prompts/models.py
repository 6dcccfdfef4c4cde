"""Prompts of a business."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Prompt(Base, BusinessOwned):
    """A sound that callers hear. The stock set has no rows: it comes with the product.

    ``kind``: upload, speech (``text`` spoken in ``language``) or recorded (by phone). ``name`` is the sound file's name
    without folder and ending, which stands in the prompt fields of numbers and menus; it stays when the sound is
    replaced. ``digest`` (SHA-256) tells the sound's versions apart and is part of the file's name on our own disk;
    ``seconds`` and ``bytes`` are the length of the sound and the size of what was brought. A row with ``deleted_at``
    can be brought back for a while.
    """

    __tablename__ = "prompts"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(2), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    name: Mapped[str] = mapped_column(String(100), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    seconds: Mapped[float]
    bytes: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    changed_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
