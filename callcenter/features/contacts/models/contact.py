"""Clients, organisations, and contacts: numbers that called or were called and are not (yet) saved as clients."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned

UNPLACED = text("zone_id IS NULL")


class Contact(Base, BusinessOwned):
    """A person or an organisation (``kind``).

    ``state``: ``contact`` was made by a call from an unknown number and is named by its number only (TEL-20),
    ``client`` is saved, ``archive`` was put away. ``number`` is the business's own running number (№) of clients.
    ``access`` is for those who are neither responsible nor managers: ``default`` (the business's setting decides),
    ``private``, ``read`` or ``write``. ``search`` and ``name_key`` are in lower case (SQLite's own ``lower`` knows no
    Cyrillic); ``usecases.keeping`` fills both, with the numbers and e-mails in ``search``.
    ``last_call_at`` is when the last call with it began (None = never); the call log keeps it (``usecases.calling``).
    ``called_at`` is the same for calls to it. ``zone_id`` says where it may be (``ContactZone``); None = that has to be
    worked out, which ``usecases.zoning`` does soon after a card changed.
    """

    __tablename__ = "contacts"
    by_business = False
    __table_args__ = (
        # What decides who sees a client stands in these as well, and the id for PostgreSQL (SQLite has it anyway):
        # so a list is counted, and a late page found, without the rows themselves.
        Index("ix_contacts_number", "business_id", "kind", "state", "number", "access", "responsible_id", "id"),
        Index("ix_contacts_name", "business_id", "kind", "state", "name_key", "access", "responsible_id", "id"),
        Index("ix_contacts_created", "business_id", "kind", "state", "created_at", "access", "responsible_id", "id"),
        Index("ix_contacts_city", "business_id", "kind", "state", "city", "id", "access", "responsible_id"),
        Index("ix_contacts_birth", "business_id", "kind", "state", "birth_date", "id", "access", "responsible_id"),
        Index(
            "ix_contacts_last_call", "business_id", "kind", "state", "last_call_at", "id", "access", "responsible_id"
        ),
        Index("ix_contacts_called", "business_id", "kind", "state", "called_at", "id", "access", "responsible_id"),
        Index("ix_contacts_zone", "business_id", "kind", "state", "zone_id"),
        Index("ix_contacts_unplaced", "id", sqlite_where=UNPLACED, postgresql_where=UNPLACED),
        Index("ix_contacts_responsible", "business_id", "responsible_id", "kind", "state", "number"),
        Index("ix_contacts_organisation", "organisation_id"),
        Index("ix_contacts_name_any", "business_id", "name_key"),
        Index("ix_contacts_inn", "business_id", "inn"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), default="person")
    state: Mapped[str] = mapped_column(String(8), default="contact")
    number: Mapped[int | None]
    name: Mapped[str] = mapped_column(String(200), default="")
    first_name: Mapped[str] = mapped_column(String(100), default="")
    last_name: Mapped[str] = mapped_column(String(100), default="")
    name_key: Mapped[str] = mapped_column(String(200), default="")
    sex: Mapped[str] = mapped_column(String(1), default="")
    birth_date: Mapped[date | None]
    position: Mapped[str] = mapped_column(String(200), default="")
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    organisation: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(500), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    industry: Mapped[str] = mapped_column(String(200), default="")
    inn: Mapped[str] = mapped_column(String(12), default="")
    kpp: Mapped[str] = mapped_column(String(9), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    type_id: Mapped[int | None] = mapped_column(ForeignKey("contact_choices.id", ondelete="SET NULL"))
    warmth_id: Mapped[int | None] = mapped_column(ForeignKey("contact_choices.id", ondelete="SET NULL"))
    currency: Mapped[str] = mapped_column(String(3), default="")
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    access: Mapped[str] = mapped_column(String(8), default="default")
    blocked: Mapped[bool] = mapped_column(default=False)
    subscribed: Mapped[bool] = mapped_column(default=True)
    photo: Mapped[str] = mapped_column(String(100), default="")
    source: Mapped[str] = mapped_column(String(20), default="")
    search: Mapped[str] = mapped_column(Text, default="")
    demo: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    last_call_at: Mapped[datetime | None]
    called_at: Mapped[datetime | None]
    zone_id: Mapped[int | None]

    @property
    def saved(self) -> bool:
        """Whether it is a client (also in the archive), and not only a number with its calls."""
        return self.state != "contact"


class ContactZone(Base, BusinessOwned):
    """Time zones in which clients may be: names with commas in their order; '' = nothing tells where they are."""

    __tablename__ = "contact_zones"
    __table_args__ = (UniqueConstraint("business_id", "zones"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    zones: Mapped[str] = mapped_column(String(600))


class ContactPhone(Base, BusinessOwned):
    """A contact's number: ``e164`` for look-ups, ``typed`` as the person wrote it; ``kind`` mobile, work, home, ''."""

    __tablename__ = "contact_phones"
    by_business = False
    __table_args__ = (Index("ix_contact_phones_lookup", "business_id", "e164"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    e164: Mapped[str] = mapped_column(String(80))
    typed: Mapped[str] = mapped_column(String(80), default="")
    kind: Mapped[str] = mapped_column(String(8), default="")


class ContactChannel(Base, BusinessOwned):
    """Another way to a contact: ``kind`` email, site, telegram, whatsapp, vk … ``key`` is the value to compare by."""

    __tablename__ = "contact_channels"
    by_business = False
    __table_args__ = (Index("ix_contact_channels_lookup", "business_id", "kind", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    value: Mapped[str] = mapped_column(String(254))
    key: Mapped[str] = mapped_column(String(254))


class ContactManager(Base, BusinessOwned):
    """A member who looks after a contact beside the responsible one (CON-19)."""

    __tablename__ = "contact_managers"
    by_business = False

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    membership_id: Mapped[int] = mapped_column(
        ForeignKey("memberships.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ContactField(Base, BusinessOwned):
    """A field of the card, in the order of ``position``.

    A base field has its ``key`` (rules.fields) and only its place and ``hidden`` are kept here; an own field has none,
    but a ``title`` and a ``type``: text, number, date, file or list (of ``options``).
    """

    __tablename__ = "contact_fields"
    __table_args__ = (UniqueConstraint("business_id", "entity", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(12))
    key: Mapped[str | None] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(100), default="")
    type: Mapped[str] = mapped_column(String(8), default="text")
    options: Mapped[list[Any]] = mapped_column(default=list)
    position: Mapped[int] = mapped_column(default=0)
    hidden: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class ContactValue(Base, BusinessOwned):
    """The value of an own field: as shown (``text``), and as number or day where it is one, to compare and sort by."""

    __tablename__ = "contact_values"
    by_business = False
    __table_args__ = (
        Index("ix_contact_values_text", "business_id", "field_id", "key"),
        Index("ix_contact_values_amount", "business_id", "field_id", "amount"),
        Index("ix_contact_values_day", "business_id", "field_id", "day"),
    )

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("contact_fields.id", ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(String(500), default="")
    key: Mapped[str] = mapped_column(String(500), default="")
    amount: Mapped[float | None]
    day: Mapped[date | None]


class ContactChoice(Base, BusinessOwned):
    """A word that administrators offer: ``kind`` type, warmth, or category (of history entries)."""

    __tablename__ = "contact_choices"
    __table_args__ = (UniqueConstraint("business_id", "kind", "title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class ContactCounter(Base, BusinessOwned):
    """The last running number (№) given to a client of the business."""

    __tablename__ = "contact_counters"

    id: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)
