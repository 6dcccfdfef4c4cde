"""``user`` and ``token``."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter import app
from callcenter.config import Settings
from callcenter.core import plans
from callcenter.core.clock import SystemClock
from callcenter.core.errors import BadInput, NotFound
from callcenter.features.accounts import queries, rules
from callcenter.features.accounts.models import ApiToken, Business, Membership, User, UserSession
from callcenter.features.accounts.usecases import known, passwords, people


@asynccontextmanager
async def _session(settings: Settings) -> AsyncIterator[AsyncSession]:
    db = await app.open_database(settings)
    try:
        async with db.system() as session:
            yield session
        known.tell_others(settings)
    finally:
        await db.close()


async def create_user(settings: Settings, args: argparse.Namespace) -> int:
    """Adds a person to a business; the business is made when none has this name."""
    password = _password(args)
    now = SystemClock().now()
    async with _session(settings) as session:
        business = await _business(session, args.business, make=True)
        user = await people.create_user(session, email=args.email, name=args.name, password=password, at=now)
        await people.add_member(session, business_id=business.id, user_id=user.id, role=args.role, at=now)
        print(f"{user.email}: {args.role} of «{business.name}»")
    return 0


async def list_users(settings: Settings, args: argparse.Namespace) -> int:
    """Lists people."""
    async with _session(settings) as session:
        rows = await session.execute(
            select(User.email, User.name, Business.name, Membership.role, Membership.status)
            .join(Membership, Membership.user_id == User.id, isouter=True)
            .join(Business, Business.id == Membership.business_id, isouter=True)
            .order_by(User.email)
        )
        for row in rows:
            print("\t".join(str(value) if value is not None else "-" for value in row))
    return 0


async def set_password(settings: Settings, args: argparse.Namespace) -> int:
    """Sets a password and ends the person's sign-ins."""
    password = _password(args)
    async with _session(settings) as session:
        user = await _user(session, args.email)
        if fault := rules.password_fault(password, user.email):
            raise BadInput(fault)
        user.password_hash = await passwords.hash_password(password)
        await session.execute(
            update(UserSession).where(UserSession.user_id == user.id).values(revoked_at=SystemClock().now())
        )
    print(f"{user.email}: the password is set, earlier sign-ins have ended")
    return 0


async def set_plan(settings: Settings, args: argparse.Namespace) -> int:
    """Puts a business on a plan; it holds from the next request on."""
    async with _session(settings) as session:
        business = await _business(session, args.business)
        business.settings = {**business.settings, plans.SETTING: args.plan}
        print(f"«{business.name}»: {args.plan}")
    return 0


async def list_plans(settings: Settings, args: argparse.Namespace) -> int:
    """Lists businesses with their plans."""
    async with _session(settings) as session:
        for business in await session.scalars(select(Business).order_by(Business.id)):
            print(f"{business.id}\t{business.name}\t{plans.plan_in(business.settings)}")
    return 0


async def create_token(settings: Settings, args: argparse.Namespace) -> int:
    """Makes a token; prints the token only, so that a script can take it."""
    async with _session(settings) as session:
        user = await _user(session, args.user)
        places = await queries.memberships(session, user.id)
        if args.business:
            chosen = await _business(session, args.business)
            places = [place for place in places if place.business.id == chosen.id]
        if not places:
            raise NotFound("This person does not work in that business")
        _, secret = await people.create_token(
            session,
            business_id=places[0].business.id,
            user_id=user.id,
            name=args.name,
            at=SystemClock().now(),
            days=args.days,
            scopes=args.scope,
        )
    print(secret)
    return 0


async def list_tokens(settings: Settings, args: argparse.Namespace) -> int:
    """Lists tokens that hold."""
    async with _session(settings) as session:
        query = select(ApiToken, User.email).join(User, User.id == ApiToken.user_id).order_by(ApiToken.id)
        if args.user:
            query = query.where(User.email == rules.normal_email(args.user))
        for token, email in await session.execute(query.where(ApiToken.revoked_at.is_(None))):
            until = token.expires_at.date() if token.expires_at else "without end"
            print(f"{token.id}\t{token.prefix}…\t{email}\t{token.name}\tuntil: {until}")
    return 0


async def revoke_token(settings: Settings, args: argparse.Namespace) -> int:
    """Revokes a token."""
    async with _session(settings) as session:
        query = update(ApiToken).where(ApiToken.revoked_at.is_(None)).returning(ApiToken.id)
        if args.token.isdecimal():
            query = query.where(ApiToken.id == int(args.token))
        else:
            query = query.where(ApiToken.prefix == args.token[:10])
        done = (await session.execute(query.values(revoked_at=SystemClock().now()))).scalars().all()
    if not done:
        raise NotFound("There is no such token; see: callcenter token list")
    print(f"revoked: {', '.join(map(str, done))}")
    return 0


async def _user(session: AsyncSession, email: str) -> User:
    user = await queries.user_by_email(session, rules.normal_email(email))
    if user is None:
        raise NotFound(f"There is no {email}; see: callcenter user list")
    return user


async def _business(session: AsyncSession, wanted: str, *, make: bool = False) -> Business:
    rows = (await session.scalars(select(Business).order_by(Business.id))).all()
    if not wanted and len(rows) == 1:
        return rows[0]
    for row in rows:
        if wanted and wanted in (str(row.id), row.name):
            return row
    if make and wanted and not wanted.isdecimal():
        made = people.create_business(session, name=wanted, at=SystemClock().now())
        await session.flush()
        return made
    names = ", ".join(f"{row.id} «{row.name}»" for row in rows) or "none yet"
    raise NotFound(f"Name the business with --business. There are: {names}")


def _password(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise BadInput("The two passwords differ")
    return first
