"""Talks of more than two: ask somebody first, then join, come back or talk in three; hold by the server; parking.

Who may do it and to whom it may go is as for a blind transfer (TEL-46, TEL-47).
"""

from __future__ import annotations

import msgspec

from callcenter.core.calls import Call
from callcenter.core.directory import endpoint_name
from callcenter.core.errors import Conflict, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls.rules import dialing
from callcenter.features.calls.usecases.dial import Dialled
from callcenter.features.calls.usecases.transfer import TransferForm, target_of
from callcenter.http.current import Current
from callcenter.live import build
from callcenter.live.views import ParkedView
from callcenter.plugin import Services
from callcenter.telephony.talks import NOT_PARKED


class HoldForm(msgspec.Struct, kw_only=True):
    """True = music for the client, False = talk on."""

    on: bool


class ParkedCall(msgspec.Struct, kw_only=True):
    """The call that was parked, and its slot: SIP phones take it by *7 and the slot."""

    id: str
    slot: int


class ParkedList(msgspec.Struct, kw_only=True):
    """The parked clients of the business, by slot."""

    parked: list[ParkedView]


async def consult(services: Services, person: Current, call_id: str, form: TransferForm) -> None:
    """Rings somebody while the client waits with music. Raises as a blind transfer does."""
    call, agent_id = mine(services, person, call_id)
    if call.state != "talking" or call.form:
        raise Conflict(N_("You can ask somebody only while you talk with the client."), code="not_talking")
    target = await target_of(services, person, form)
    services.part(Dialled, Dialled).take(agent_id, services.clock.epoch())
    await services.telephony.talks.consult(call_id, agent_id, target, call.number_id)
    await _note(services, person, call_id, "call.consult", to=target)


async def complete(services: Services, person: Current, call_id: str) -> None:
    """Gives the client to whoever is asked."""
    call, agent_id = mine(services, person, call_id)
    await services.telephony.talks.complete(call_id, agent_id)
    await _note(services, person, call_id, "call.transfer", to=call.form_text)


async def back(services: Services, person: Current, call_id: str) -> None:
    """Leaves whoever is asked, or ends the hold: the agent talks with the client again."""
    _, agent_id = mine(services, person, call_id)
    await services.telephony.talks.back(call_id, agent_id)


async def conference(services: Services, person: Current, call_id: str) -> None:
    """All three talk."""
    _, agent_id = mine(services, person, call_id)
    await services.telephony.talks.conference(call_id, agent_id)
    await _note(services, person, call_id, "call.conference")


async def drop(services: Services, person: Current, call_id: str, leg_id: str) -> None:
    """Lets one of three go."""
    _, agent_id = mine(services, person, call_id)
    await services.telephony.talks.drop(call_id, agent_id, leg_id)


async def hold(services: Services, person: Current, call_id: str, form: HoldForm) -> None:
    """Music for the client, or talk on, by the server: for a call on a plain telephone."""
    _, agent_id = mine(services, person, call_id)
    await services.telephony.talks.hold(call_id, agent_id, form.on)


async def park(services: Services, person: Current, call_id: str) -> ParkedCall:
    """Parks the client; the agent is free."""
    _, agent_id = mine(services, person, call_id)
    slot = await services.telephony.talks.park(call_id, agent_id, services.settings.park_seconds)
    await _note(services, person, call_id, "call.park", slot=slot)
    return ParkedCall(id=call_id, slot=slot)


def parked(services: Services, person: Current) -> list[ParkedView]:
    """The parked clients of the business."""
    return build.parked(services.live.state, services.live.state.business(person.business_id))


async def take(services: Services, person: Current, slot: int) -> None:
    """Rings the person's own phone and gives him who is parked in ``slot``. NotFound when nobody is."""
    found = next((one for one in parked(services, person) if one.slot == slot), None)
    if found is None:
        raise NotFound(NOT_PARKED)
    if person.agent_id is None:
        raise Forbidden(N_("You have no phone to call with. An administrator can give you one."))
    now = services.live.agent(person.business_id, person.agent_id)
    if now is not None and now.call_id is not None:
        raise Conflict(N_("You are in a call already. Finish it first."), code="in_call")
    if now is None or now.device is None:
        raise Conflict(dialing.FAILURES["offline"], code="offline")
    await services.telephony.talks.take(
        person.business_id,
        slot,
        endpoint_name(person.agent_id, now.device),
        auto_answer=now.device == "webrtc",
        number=found.number,
    )
    await _note(services, person, found.call_id, "call.take", slot=slot)


def mine(services: Services, person: Current, call_id: str) -> tuple[Call, int]:
    """A call that goes on in which the person takes part, and his agent's id; NotFound else."""
    call = services.live.call(person.business_id, call_id)
    if call is None or person.agent_id is None or person.agent_id not in (call.agent_id, *call.agents):
        raise NotFound(N_("This call is over."))
    return call, person.agent_id


async def _note(services: Services, person: Current, call_id: str, action: str, **values: object) -> None:
    async with services.db.business(person.business_id) as session:
        await accounts.audit(session, person, action, "call", call_id, **values)
