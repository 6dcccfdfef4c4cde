"""Numbers that count as confirmed without a code, and the code that a running product has told."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from callcenter.config import Settings
from callcenter.features.confirmations import api as confirmations
from callcenter.features.confirmations import rules
from callcenter.plugin import Services
from callcenter.telephony.asterisk import secrets


async def confirm(
    services: Services, business: int, e164: str, agent_id: int | None = None, at: datetime | None = None
) -> datetime:
    """Somebody (None = the company) has confirmed the number, now or ``at``; until when it holds."""
    async with services.db.business(business) as session:
        made = await confirmations.confirm(
            session,
            business_id=business,
            e164=e164,
            agent_id=agent_id,
            way="call",
            membership_id=None,
            now=at or services.clock.now(),
        )
    return made.expires_at


def code_of(settings: Settings, e164: str) -> str:
    """The code that was told last, found as only whoever has the server's secret and some time can find it."""
    key = secrets.secret(settings.secrets_file, "confirmation_key")
    with sqlite3.connect(settings.data / "callcenter.sqlite3") as link:
        (kept,) = link.execute("SELECT code_hash FROM number_codes ORDER BY id DESC LIMIT 1").fetchone()
    return next(code for n in range(10**rules.DIGITS) if rules.hashed(code := f"{n:06d}", e164, key) == kept)
