"""Reads of people, sessions and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts.models import (
    ApiToken,
    Business,
    Membership,
    SignInAttempt,
    User,
    UserSession,
)


class Member(NamedTuple):
    """A person in a business."""

    user: User
    membership: Membership
    business: Business


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    """The person with this (lower case) e-mail."""
    return (await session.scalars(select(User).where(User.email == email))).one_or_none()


async def memberships(session: AsyncSession, user_id: int) -> list[Member]:
    """Where a person works now, oldest membership first (system session)."""
    rows = await session.execute(
        select(User, Membership, Business)
        .join(Membership, Membership.user_id == User.id)
        .join(Business, Business.id == Membership.business_id)
        .where(User.id == user_id, User.active, Membership.status == "active")
        .order_by(Membership.id)
    )
    return [Member(*row) for row in rows]


async def people(session: AsyncSession) -> list[Member]:
    """Everybody of the business, by name (business session)."""
    rows = await session.execute(
        select(User, Membership, Business)
        .join(Membership, Membership.user_id == User.id)
        .join(Business, Business.id == Membership.business_id)
        .order_by(User.name, User.id)
    )
    return [Member(*row) for row in rows]


async def session_by_hash(session: AsyncSession, token_hash: str) -> UserSession | None:
    """The sign-in behind a cookie (system session)."""
    return (await session.scalars(select(UserSession).where(UserSession.token_hash == token_hash))).one_or_none()


async def sessions(session: AsyncSession, user_id: int, now: datetime) -> Sequence[UserSession]:
    """A person's sign-ins that may still hold, newest use first (system session)."""
    found = await session.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > now)
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    )
    return found.all()


async def token_by_hash(session: AsyncSession, token_hash: str) -> tuple[ApiToken, Member] | None:
    """A token with whose it is (system session)."""
    row = (
        await session.execute(
            select(ApiToken, User, Membership, Business)
            .join(User, User.id == ApiToken.user_id)
            .join(
                Membership,
                (Membership.user_id == ApiToken.user_id) & (Membership.business_id == ApiToken.business_id),
            )
            .join(Business, Business.id == ApiToken.business_id)
            .where(ApiToken.token_hash == token_hash, User.active, Membership.status == "active")
        )
    ).one_or_none()
    return (row[0], Member(row[1], row[2], row[3])) if row else None


async def tokens(session: AsyncSession, user_id: int) -> Sequence[ApiToken]:
    """A person's tokens in the business that are not revoked, newest first (business session)."""
    found = await session.scalars(
        select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None)).order_by(ApiToken.id.desc())
    )
    return found.all()


async def failures(
    session: AsyncSession, since: datetime, *, ip: str, email: str | None = None
) -> list[tuple[int, datetime]]:
    """Failed attempts from an address (and for one e-mail) since a moment, as (id, moment)."""
    query = select(SignInAttempt.id, SignInAttempt.at).where(SignInAttempt.ip == ip, SignInAttempt.at > since)
    if email is not None:
        query = query.where(SignInAttempt.email == email)
    return [(row.id, row.at) for row in await session.execute(query)]
