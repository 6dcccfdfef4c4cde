"""Tags and lists of clients."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Tag(Base, BusinessOwned):
    """A tag of the person who made it (``owner_id``, a membership); ``key`` is the title to compare by."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("business_id", "owner_id", "key"), Index(None, "business_id", "key"))

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(60))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class ContactTag(Base, BusinessOwned):
    """A tag on a contact."""

    __tablename__ = "contact_tags"
    by_business = False

    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True)
    added_by: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))


class ContactList(Base, BusinessOwned):
    """A list of clients. ``token`` is the secret part of the address at which other programs add clients (API-01)."""

    __tablename__ = "contact_lists"
    __table_args__ = (UniqueConstraint("business_id", "title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class ContactListMember(Base, BusinessOwned):
    """A client in a list."""

    __tablename__ = "contact_list_members"
    by_business = False

    list_id: Mapped[int] = mapped_column(ForeignKey("contact_lists.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True)
