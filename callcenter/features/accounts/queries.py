"""Reads of people, sessions and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts.models import (
    ApiToken,
    AuditEntry,
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


class AuditFilter(NamedTuple):
    """Which audit entries are wanted; empty = all. ``action`` may be the beginning of names (``contact.``)."""

    user_id: int | None = None
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def audit_entries(
    session: AsyncSession, wanted: AuditFilter, *, offset: int = 0, limit: int = 50, before: int | None = None
) -> list[AuditEntry]:
    """Audit entries, the newest first; ``before`` (an id) goes on behind an earlier portion."""
    statement = select(AuditEntry).where(*_audit_where(wanted)).order_by(AuditEntry.id.desc())
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    return list(await session.scalars(statement.offset(offset).limit(limit)))


async def audit_count(session: AsyncSession, wanted: AuditFilter) -> int:
    """How many audit entries there are."""
    return await session.scalar(select(func.count()).select_from(AuditEntry).where(*_audit_where(wanted))) or 0


async def audit_actions(session: AsyncSession) -> list[str]:
    """The actions that were ever done in the business."""
    return sorted(await session.scalars(select(AuditEntry.action).distinct()))


def _audit_where(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.user_id is not None:
        where.append(AuditEntry.user_id == wanted.user_id)
    if wanted.action:
        where.append(
            AuditEntry.action.startswith(wanted.action, autoescape=True)
            if wanted.action.endswith(".")
            else AuditEntry.action == wanted.action
        )
    if wanted.object_type:
        where.append(AuditEntry.object_type == wanted.object_type)
    if wanted.object_id:
        where.append(AuditEntry.object_id == wanted.object_id)
    if wanted.since is not None:
        where.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        where.append(AuditEntry.at < wanted.until)
    return where


async def starts_always(session: AsyncSession, user_id: int) -> bool:
    """Whether a sign-in of the person always opens the work place (system session)."""
    return bool(await session.scalar(select(User.start_always).where(User.id == user_id)))
