"""What the gates shall be, of all businesses."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.gates import rules

CLOSED, PROMPT, REFUSE = "closed", "emergency_prompt", "refuse_spam"
"""A business's settings: who closed it when ({"at", "by"}, None = open), what callers hear then, spam is refused."""


async def wanted(session: AsyncSession) -> dict[str, frozenset[str]]:
    """The families of Asterisk's database with their keys (system session)."""
    businesses = await accounts.businesses(session)
    return rules.wanted(
        [one.id for one in businesses],
        [one.id for one in businesses if one.settings.get(CLOSED)],
        [one.id for one in businesses if one.settings.get(REFUSE)],
        await calls.marked_as_spam(session),
    )
