"""What a supervisor does with any call: hang up, redirect, move to the front of its queue."""

from __future__ import annotations

from callcenter.core.calls import Call
from callcenter.core.errors import BadInput, Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.supervision import rules
from callcenter.http.current import Current
from callcenter.plugin import Services

OVER = N_("This call is over.")
NOBODY = N_("Nobody from outside is in this call, so there is nobody to redirect.")


async def hang_up(services: Services, person: Current, call_id: str) -> None:
    """Ends any call of the business."""
    call = _call(services, person, call_id)
    await _note(services, person, "call.hangup", call)
    await services.telephony.hangup(call.id)


async def redirect(services: Services, person: Current, call_id: str, kind: str, target: str) -> None:
    """Leads the outside party to an agent (id), a queue (id) or a number; whoever talks with him is let go.

    A caller who waits keeps the beginning of his wait. Raises BadInput for a target that is not there.
    """
    call = _call(services, person, call_id)
    exten, name = _target(services, person.business_id, kind, target)
    leg = rules.client_leg(call)
    if leg is None:
        raise Conflict(NOBODY, code="no_client")
    await services.telephony.lead(leg.id, person.business_id, exten)
    await _note(services, person, "call.redirect", call, to=name)


async def to_front(services: Services, person: Current, call_id: str) -> None:
    """Makes a waiting caller the next one of his queue. Conflict when he does not wait."""
    call = _call(services, person, call_id)
    leg = rules.client_leg(call)
    if leg is None or call.queue_id is None or call.queued_at is None or call.left_queue_at is not None:
        raise Conflict(N_("This caller does not wait any more."), code="not_waiting")
    exten = f"f{call.queue_id}*{rules.priority(services.live.calls_of(person.business_id))}"
    await services.telephony.lead(leg.id, person.business_id, exten)
    await _note(services, person, "call.front", call)


def _call(services: Services, person: Current, call_id: str) -> Call:
    call = services.live.call(person.business_id, call_id)
    if call is None:
        raise NotFound(OVER)
    return call


def _target(services: Services, business_id: int, kind: str, target: str) -> tuple[str, str]:
    directory = services.telephony.directory
    text = target.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if kind == "agent":
        agent = directory.agents.get(number)
        if agent is not None and agent.business_id == business_id:
            return f"agent{agent.id}", agent.name
    elif kind == "queue":
        queue = directory.queues.get(number)
        if queue is not None and queue.business_id == business_id:
            return f"queue{queue.id}", queue.name
    elif kind == "number":
        e164 = to_e164(text[:40]) or ""
        if rules.E164.match(e164):
            return e164, e164
        message = N_("Write the number like +7 495 123-45-67.")
        raise BadInput(message, fields={"target": message})
    message = N_("Choose where the call shall go.")
    raise BadInput(message, fields={"target": message})


async def _note(services: Services, person: Current, action: str, call: Call, **detail: str) -> None:
    async with services.db.business(person.business_id) as session:
        await accounts.audit(session, person, action, "call", call.id, number=call.client_number, **detail)
