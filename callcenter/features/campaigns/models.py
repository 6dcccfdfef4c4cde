"""Ad campaigns and the numbers they use."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callcenter.storage.base import Base, BusinessOwned


class Campaign(Base, BusinessOwned):
    """A campaign; ``budget`` is in minor units of the business's currency, None = not given."""

    __tablename__ = "campaigns"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    budget: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class CampaignNumber(Base, BusinessOwned):
    """A number that a campaign advertises."""

    __tablename__ = "campaign_numbers"
    __table_args__ = (UniqueConstraint("campaign_id", "number_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    number_id: Mapped[int] = mapped_column(ForeignKey("numbers.id", ondelete="CASCADE"))
