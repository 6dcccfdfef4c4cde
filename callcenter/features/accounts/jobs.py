"""Upkeep: last uses are written, what expired is deleted."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from callcenter.features.accounts import rules
from callcenter.features.accounts.models import ApiToken, SignInAttempt, UserSession
from callcenter.features.accounts.usecases import passwords, who
from callcenter.plugin import Services

# Ended sign-ins and tokens stay a while, so that people can see them in the log of what happened.
KEEP = timedelta(days=30)


async def write_seen(services: Services) -> None:
    """Writes when sessions and tokens were last used."""
    await who.seen(services).write(services)


async def clean(services: Services) -> None:
    """Deletes old attempts, and sessions and tokens that ended long ago."""
    now = services.clock.now()
    async with services.db.system() as session:
        await session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - rules.WINDOW))
        await session.execute(
            delete(UserSession).where((UserSession.expires_at < now - KEEP) | (UserSession.revoked_at < now - KEEP))
        )
        await session.execute(
            delete(ApiToken).where((ApiToken.expires_at < now - KEEP) | (ApiToken.revoked_at < now - KEEP))
        )


async def prepare(services: Services) -> None:
    """Makes the stand-in hash, so that the first unknown e-mail takes no longer than later ones."""
    await passwords.verify("", "")
