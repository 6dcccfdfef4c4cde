"""Prices of calls to the outside."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class CallPrice(Base, BusinessOwned):
    """What a minute to numbers that begin with ``prefix`` (E.164, '+' = all) costs over a trunk (None = over any).

    ``per_minute`` and ``connection`` (once for each answered call) are ten-thousandths of the business's currency;
    ``step`` is the seconds that are billed at a time: 60 = every minute begun, 1 = by the second.
    """

    __tablename__ = "call_prices"
    __table_args__ = (UniqueConstraint("business_id", "prefix", "trunk_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16))
    trunk_id: Mapped[int | None] = mapped_column(ForeignKey("trunks.id", ondelete="CASCADE"))
    per_minute: Mapped[int]
    connection: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=60)
