"""Reads of numbers that must not be called."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.contacts import api as contacts
from callcenter.features.dialer.models import DoNotCall

PER_PAGE = 50


async def among(session: AsyncSession, numbers: Collection[str]) -> set[str]:
    """Those of ``numbers`` that must not be called."""
    if not numbers:
        return set()
    return set(await session.scalars(select(DoNotCall.e164).where(DoNotCall.e164.in_(numbers))))


async def any_there(session: AsyncSession) -> bool:
    """Whether the business has written down any."""
    return await session.scalar(select(DoNotCall.id).limit(1)) is not None


def reachable() -> ColumnElement[bool]:
    """The condition that a contact has a number which may be called."""
    refused = select(DoNotCall.id).where(DoNotCall.e164 == contacts.ContactPhone.e164).correlate(contacts.ContactPhone)
    free = select(contacts.ContactPhone.id).where(
        and_(contacts.ContactPhone.contact_id == contacts.Contact.id, ~exists(refused))
    )
    return free.correlate(contacts.Contact).exists()


async def page(session: AsyncSession, digits: str, number: int) -> tuple[list[DoNotCall], int]:
    """A page (from 1) of the numbers that contain ``digits``, the newest first, and how many there are."""
    where = [DoNotCall.e164.contains(digits, autoescape=True)] if digits else []
    total = await session.scalar(select(func.count()).select_from(DoNotCall).where(*where)) or 0
    found = select(DoNotCall).where(*where).order_by(DoNotCall.id.desc())
    return list(await session.scalars(found.offset((number - 1) * PER_PAGE).limit(PER_PAGE))), total


async def by_id(session: AsyncSession, one: int) -> DoNotCall | None:
    """One of them."""
    return (await session.scalars(select(DoNotCall).where(DoNotCall.id == one))).one_or_none()


async def by_number(session: AsyncSession, e164: str) -> DoNotCall | None:
    """The entry of a number."""
    return await session.scalar(select(DoNotCall).where(DoNotCall.e164 == e164))
