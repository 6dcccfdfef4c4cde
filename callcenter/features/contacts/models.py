"""Clients, and contacts: numbers that called or were called and are not (yet) saved as clients."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, event
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Contact(Base, BusinessOwned):
    """``saved`` True: a client; False: made by a call from an unknown number (TEL-20), named by its number only.

    ``search`` holds name, position and organisation in lower case: SQLite's own ``lower`` knows no Cyrillic.
    """

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(primary_key=True)
    saved: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[str] = mapped_column(String(200), default="")
    organisation: Mapped[str] = mapped_column(String(200), default="")
    search: Mapped[str] = mapped_column(String(620), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    responsible_agent_id: Mapped[int | None] = mapped_column(ForeignKey("agents.id", ondelete="SET NULL"))
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class ContactPhone(Base, BusinessOwned):
    """A number of a contact: ``e164`` for look-ups, ``typed`` as the person wrote it."""

    __tablename__ = "contact_phones"
    __table_args__ = (Index("ix_contact_phones_lookup", "business_id", "e164"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    e164: Mapped[str] = mapped_column(String(80))
    typed: Mapped[str] = mapped_column(String(80), default="")


@event.listens_for(Contact, "before_insert")
@event.listens_for(Contact, "before_update")
def _fill_search(_mapper: Any, _connection: Any, contact: Contact) -> None:
    parts = (contact.name, contact.position, contact.organisation)
    contact.search = "\n".join(part.casefold() for part in parts if part)[:620]
