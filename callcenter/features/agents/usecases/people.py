"""Who the agents are: take one on, renew a phone's password, rename, renumber."""

from __future__ import annotations

import secrets
import string
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.directory import DeviceKind, endpoint_name
from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.features.agents import queries, rules
from callcenter.features.agents.models import Agent, Device
from callcenter.plugin import Services

PASSWORD_LENGTH = 24
KINDS: tuple[DeviceKind, ...] = ("webrtc", "sip")


def new_password() -> str:
    """A phone's password: letters and digits only, because it goes into pjsip.conf and is typed into SIP
    phones.
    """
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSWORD_LENGTH))


async def create_agent(
    session: AsyncSession,
    *,
    business_id: int,
    membership_id: int,
    name: str,
    at: datetime,
    short_number: str = "",
) -> Agent:
    """Adds an agent with a browser phone and a SIP phone; the caller publishes ConfigChanged once it is
    committed.

    Without ``short_number`` the next free one is taken. Raises BadInput for a wrong, Conflict for a taken
    one.
    """
    taken = await queries.short_numbers(session, business_id)
    short_number = short_number.strip() or rules.next_short_number(taken)
    _check_short_number(short_number, taken)
    agent = Agent(
        business_id=business_id,
        membership_id=membership_id,
        name=_clean_name(name),
        short_number=short_number,
        wanted="offline",
        wanted_since=at,
    )
    session.add(agent)
    await session.flush()
    session.add_all(
        Device(
            business_id=business_id,
            agent_id=agent.id,
            kind=kind,
            endpoint=endpoint_name(agent.id, kind),
            password=new_password(),
            created_at=at,
        )
        for kind in KINDS
    )
    await session.flush()
    return agent


async def renew_password(services: Services, business_id: int, agent_id: int, kind: DeviceKind) -> None:
    """Gives a phone a new password; the phone must be set up anew. NotFound when there is no such phone."""
    now = services.clock.now()
    async with services.db.business(business_id) as session:
        await need(session, agent_id)
        found = [d for d in await queries.devices(session, [agent_id]) if d.kind == kind]
        if not found:
            raise NotFound(N_("There is no such phone."))
        found[0].password = new_password()
    services.bus.publish(ConfigChanged(at=now.timestamp(), business_id=business_id, what="devices"))


async def set_auto_answer(services: Services, business_id: int, agent_id: int, *, dialed: bool, queue: bool) -> None:
    """Chooses which calls an agent's phones answer by themselves; NotFound."""
    now = services.clock.now()
    async with services.db.business(business_id) as session:
        agent = await need(session, agent_id)
        if (agent.auto_dialed, agent.auto_queue) == (dialed, queue):
            return
        agent.auto_dialed, agent.auto_queue = dialed, queue
    known = services.telephony.directory
    if ref := known.agents.get(agent_id):
        # At once: his next call may come before the whole configuration is read anew.
        agents = known.agents | {agent_id: replace(ref, auto_dialed=dialed)}
        services.telephony.set_directory(replace(known, agents=agents))
    services.bus.publish(ConfigChanged(at=now.timestamp(), business_id=business_id, what="agents"))


async def set_calls_out(services: Services, business_id: int, agent_id: int, *, allowed: bool) -> str:
    """Gives an agent the right to call out, or takes it (OUT-40); his name. NotFound."""
    now = services.clock.now()
    async with services.db.business(business_id) as session:
        agent = await need(session, agent_id)
        name, changed = agent.name, agent.calls_out != allowed
        agent.calls_out = allowed
    if changed:
        services.bus.publish(ConfigChanged(at=now.timestamp(), business_id=business_id, what="agents"))
    return name


async def edit_agent(
    services: Services,
    business_id: int,
    agent_id: int,
    *,
    name: str | None = None,
    short_number: str | None = None,
) -> None:
    """Renames or renumbers an agent; None leaves as it is. Raises BadInput, Conflict, NotFound."""
    now = services.clock.now()
    try:
        async with services.db.business(business_id) as session:
            agent = await need(session, agent_id)
            if name is not None:
                agent.name = _clean_name(name)
            if short_number is not None and short_number.strip() != agent.short_number:
                short_number = short_number.strip()
                _check_short_number(short_number, await queries.short_numbers(session, business_id))
                agent.short_number = short_number
    except IntegrityError as error:
        raise _taken(short_number or "") from error
    services.bus.publish(ConfigChanged(at=now.timestamp(), business_id=business_id, what="agents"))


async def need(session: AsyncSession, agent_id: int) -> Agent:
    """The active agent, or NotFound."""
    agent = await queries.agent(session, agent_id)
    if agent is None or not agent.active:
        raise NotFound(N_("There is no such agent."))
    return agent


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 200:
        text = N_("Enter a name of at most 200 characters.")
        raise BadInput(text, fields={"name": text})
    return name


def _check_short_number(short_number: str, taken: set[str]) -> None:
    if not rules.is_short_number(short_number):
        text = N_("A short number has three to six digits and does not begin with 0, for example 105.")
        raise BadInput(text, fields={"short_number": text})
    if short_number in taken:
        raise _taken(short_number)


def _taken(short_number: str) -> Conflict:
    return Conflict(
        N_("The short number %(number)s belongs to another agent. Choose another one."),
        code="short_number_taken",
        number=short_number,
    )
