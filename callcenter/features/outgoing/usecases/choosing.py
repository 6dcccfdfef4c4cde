"""A company's choice of caller ID, and the numbers that employees enter as their own."""

from __future__ import annotations

from datetime import datetime

import msgspec

from callcenter.core.errors import BadInput, Conflict
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.confirmations import api as confirmations
from callcenter.features.confirmations.api import CallerMode, Calling, NumberMode
from callcenter.features.numbers import api as numbers
from callcenter.http.current import Current
from callcenter.plugin import Services

NO_TELEPHONE = N_("This is not a telephone number.")
NO_PHONE = N_("You have no phone to call with. An administrator can give you one.")
NO_SERVICE = N_("This server has no service number. Its operator sets CALLCENTER_SERVICE_NUMBER.")


class CallingForm(msgspec.Struct, kw_only=True):
    """How a company calls out. ``number`` is the common number as it is typed, '' = none."""

    number_mode: NumberMode
    caller_mode: CallerMode
    number: str = ""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a number's confirmation stands: ``state`` none, valid, ending or expired; ``line`` = it needs none."""

    number: str
    state: str
    until: datetime | None
    line: bool = False


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An employee's own number and its confirmation."""

    agent_id: int
    name: str
    own: State


async def calling(services: Services, business_id: int) -> tuple[Calling, State]:
    """The company's choice, and the confirmation of its common number."""
    async with services.db.business(business_id) as session:
        business = await accounts.business(session, business_id)
    found = confirmations.calling(business.settings) if business else Calling()
    return found, await state_of(services, business_id, found.number, None)


async def state_of(services: Services, business_id: int, e164: str, agent_id: int | None) -> State:
    """How a number's confirmation by somebody (None = for the company) stands."""
    async with services.db.business(business_id) as session:
        line = bool(e164) and e164 in {one.e164 for one in await numbers.all_numbers(session)}
        ends = await confirmations.until(session, e164, agent_id=agent_id) if e164 else None
    return State(number=e164, state=confirmations.state(ends, services.clock.now()), until=ends, line=line)


async def choose(services: Services, person: Current, form: CallingForm) -> Calling:
    """Keeps the company's choice. Raises BadInput that names the wrong field."""
    number = _number(form.number)
    if form.caller_mode == "service" and not services.settings.service_number:
        raise BadInput(NO_SERVICE, fields={"caller_mode": NO_SERVICE})
    wanted = Calling(number_mode=form.number_mode, caller_mode=form.caller_mode, number=number)
    async with services.db.system() as session:
        setting = confirmations.rules.SETTING
        await accounts.set_setting(session, person.business_id, setting, msgspec.to_builtins(wanted))
    async with services.db.business(person.business_id) as session:
        await accounts.audit(
            session, person, "calling.settings", "business", person.business_id, **msgspec.to_builtins(wanted)
        )
    tell(services, person.business_id)
    return wanted


async def mine(services: Services, person: Current) -> State:
    """One's own number and its confirmation."""
    if person.agent_id is None:
        return State(number="", state=confirmations.state(None, services.clock.now()), until=None)
    async with services.db.business(person.business_id) as session:
        number = await confirmations.own_of(session, person.agent_id)
    return await state_of(services, person.business_id, number, person.agent_id)


async def enter(services: Services, person: Current, typed: str) -> State:
    """Keeps one's own number ('' takes it away). Raises BadInput, Conflict without a phone here."""
    if person.agent_id is None:
        raise Conflict(NO_PHONE, code="no_phone")
    number = _number(typed)
    async with services.db.business(person.business_id) as session:
        await confirmations.set_own(
            session,
            business_id=person.business_id,
            agent_id=person.agent_id,
            e164=number,
            now=services.clock.now(),
        )
        await accounts.audit(session, person, "own_number.enter", "agent", person.agent_id, number=number)
    tell(services, person.business_id)
    return await mine(services, person)


async def members(services: Services, business_id: int) -> list[Member]:
    """Every employee with his own number, and whether and until when it is confirmed (TEL-30)."""
    now = services.clock.now()
    async with services.db.business(business_id) as session:
        own = await confirmations.own_of_all(session)
        ends = {(one.agent_id, one.e164): one.expires_at for one in await confirmations.every(session)}
        lines = {one.e164 for one in await numbers.all_numbers(session)}
        people = await agents.all_agents(session)
    found = []
    for one in people:
        number = own.get(one.id, "")
        until = ends.get((one.id, number))
        state = State(number=number, state=confirmations.state(until, now), until=until, line=number in lines)
        found.append(Member(agent_id=one.id, name=one.name, own=state))
    return found


def tell(services: Services, business_id: int) -> None:
    """Who may call out, and what is seen then, is live at once; the routing's draft stays one."""
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="calling"))


def _number(typed: str) -> str:
    if not typed.strip():
        return ""
    e164 = to_e164(typed) if len(typed) <= 40 else None
    if e164 is None:
        raise BadInput(NO_TELEPHONE, fields={"number": NO_TELEPHONE})
    return e164
