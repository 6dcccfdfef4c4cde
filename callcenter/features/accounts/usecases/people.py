"""Businesses, people and tokens: made by the command line, by administrators and by the demo."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, Conflict
from callcenter.core.i18n import N_
from callcenter.features.accounts import queries, rules
from callcenter.features.accounts.models import ApiToken, Business, Membership, User
from callcenter.features.accounts.usecases import passwords
from callcenter.http.permissions import ALL, ROLES

_EMAIL = re.compile(r"^[^@\s<>\"',;]{1,64}@[^@\s<>\"',;]+\.[^@\s<>\"',;]+$")


def create_business(session: AsyncSession, *, name: str, at: datetime, **more: Any) -> Business:
    """Adds a business (system session); ``more``: currency, timezone, language, demo, settings."""
    row = Business(name=name, created_at=at, **more)
    session.add(row)
    return row


async def create_user(
    session: AsyncSession, *, email: str, name: str, password: str, at: datetime, **more: Any
) -> User:
    """Adds a person (system session); ``more``: language, timezone, theme. Raises BadInput or Conflict."""
    email = rules.normal_email(email)
    wrong: dict[str, str] = {}
    if not _EMAIL.match(email) or len(email) > 254:
        wrong["email"] = N_("This is not an e-mail address.")
    if password and (fault := rules.password_fault(password, email)):
        wrong["password"] = fault
    if wrong:
        raise BadInput(next(iter(wrong.values())), fields=wrong)
    if await queries.user_by_email(session, email):
        raise Conflict(N_("A person with this e-mail is already there."), code="email_taken")
    hashed = await passwords.hash_password(password) if password else ""
    user = User(email=email, name=name or email, password_hash=hashed, created_at=at, **more)
    session.add(user)
    await session.flush()
    return user


async def add_member(session: AsyncSession, *, business_id: int, user_id: int, role: str, at: datetime) -> Membership:
    """Lets a person work in a business (system session, or the business's own)."""
    if role not in ROLES:
        raise BadInput(N_("There is no such role."), fields={"role": N_("There is no such role.")})
    row = Membership(business_id=business_id, user_id=user_id, role=role, created_at=at)
    session.add(row)
    await session.flush()
    return row


async def create_token(
    session: AsyncSession,
    *,
    business_id: int,
    user_id: int,
    name: str,
    at: datetime,
    days: int | None,
    scopes: Collection[str] = (),
) -> tuple[ApiToken, str]:
    """Makes a bearer token and returns it with its secret, which is shown this once. No scopes = all of the role."""
    name = name.strip()
    if not name or len(name) > 100:
        raise BadInput(N_("Give the token a name."), fields={"name": N_("Give the token a name.")})
    if unknown := set(scopes) - ALL:
        raise BadInput(
            N_("There is no such permission: %(name)s."),
            fields={"scopes": N_("This value cannot be used.")},
            name=", ".join(sorted(unknown)),
        )
    if days is not None and not 1 <= days <= 3650:
        raise BadInput(
            N_("A token lasts from 1 to 3650 days."), fields={"days": N_("A token lasts from 1 to 3650 days.")}
        )
    secret = rules.TOKEN_PREFIX + rules.new_secret()
    row = ApiToken(
        business_id=business_id,
        user_id=user_id,
        name=name,
        prefix=secret[:10],
        token_hash=rules.fingerprint(secret),
        scopes=sorted(scopes),
        created_at=at,
        expires_at=at + timedelta(days=days) if days else None,
    )
    session.add(row)
    await session.flush()
    return row, secret
