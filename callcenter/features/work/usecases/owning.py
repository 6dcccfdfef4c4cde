"""In whose name a job works."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Forbidden
from callcenter.features.accounts import api as accounts
from callcenter.features.work.usecases.running import Run
from callcenter.http.current import Current
from callcenter.http.permissions import ROLE_PERMISSIONS


async def owner(session: AsyncSession, run: Run, left: str) -> Current:
    """Who started the job, with the rights that he has now and had when he asked (``run.params["permissions"]``).

    Raises Forbidden with the message ``left`` when he does not work here any more.
    """
    for one in await accounts.people(session):
        if one.membership_id == run.owner_id and one.status == "active" and one.role in ROLE_PERMISSIONS:
            return Current(
                user_id=one.user_id,
                email=one.email,
                name=one.name,
                business_id=run.business_id,
                business_name="",
                membership_id=one.membership_id,
                role=one.role,
                permissions=ROLE_PERMISSIONS[one.role] & set(run.params["permissions"]),
                agent_id=None,
                language="ru",
                timezone="UTC",
                theme="auto",
                via="token",
            )
    raise Forbidden(left)
