"""Imports and what each of their rows did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Import(Base, BusinessOwned):
    """An uploaded file and what is to become of it.

    ``state``: uploaded, running, done, failed, cancelled, undoing, undone. ``mapping`` is column index → field key.
    ``counts``: persons, organisations, updated, skipped, refused.
    """

    __tablename__ = "imports"
    __table_args__ = (Index(None, "business_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("work_jobs.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200))
    file: Mapped[str] = mapped_column(String(120), default="")
    format: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(10), default="uploaded")
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    policy: Mapped[str] = mapped_column(String(8), default="merge")
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id", ondelete="SET NULL"))
    list_id: Mapped[int | None] = mapped_column(ForeignKey("contact_lists.id", ondelete="SET NULL"))
    tag_id: Mapped[int | None] = mapped_column(ForeignKey("tags.id", ondelete="SET NULL"))
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class ImportRow(Base, BusinessOwned):
    """What row ``line`` of a file did: ``action`` created, updated, skipped or refused (``reason`` says why).

    ``before`` is what an update changed, as it was, so that undo can put it back; ``cells`` is a refused row's content.
    """

    __tablename__ = "import_rows"
    by_business = False
    __table_args__ = (UniqueConstraint("import_id", "line", "part"), Index(None, "import_id", "action"))

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    line: Mapped[int]
    part: Mapped[int] = mapped_column(default=0)
    action: Mapped[str] = mapped_column(String(8))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cells: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(Text, default="")
