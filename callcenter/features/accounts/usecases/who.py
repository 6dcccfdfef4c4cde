"""Finds who asks: a browser's session cookie or a program's bearer token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import cast

from aiohttp import web
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import NotSignedIn
from callcenter.core.i18n import N_
from callcenter.features.accounts import queries, rules
from callcenter.features.accounts.models import ApiToken, UserSession
from callcenter.features.accounts.usecases.known import Entry, known
from callcenter.http.current import Current
from callcenter.http.permissions import ROLE_PERMISSIONS, SIGNED_IN
from callcenter.plugin import SERVICES, Services

_BAD_TOKEN = N_("The token is unknown, expired or revoked.")

AgentOf = Callable[[AsyncSession, int], Awaitable[int | None]]


class AgentLookup:
    """Which agent a membership is; given by the composition root, because agents stand above accounts."""

    def __init__(self) -> None:
        self.find: AgentOf = _nobody


async def _nobody(session: AsyncSession, membership_id: int) -> int | None:
    return None


def agent_lookup(services: Services) -> AgentOf:
    """The lookup of this process."""
    return services.part(AgentLookup, lambda _: AgentLookup()).find


class Seen:
    """When sessions and tokens were last used; written to the database in the background, never by a request."""

    def __init__(self) -> None:
        self.sessions: dict[int, datetime] = {}
        self.tokens: dict[int, datetime] = {}

    async def write(self, services: Services) -> None:
        """Writes what was gathered."""
        sessions, self.sessions = self.sessions, {}
        tokens, self.tokens = self.tokens, {}
        if not sessions and not tokens:
            return
        async with services.db.system(quiet=True) as session:
            for session_id, at in sessions.items():
                await session.execute(
                    update(UserSession).where(UserSession.id == session_id, UserSession.seen_at < at).values(seen_at=at)
                )
            for token_id, at in tokens.items():
                await session.execute(update(ApiToken).where(ApiToken.id == token_id).values(used_at=at))


def seen(services: Services) -> Seen:
    """This process's record of last uses."""
    return services.part(Seen, lambda _: Seen())


async def by_token(services: Services, secret: str, agent_of: AgentOf) -> Current:
    """Who a bearer token stands for; raises NotSignedIn when it is unknown, expired or revoked."""
    now = services.clock.now()
    key = rules.fingerprint(secret)
    memory = known(services)
    entry = memory.get(key)
    if entry is None:
        mark = memory.mark()
        async with services.db.system() as session:
            found = await queries.token_by_hash(session, key)
            if found is None:
                raise NotSignedIn(_BAD_TOKEN, code="bad_token")
            token, member = found
            agent_id = await agent_of(session, member.membership.id)
        scopes = frozenset(token.scopes)
        entry = Entry(_current(member, agent_id, via="token", scopes=scopes or None), token)
        memory.put(key, entry, mark)
    token = cast(ApiToken, entry.row)
    if not rules.token_alive(expires_at=token.expires_at, revoked_at=token.revoked_at, now=now):
        raise NotSignedIn(_BAD_TOKEN, code="bad_token")
    if token.used_at is None or now - token.used_at > rules.TOUCH_EVERY:
        token.used_at = seen(services).tokens[token.id] = now
    return entry.current


async def by_cookie(services: Services, cookie: str, agent_of: AgentOf) -> Current | None:
    """Who a session cookie stands for, None when it no longer holds."""
    now = services.clock.now()
    key = rules.fingerprint(cookie)
    memory = known(services)
    entry = memory.get(key)
    if entry is None:
        mark = memory.mark()
        async with services.db.system() as session:
            row = await queries.session_by_hash(session, key)
            places = await queries.memberships(session, row.user_id) if row else []
            if row is None or not places:
                return None
            # A person who was taken out of the business falls back to another one of his.
            member = next((p for p in places if p.business.id == row.business_id), places[0])
            agent_id = await agent_of(session, member.membership.id)
        row.seen_at = max(row.seen_at, seen(services).sessions.get(row.id, row.seen_at))
        entry = Entry(_current(member, agent_id, via="session", session_id=row.id, csrf=row.csrf), row)
        memory.put(key, entry, mark)
    row = cast(UserSession, entry.row)
    if not rules.session_alive(seen_at=row.seen_at, expires_at=row.expires_at, revoked_at=row.revoked_at, now=now):
        return None
    if now - row.seen_at > rules.TOUCH_EVERY:
        row.seen_at = seen(services).sessions[row.id] = now
    return entry.current


def _current(
    member: queries.Member,
    agent_id: int | None,
    *,
    via: str,
    scopes: frozenset[str] | None = None,
    session_id: int | None = None,
    csrf: str = "",
) -> Current:
    user, membership, business = member
    role = membership.role if membership.role in ROLE_PERMISSIONS else "guest"
    allowed = ROLE_PERMISSIONS[role]
    if scopes is not None:
        allowed = (allowed & scopes) | {SIGNED_IN}
    return Current(
        user_id=user.id,
        email=user.email,
        name=user.name,
        business_id=business.id,
        business_name=business.name,
        membership_id=membership.id,
        role=role,
        permissions=allowed,
        agent_id=agent_id,
        language=user.language,
        timezone=user.timezone,
        theme=user.theme,
        via="token" if via == "token" else "session",
        session_id=session_id,
        csrf=csrf,
    )


def cookie_name(services: Services) -> str:
    """The session cookie's name. Cookies ignore ports, so two copies on one host need two names."""
    return f"callcenter_session_{services.settings.http_port}"


async def identify(request: web.Request) -> Current | None:
    """Who asks, None when nobody is signed in; a bearer token that does not hold raises NotSignedIn."""
    services = request.app[SERVICES]
    agent_of = agent_lookup(services)
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await by_token(services, secret.strip(), agent_of)
    cookie = request.cookies.get(cookie_name(services))
    return await by_cookie(services, cookie, agent_of) if cookie else None
