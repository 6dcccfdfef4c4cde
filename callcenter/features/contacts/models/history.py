"""What happened with a client besides calls: history entries, documents, consents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class ContactEvent(Base, BusinessOwned):
    """An entry of the history: ``kind`` comment, responsible, created, changed, merge, import, letter, form …

    ``text`` is what a person wrote; ``data`` holds the rest (old and new values, names as they were).
    """

    __tablename__ = "contact_events"
    by_business = False
    __table_args__ = (Index(None, "contact_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("contact_choices.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    edited_at: Mapped[datetime | None]


class ContactFile(Base, BusinessOwned):
    """A document of a contact, or the value of an own field of type file. ``file`` is its place in the data folder."""

    __tablename__ = "contact_files"
    by_business = False
    __table_args__ = (Index(None, "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    field_id: Mapped[int | None] = mapped_column(ForeignKey("contact_fields.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    file: Mapped[str] = mapped_column(String(120))
    media: Mapped[str] = mapped_column(String(100), default="")
    size: Mapped[int] = mapped_column(default=0)
    added_by: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    added_at: Mapped[datetime]


class ContactConsent(Base, BusinessOwned):
    """That a person agreed (or took it back) to ``kind``: data, calls, mail or sms; the newest of a kind holds."""

    __tablename__ = "contact_consents"
    by_business = False
    __table_args__ = (Index(None, "contact_id", "kind", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    given: Mapped[bool]
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(200), default="")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
