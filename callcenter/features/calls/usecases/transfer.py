"""Blind transfer: the client goes on to a colleague, a queue, a menu or an outside number; the agent is free at once.

Asterisk does it on our order, so any phone and any tab can transfer, and the client rings on when our server is away.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from callcenter.core.calls import Call
from callcenter.core.errors import BadInput, Conflict, Forbidden, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.calls.usecases.dial import Dialled, OutWays
from callcenter.features.ivr import api as ivr
from callcenter.features.queues import api as queues
from callcenter.http.current import Current
from callcenter.http.permissions import AGENTS_SEE
from callcenter.plugin import Services

Kind = Literal["agent", "queue", "menu", "number"]
_LETTERS = {"agent": "a", "queue": "q", "menu": "m"}


class TransferForm(msgspec.Struct, kw_only=True):
    """``id`` names an employee, a queue or a menu; ``number`` is an outside number as a person writes it."""

    kind: Kind
    id: int | None = None
    number: str = ""


class Target(msgspec.Struct, kw_only=True):
    """Somewhere inside to transfer to; ``about`` is an employee's short number."""

    kind: Kind
    id: int
    name: str
    about: str = ""


class TargetList(msgspec.Struct, kw_only=True):
    """Where a person may transfer to; ``inside`` False = only to outside numbers (no access to the team)."""

    inside: bool
    targets: list[Target]


async def targets(services: Services, person: Current) -> TargetList:
    """Available employees, queues and menus; nothing without access to the team (TEL-46, TEL-47)."""
    if not person.can(AGENTS_SEE):
        return TargetList(inside=False, targets=[])
    found = [
        Target(kind="agent", id=agent.id, name=agent.name, about=agent.short_number)
        for agent in services.telephony.directory.agents.values()
        if agent.business_id == person.business_id
        and agent.id != person.agent_id
        and _ready(services, person, agent.id)
    ]
    async with services.db.business(person.business_id) as session:
        waiting = await queues.all_queues(session)
        menus = await ivr.all_menus(session)
    found += [Target(kind="queue", id=one.id, name=one.name) for one in waiting if one.active]
    found += [Target(kind="menu", id=one.id, name=one.name) for one in menus]
    return TargetList(inside=True, targets=found)


async def transfer(services: Services, person: Current, call_id: str, form: TransferForm) -> None:
    """Gives the client of one's own call away.

    Raises NotFound (no such call of one's own), Conflict (codes ``not_talking``, ``not_available``), Forbidden (inside
    without access to the team), BadInput (no such number or target), TooMany.
    """
    call = services.live.call(person.business_id, call_id)
    if call is None or person.agent_id is None or person.agent_id not in (call.agent_id, *call.agents):
        raise NotFound(N_("This call is over."))
    if call.state not in ("talking", "held") or not _talks(call, person.agent_id):
        raise Conflict(N_("A call can be transferred once you talk."), code="not_talking")
    if call.form:
        raise Conflict(N_("A call can be transferred once you talk."), code="not_talking")
    target = await target_of(services, person, form)
    services.part(Dialled, Dialled).take(person.agent_id, services.clock.epoch())
    await services.telephony.transfer(call_id, person.agent_id, target)
    async with services.db.business(person.business_id) as session:
        await accounts.audit(session, person, "call.transfer", "call", call_id, to=target)


def _talks(call: Call, agent_id: int) -> bool:
    return any(leg.agent_id == agent_id and leg.bridged_at and leg.ended_at is None for leg in call.legs)


def _ready(services: Services, person: Current, agent_id: int) -> bool:
    now = services.live.agent(person.business_id, agent_id)
    return now is not None and now.state == "ready"


async def target_of(services: Services, person: Current, form: TransferForm) -> str:
    """The extension of the dialplan's context of transfers."""
    if form.kind == "number":
        number = form.number.strip()
        e164 = to_e164(number) if len(number) <= 40 else None
        if e164 is None:
            message = N_("“%(number)s” is not a telephone number. Write it like +7 495 123-45-67.")
            raise BadInput(message, fields={"number": N_("This is not a number to call.")}, number=number[:40])
        ways = await services.part(OutWays, OutWays).of(person.business_id)
        if person.agent_id is not None:
            ways.check(person.agent_id, services.clock.now())
        if any(one.e164 == e164 for one in ways.own):
            message = N_("%(number)s is a number of your own company.")
            raise BadInput(message, fields={"number": N_("This is not a number to call.")}, number=number)
        return e164
    if not person.can(AGENTS_SEE):
        raise Forbidden(N_("You can transfer calls to outside numbers only."))
    if form.kind == "agent":
        agent = services.telephony.directory.agents.get(form.id or 0)
        if agent is None or agent.business_id != person.business_id or agent.id == person.agent_id:
            raise _no_target()
        if not _ready(services, person, agent.id):
            raise Conflict(
                N_("%(name)s is not available now. Choose somebody else."), code="not_available", name=agent.name
            )
        return f"a{agent.id}"
    async with services.db.business(person.business_id) as session:
        known = (
            {one.id for one in await queues.all_queues(session) if one.active}
            if form.kind == "queue"
            else {one.id for one in await ivr.all_menus(session)}
        )
    if form.id not in known:
        raise _no_target()
    return f"{_LETTERS[form.kind]}{form.id}"


def _no_target() -> BadInput:
    message = N_("Choose where the call shall go.")
    return BadInput(message, fields={"id": message})
