"""Mail servers, letters that people send, and the files that go with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class MailServer(Base, BusinessOwned):
    """An SMTP server by which a business sends letters; fields as in rules.servers.ServerForm."""

    __tablename__ = "mail_servers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    security: Mapped[str] = mapped_column(String(8))
    username: Mapped[str] = mapped_column(String(254), default="")
    password: Mapped[str] = mapped_column(String(500), default="")
    from_address: Mapped[str] = mapped_column(String(254))
    from_name: Mapped[str] = mapped_column(String(100), default="")
    in_scripts: Mapped[bool] = mapped_column(default=False)
    main: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    def __repr__(self) -> str:
        """Without the password: this stands in tracebacks and logs."""
        return f"MailServer({self.id}, {self.name!r})"


class SentLetter(Base, BusinessOwned):
    """A letter to a client as it was sent, its merge tags filled. ``html`` is clean (rules.content).

    ``state`` waiting, sending, sent, failed or cancelled; ``next_at`` is when a waiting one is tried. ``failure`` is a
    rules.failing.Failure as JSON. ``script_id`` says by which script's template; a script is above and has no key here.
    """

    __tablename__ = "letters"
    by_business = False
    __table_args__ = (
        Index("ix_letters_created", "business_id", "created_at"),
        Index("ix_letters_contact", "contact_id", "created_at"),
        Index("ix_letters_waiting", "state", "next_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    server_id: Mapped[int | None] = mapped_column(ForeignKey("mail_servers.id", ondelete="SET NULL"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id", ondelete="SET NULL"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"), index=True)
    script_id: Mapped[int | None]
    to_address: Mapped[str] = mapped_column(String(254))
    to_name: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(400))
    html: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    failure: Mapped[list[Any] | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class MailFile(Base, BusinessOwned):
    """A file for letters, or a picture inside one (``picture``); ``file`` is its name on the disk (gateway.files).

    Nobody changes it afterwards. It goes when no letter and no script holds it any more (``released``), or when a
    day after its upload none has ever held it.
    """

    __tablename__ = "mail_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    media: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    picture: Mapped[bool] = mapped_column(default=False)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"), index=True)
    released: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class MailFileHold(Base, BusinessOwned):
    """Who needs a file: ``holder`` is ``letter:12`` or ``script:3``; files stand in the order of ``position``."""

    __tablename__ = "mail_file_holds"
    __table_args__ = (UniqueConstraint("business_id", "holder", "file_id"),)
    by_business = False

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("mail_files.id", ondelete="CASCADE"), index=True)
    holder: Mapped[str] = mapped_column(String(30))
    position: Mapped[int]
