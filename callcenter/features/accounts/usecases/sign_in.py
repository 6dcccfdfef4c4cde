"""Sign in and out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from callcenter.core.errors import Forbidden, NotSignedIn, TooMany
from callcenter.core.i18n import N_
from callcenter.features.accounts import queries, rules
from callcenter.features.accounts.models import AuditEntry, SignInAttempt, UserSession
from callcenter.features.accounts.usecases import passwords
from callcenter.plugin import Services

WRONG = N_("The e-mail or the password is wrong.")


@dataclass(frozen=True)
class SignedIn:
    """A new sign-in: ``cookie`` goes to the browser, only its hash is kept."""

    cookie: str
    csrf: str
    session_id: int
    user_id: int
    business_id: int


async def sign_in(services: Services, *, email: str, password: str, ip: str, user_agent: str) -> SignedIn:
    """Checks e-mail and password; raises NotSignedIn, TooMany (with minutes to wait) or Forbidden (works nowhere)."""
    email = rules.normal_email(email)[:254]
    now = services.clock.now()
    attempt = await _count(services, email=email, ip=ip, now=now)
    async with services.db.system() as session:
        user = await queries.user_by_email(session, email)
        stored = user.password_hash if user and user.active else ""
    fits, rehash = await passwords.verify(stored, password[: rules.PASSWORD_MAX + 1])
    if not fits or user is None:
        raise NotSignedIn(WRONG, code="wrong_password")
    fresh = await passwords.hash_password(password) if rehash else None
    return await _open(services, user.id, fresh, attempt=attempt, email=email, ip=ip, user_agent=user_agent, now=now)


async def _count(services: Services, *, email: str, ip: str, now: datetime) -> int:
    # The attempt is counted before it is checked, so that many at once cannot slip past the limit.
    async with services.db.system() as session:
        attempt = SignInAttempt(email=email, ip=ip, at=now)
        session.add(attempt)
        await session.flush()
        own = attempt.id
    async with services.db.system() as session:
        since = now - rules.WINDOW
        here = [at for i, at in await queries.failures(session, since, ip=ip) if i != own]
        person = [at for i, at in await queries.failures(session, since, ip=ip, email=email) if i != own]
        wait = max(
            rules.seconds_to_wait(person, rules.FAILURES_PER_PERSON, now),
            rules.seconds_to_wait(here, rules.FAILURES_PER_ADDRESS, now),
        )
        if wait:
            # A refused attempt tells nothing about the password and does not lengthen the wait.
            await session.execute(delete(SignInAttempt).where(SignInAttempt.id == own))
    if wait:
        message = N_("Too many failed attempts. Try again in %(minutes)s min.")
        raise TooMany(message, retry_after=wait, code="too_many_sign_ins", minutes=rules.minutes(wait))
    return own


async def _open(
    services: Services,
    user_id: int,
    fresh_hash: str | None,
    *,
    attempt: int,
    email: str,
    ip: str,
    user_agent: str,
    now: datetime,
) -> SignedIn:
    cookie, csrf = rules.new_secret(), rules.new_secret()
    async with services.db.system() as session:
        places = await queries.memberships(session, user_id)
        await session.execute(
            delete(SignInAttempt).where(
                (SignInAttempt.id == attempt) | ((SignInAttempt.email == email) & (SignInAttempt.ip == ip))
            )
        )
        if places:
            if fresh_hash:
                places[0].user.password_hash = fresh_hash
            last = await session.scalar(
                select(UserSession.business_id)
                .where(UserSession.user_id == user_id)
                .order_by(UserSession.seen_at.desc())
                .limit(1)
            )
            place = next((p for p in places if p.business.id == last), places[0])
            row = UserSession(
                user_id=user_id,
                business_id=place.business.id,
                token_hash=rules.fingerprint(cookie),
                csrf=csrf,
                ip=ip,
                user_agent=user_agent[:300],
                created_at=now,
                seen_at=now,
                expires_at=now + rules.ABSOLUTE,
            )
            session.add(row)
            await session.flush()
            session.add(
                AuditEntry(business_id=place.business.id, user_id=user_id, at=now, action="sign_in", ip=ip, detail={})
            )
            return SignedIn(cookie, csrf, row.id, user_id, place.business.id)
    raise Forbidden(N_("You work in no company here. Ask an administrator to invite you."), code="no_business")


async def sign_out(services: Services, session_id: int) -> None:
    """Ends one sign-in."""
    async with services.db.system() as session:
        await session.execute(
            update(UserSession).where(UserSession.id == session_id).values(revoked_at=services.clock.now())
        )


async def revoke(services: Services, user_id: int, session_id: int) -> bool:
    """Ends one of a person's own sign-ins; False when it is not his."""
    async with services.db.system() as session:
        done = await session.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
            .values(revoked_at=services.clock.now())
            .returning(UserSession.id)
        )
        return done.scalar() is not None


async def sign_out_everywhere(services: Services, user_id: int, *, but: int | None = None) -> int:
    """Ends all sign-ins of a person except ``but``; returns how many."""
    async with services.db.system() as session:
        query = update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        if but is not None:
            query = query.where(UserSession.id != but)
        done = await session.execute(query.values(revoked_at=services.clock.now()).returning(UserSession.id))
        return len(done.all())
