"""Voice menus: a prompt and what each key does."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Menu(Base, BusinessOwned):
    """A voice menu; after ``repeats`` repetitions (-1 = without end) without a key comes ``timeout_*``.

    ``activity`` always, open, closed or never says when callers meet it (INB-27); ``main`` is what new numbers get.
    """

    __tablename__ = "menus"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    prompt: Mapped[str] = mapped_column(String(100), default="")
    wait_seconds: Mapped[int] = mapped_column(default=5)
    repeats: Mapped[int] = mapped_column(default=2)
    timeout_action: Mapped[str] = mapped_column(String(15), default="hangup")
    timeout_target_id: Mapped[int | None]
    timeout_number: Mapped[str] = mapped_column(String(20), default="")
    timeout_prompt: Mapped[str] = mapped_column(String(100), default="")
    activity: Mapped[str] = mapped_column(String(10), default="always")
    main: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class MenuKey(Base, BusinessOwned):
    """What a key (0–9, * or #) does.

    ``action`` queue, agent or menu (with ``target_id``), external (``number``), play (``prompt``), voicemail
    (``target_id`` of a queue or None), agent_voicemail, repeat or hangup.
    """

    __tablename__ = "menu_keys"
    __table_args__ = (UniqueConstraint("menu_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    menu_id: Mapped[int] = mapped_column(ForeignKey("menus.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(1))
    action: Mapped[str] = mapped_column(String(15))
    target_id: Mapped[int | None]
    number: Mapped[str] = mapped_column(String(20), default="")
    prompt: Mapped[str] = mapped_column(String(100), default="")
