"""Call events: tell everybody who the outside party is, as soon as its number is known."""

from __future__ import annotations

from callcenter.core.calls import Call
from callcenter.core.events import CallContact, CallEnded, CallUpdated
from callcenter.features.contacts import queries
from callcenter.features.contacts.rules import people
from callcenter.plugin import Services

LIMIT = 10_000


class Announced:
    """Which number was looked up for each call that goes on; forgets a call when it ends."""

    def __init__(self, _services: Services) -> None:
        self.number: dict[str, str] = {}


async def call_updated(services: Services, event: CallUpdated) -> None:
    """Looks the number up once per call (again if it changes) and publishes CallContact when somebody has it."""
    call = event.call
    announced = services.part(Announced, Announced).number
    number = call.client_number
    if call.direction == "internal" or not people.outside(number) or announced.get(call.id) == number:
        return
    if len(announced) >= LIMIT:
        announced.clear()
    announced[call.id] = number
    await announce(services, call)


async def call_ended(services: Services, event: CallEnded) -> None:
    """Forgets the call."""
    services.part(Announced, Announced).number.pop(event.call.id, None)


async def announce(services: Services, call: Call) -> None:
    """Publishes who the call's outside party is, if a contact has its number."""
    async with services.db.business(call.business_id) as session:
        contact = await queries.by_number(session, call.client_number)
    if contact is None:
        return
    services.bus.publish(
        CallContact(
            at=services.clock.epoch(),
            business_id=call.business_id,
            call_id=call.id,
            contact_id=contact.id,
            name=contact.name,
            position=contact.position,
            saved=contact.saved,
        )
    )
