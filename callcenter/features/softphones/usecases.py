"""Links by which a phone fetches its file: one for each agent, good once and for ten minutes, in memory only."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.agents import api as agents
from callcenter.features.softphones import rules
from callcenter.features.softphones.rules import Phone
from callcenter.http.current import Current
from callcenter.plugin import Services

NO_PHONE = N_("You have no SIP phone. An administrator can give you one.")
GONE = N_("This code is used or too old. Open the page again: it shows a new one.")


@dataclass(frozen=True)
class _Link:
    business_id: int
    agent_id: int
    token: str
    until: float


class Links:
    """One object of a process; a new link of an agent takes the place of his last one."""

    def __init__(self, services: Services) -> None:
        self._clock = services.clock
        self._links: dict[int, _Link] = {}

    def make(self, business_id: int, agent_id: int) -> str:
        """The token of a fresh link."""
        link = _Link(business_id, agent_id, secrets.token_urlsafe(24), self._clock.epoch() + rules.LINK_SECONDS)
        self._links[agent_id] = link
        return link.token

    def take(self, token: str) -> tuple[int, int]:
        """Whose link this is: business and agent; it is used up then. Raises NotFound."""
        now = self._clock.epoch()
        for agent_id, link in list(self._links.items()):
            if link.until <= now:
                del self._links[agent_id]
            elif hmac.compare_digest(link.token.encode(), token.encode()):
                del self._links[agent_id]
                return link.business_id, link.agent_id
        raise NotFound(GONE)


def links(services: Services) -> Links:
    """The process's one."""
    return services.part(Links, Links)


async def phone(services: Services, business_id: int, agent_id: int) -> Phone:
    """An agent's SIP phone. Raises Conflict when he has none."""
    async with services.db.business(business_id) as session:
        agent = await agents.get(session, agent_id)
        device = await agents.device(session, agent_id, "sip")
    if agent is None or not agent.active or device is None:
        raise Conflict(NO_PHONE, code="no_phone")
    settings = services.settings
    return Phone(
        name=agent.name,
        login=device.endpoint,
        password=device.password,
        host=settings.phone_host,
        port=settings.sip_port,
    )


async def mine(services: Services, person: Current) -> Phone:
    """One's own phone. Raises Conflict."""
    return await phone(services, person.business_id, _me(person))


def link(services: Services, person: Current) -> str:
    """The token of a fresh link to one's own phone's file; the last one is good no longer. Raises Conflict."""
    return links(services).make(person.business_id, _me(person))


async def renew(services: Services, person: Current) -> None:
    """Gives one's SIP phone a new password: it must be set up anew. Raises Conflict, NotFound."""
    await agents.renew_password(services, person.business_id, _me(person), "sip")


def _me(person: Current) -> int:
    if person.agent_id is None:
        raise Conflict(NO_PHONE, code="no_phone")
    return person.agent_id
