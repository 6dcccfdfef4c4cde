"""The door to supervision for other features."""

from __future__ import annotations

from aiohttp import web

from callcenter.features.accounts import api as accounts
from callcenter.features.supervision.usecases.spying import TELL, told_to_agents
from callcenter.http.current import current
from callcenter.plugin import Services

__all__ = ["set_told", "told_to_agents"]


async def set_told(services: Services, request: web.Request, told: bool) -> None:
    """Chooses whether agents are told who listens; spies that go on keep what they began with."""
    person = current(request)
    async with services.db.system() as session:
        await accounts.set_setting(session, person.business_id, TELL, told)
    async with services.db.business(person.business_id) as session:
        await accounts.audit(session, request, "spy.setting", "business", person.business_id, told=told)
