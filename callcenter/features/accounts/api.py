"""The door to people, businesses and the audit log for other features, the demo and the command line."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import queries
from callcenter.features.accounts.models import AuditEntry, Business, Membership, User
from callcenter.features.accounts.queries import AuditFilter, audit_actions, audit_count, audit_entries
from callcenter.features.accounts.usecases import plans
from callcenter.features.accounts.usecases.address import address
from callcenter.features.accounts.usecases.audit import audit, audit_for
from callcenter.features.accounts.usecases.passwords import hash_now, hash_password
from callcenter.features.accounts.usecases.people import (
    add_member,
    create_business,
    create_token,
    create_user,
)

__all__ = [
    "AuditEntry",
    "AuditFilter",
    "BusinessInfo",
    "Mailbox",
    "Person",
    "add_member",
    "address",
    "audit",
    "audit_actions",
    "audit_count",
    "audit_entries",
    "audit_for",
    "business",
    "businesses",
    "create_business",
    "create_token",
    "create_user",
    "hash_now",
    "hash_password",
    "mailboxes",
    "people",
    "plans",
    "role_of",
    "set_setting",
    "timezone_of",
    "timezones",
    "user_name",
]


class BusinessInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A business's settings that other features need."""

    id: int
    name: str
    currency: str
    timezone: str
    language: str
    demo: bool
    settings: dict[str, Any]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the business. ``status`` is active, invited or blocked."""

    user_id: int
    membership_id: int
    name: str
    email: str
    role: str
    status: str


async def business(session: AsyncSession, business_id: int) -> BusinessInfo | None:
    """One business; a business session sees its own only."""
    row = await session.get(Business, business_id)
    return _business(row) if row else None


async def set_setting(session: AsyncSession, business_id: int, name: str, value: Any) -> None:
    """Keeps one of a business's settings (system session); the caller checks value and permission."""
    row = await session.get_one(Business, business_id)
    row.settings = {**row.settings, name: value}


async def businesses(session: AsyncSession) -> list[BusinessInfo]:
    """Every business (system session)."""
    return [_business(row) for row in await session.scalars(select(Business).order_by(Business.id))]


async def people(session: AsyncSession) -> list[Person]:
    """Everybody of the business, by name (business session)."""
    return [
        Person(
            user_id=member.user.id,
            membership_id=member.membership.id,
            name=member.user.name,
            email=member.user.email,
            role=member.membership.role,
            status=member.membership.status,
        )
        for member in await queries.people(session)
    ]


async def user_name(session: AsyncSession, user_id: int) -> str:
    """A person's name, '' when there is none such."""
    return await session.scalar(select(User.name).where(User.id == user_id)) or ""


async def timezone_of(session: AsyncSession, membership_id: int) -> str:
    """The time zone that a member chose in his profile (business session), '' when there is none such."""
    wanted = select(User.timezone).join(Membership, Membership.user_id == User.id).where(Membership.id == membership_id)
    return await session.scalar(wanted) or ""


class Mailbox(NamedTuple):
    """Where a member's letters go, and the time zone that he chose in his profile ('' = none)."""

    email: str
    timezone: str


async def mailboxes(session: AsyncSession, memberships: Collection[int]) -> dict[int, Mailbox]:
    """Those of some members, by membership (business session)."""
    wanted = select(Membership.id, User.email, User.timezone).join(User, User.id == Membership.user_id)
    found = await session.execute(wanted.where(Membership.id.in_(memberships)))
    return {member: Mailbox(email, zone or "") for member, email, zone in found}


async def timezones(session: AsyncSession) -> dict[int, str]:
    """The time zones that members chose in their profiles, by membership (with a system session: everybody's)."""
    wanted = select(Membership.id, User.timezone).join(User, User.id == Membership.user_id)
    return {member: zone for member, zone in await session.execute(wanted) if zone}


async def role_of(session: AsyncSession, user_id: int) -> str | None:
    """A person's role in the business (business session), None when he does not work there."""
    return await session.scalar(
        select(Membership.role).where(Membership.user_id == user_id, Membership.status == "active")
    )


def _business(row: Business) -> BusinessInfo:
    return BusinessInfo(
        id=row.id,
        name=row.name,
        currency=row.currency,
        timezone=row.timezone,
        language=row.language,
        demo=row.demo,
        settings=dict(row.settings),
    )
