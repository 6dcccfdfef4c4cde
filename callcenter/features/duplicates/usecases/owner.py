"""Whose job it is: background work is done with the rights that its owner has now."""

from __future__ import annotations

from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Forbidden
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.work.api import Run
from callcenter.http.current import Current
from callcenter.http.permissions import CONTACTS_EDIT, ROLE_PERMISSIONS, Role


async def owner(session: AsyncSession, run: Run) -> Current:
    """The person who started a job. Raises Forbidden when he does not work here any more or may not change clients."""
    people = {one.membership_id: one for one in await accounts.people(session)}
    found = people.get(run.owner_id or 0)
    permissions = ROLE_PERMISSIONS.get(cast(Role, found.role), frozenset()) if found else frozenset()
    business = await accounts.business(session, run.business_id)
    if found is None or business is None or found.status != "active" or CONTACTS_EDIT not in permissions:
        raise Forbidden(N_("Who started this may not do it any more."))
    return Current(
        user_id=found.user_id,
        email=found.email,
        name=found.name,
        business_id=run.business_id,
        business_name=business.name,
        membership_id=found.membership_id,
        role=cast(Role, found.role),
        permissions=permissions,
        agent_id=None,
        language=business.language,
        timezone=business.timezone,
        theme="auto",
        via="session",
    )
