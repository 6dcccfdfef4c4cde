"""A person's own settings: profile, password, the business to work in, tokens."""

from __future__ import annotations

from sqlalchemy import update

from callcenter.core.errors import BadInput, NotFound, TooMany
from callcenter.core.i18n import N_
from callcenter.features.accounts import queries, rules
from callcenter.features.accounts.models import ApiToken, SignInAttempt, User, UserSession
from callcenter.features.accounts.usecases import passwords
from callcenter.http.current import Current
from callcenter.plugin import Services

NOT_HERE = N_("This is not here. It may have been deleted.")


async def change_profile(
    services: Services,
    person: Current,
    *,
    name: str | None = None,
    language: str | None = None,
    timezone: str | None = None,
    theme: str | None = None,
    start_always: bool | None = None,
) -> None:
    """Changes what is given; raises BadInput that names every wrong field."""
    wrong: dict[str, str] = {}
    if name is not None and not 1 <= len(name.strip()) <= 200:
        wrong["name"] = N_("Fill in this field.")
    if language is not None and language not in rules.LANGUAGES:
        wrong["language"] = N_("There is no such language.")
    if timezone is not None and not rules.timezone_known(timezone):
        wrong["timezone"] = N_("There is no such time zone.")
    if theme is not None and theme not in rules.THEMES:
        wrong["theme"] = N_("This value cannot be used.")
    if wrong:
        raise BadInput(N_("Some fields cannot be used."), fields=wrong)
    values: dict[str, str | bool | None] = {
        "name": name and name.strip(),
        "language": language,
        "timezone": timezone,
        "theme": theme,
    }
    values["start_always"] = start_always
    given = {key: value for key, value in values.items() if value is not None}
    if given:
        async with services.db.system() as session:
            await session.execute(update(User).where(User.id == person.user_id).values(**given))


async def change_password(services: Services, person: Current, *, old: str, new: str, ip: str) -> None:
    """Sets a new password and ends all other sign-ins; the old one must be right, within the sign-in limits."""
    now = services.clock.now()
    async with services.db.system() as session:
        user = await session.get_one(User, person.user_id)
        failed = await queries.failures(session, now - rules.WINDOW, ip=ip, email=user.email)
    wait = rules.seconds_to_wait([at for _, at in failed], rules.FAILURES_PER_PERSON, now)
    if wait:
        message = N_("Too many failed attempts. Try again in %(minutes)s min.")
        raise TooMany(message, retry_after=wait, minutes=rules.minutes(wait))
    if fault := rules.password_fault(new, user.email):
        raise BadInput(fault, fields={"new": fault})
    fits, _ = await passwords.verify(user.password_hash, old)
    if not fits:
        async with services.db.system() as session:
            session.add(SignInAttempt(email=user.email, ip=ip, at=now))
        message = N_("The present password is wrong.")
        raise BadInput(message, fields={"old": message})
    await set_password(services, person.user_id, new, keep_session=person.session_id)


async def set_password(services: Services, user_id: int, password: str, *, keep_session: int | None = None) -> None:
    """Sets a password without asking for the old one, and ends the sign-ins made with the old one."""
    hashed = await passwords.hash_password(password)
    async with services.db.system() as session:
        await session.execute(update(User).where(User.id == user_id).values(password_hash=hashed))
        ended = update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        if keep_session is not None:
            ended = ended.where(UserSession.id != keep_session)
        await session.execute(ended.values(revoked_at=services.clock.now()))


async def choose_business(services: Services, user_id: int, session_id: int, business_id: int) -> None:
    """Makes a session work in another of the person's businesses; NotFound when he does not work there."""
    async with services.db.system() as session:
        places = await queries.memberships(session, user_id)
        if business_id not in {p.business.id for p in places}:
            raise NotFound(NOT_HERE)
        await session.execute(update(UserSession).where(UserSession.id == session_id).values(business_id=business_id))


async def revoke_token(services: Services, person: Current, token_id: int) -> None:
    """Ends one of a person's own tokens; NotFound for any other."""
    async with services.db.business(person.business_id) as session:
        token = await session.get(ApiToken, token_id)
        if token is None or token.user_id != person.user_id or token.revoked_at is not None:
            raise NotFound(NOT_HERE)
        token.revoked_at = services.clock.now()
