"""The audit log: who did what to what, from where."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.clock import SystemClock
from callcenter.features.accounts.models import AuditEntry
from callcenter.features.accounts.usecases.address import address
from callcenter.http.current import Current, current
from callcenter.plugin import SERVICES


async def audit(
    session: AsyncSession,
    who: web.Request | Current,
    action: str,
    object_type: str = "",
    object_id: int | str = "",
    **detail: Any,
) -> None:
    """Adds an entry in the caller's transaction, so that no deed is done without its entry.

    ``who`` is the request (then the address is kept too) or the person. ``action`` is a name such as
    'recording.listen'; ``detail`` must be JSON-ready and free of secrets.
    """
    person = current(who) if isinstance(who, web.BaseRequest) else who
    ip, at = "", SystemClock().now()
    if isinstance(who, web.BaseRequest):
        ip = address(who)
        at = who.app[SERVICES].clock.now()
    session.add(
        AuditEntry(
            business_id=person.business_id,
            user_id=person.user_id,
            at=at,
            action=action[:60],
            object_type=object_type[:40],
            object_id=str(object_id)[:80],
            ip=ip,
            detail=detail,
        )
    )
    await session.flush()


async def audit_for(
    session: AsyncSession,
    business_id: int,
    user_id: int,
    action: str,
    object_type: str,
    object_id: str,
    *,
    at: datetime,
    **detail: Any,
) -> None:
    """The same for something that ends by itself: ``user_id`` had begun it."""
    session.add(
        AuditEntry(
            business_id=business_id,
            user_id=user_id,
            at=at,
            action=action[:60],
            object_type=object_type[:40],
            object_id=object_id[:80],
            ip="",
            detail=detail,
        )
    )
    await session.flush()
