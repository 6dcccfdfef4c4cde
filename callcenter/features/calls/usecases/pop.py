"""Screen-pop: the caller is looked up while he still hears the greeting, so that at the ring all is in memory.

The one look-up tells everybody who the call's outside party is (CallContact) as well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.core.events import CallContact, ScreenPop
from callcenter.features.calls.queries.lists import history_of
from callcenter.features.calls.rules import cards
from callcenter.features.calls.rules.cards import Party
from callcenter.features.contacts import api as contacts
from callcenter.plugin import Services

log = logging.getLogger(__name__)

LAST_CALLS = 5
LIMIT = 5_000
# A ring waits this long (seconds) for a look-up that is still running; then the card goes out with the number only and
# is sent again when the rest is known.
PATIENCE = 0.1
# Names of places come from the numbering plan in the language that most desks work in.
LANGUAGE = "ru"


@dataclass
class Caller:
    """A call's outside party, while the call goes on."""

    number: str
    lookup: asyncio.Task[None] | None = None
    party: Party = field(default_factory=Party)
    popped: set[tuple[int, str]] = field(default_factory=set)

    @property
    def known(self) -> bool:
        """Whether the look-up is done."""
        return self.lookup is None or self.lookup.done()


class Pops:
    """One per process: callers of the calls that go on."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.callers: dict[str, Caller] = {}
        self._later: set[asyncio.Task[None]] = set()

    async def updated(self, call: Call) -> None:
        """Begins the look-up as soon as the number is known; pops the card for each phone that begins to ring."""
        caller = self._caller(call)
        rings = cards.ringing(call) - caller.popped
        if not rings:
            return
        caller.popped |= rings
        if not caller.known and caller.lookup is not None:
            await asyncio.wait({caller.lookup}, timeout=PATIENCE)
        for agent_id, _leg in rings:
            self._publish(call, caller, agent_id)
        if not caller.known:
            self._soon(self._again(call, caller, {agent_id for agent_id, _leg in rings}))

    def named(self, event: CallContact) -> None:
        """Takes a name over that somebody else found."""
        caller = self.callers.get(event.call_id)
        if caller is not None:
            caller.party = caller.party._replace(
                contact_id=event.contact_id, name=event.name, position=event.position, saved=event.saved
            )

    def ended(self, call_id: str) -> None:
        """Forgets a call."""
        caller = self.callers.pop(call_id, None)
        if caller is not None and caller.lookup is not None:
            caller.lookup.cancel()

    def _caller(self, call: Call) -> Caller:
        number = call.client_number if call.direction != "internal" else ""
        caller = self.callers.get(call.id)
        if caller is None:
            while len(self.callers) >= LIMIT:
                self.ended(next(iter(self.callers)))
            caller = self.callers[call.id] = Caller("")
        if number and number != caller.number:
            caller.number = number
            if caller.lookup is not None:
                caller.lookup.cancel()
            caller.lookup = asyncio.create_task(self._look_up(call, caller))
        return caller

    async def _look_up(self, call: Call, caller: Caller) -> None:
        try:
            async with self.services.db.business(call.business_id) as session:
                contact = await contacts.find_by_number(session, caller.number)
                if contact is not None:
                    self._tell(call, contact)
                contact_id = contact.id if contact else None
                total, last = await history_of(
                    session,
                    contact_id,
                    caller.number,
                    besides=call.id,
                    limit=LAST_CALLS,
                    staff=self.services.telephony.directory.agents,
                )
        except Exception:
            # The card then shows the number alone, which is better than none.
            log.exception("the caller of call %s could not be looked up", call.id)
            return
        place = contacts.place(caller.number, LANGUAGE)
        caller.party = Party(
            contact_id=contact.id if contact else caller.party.contact_id,
            name=contact.name if contact else "",
            position=contact.position if contact else "",
            saved=contact.saved if contact else False,
            city=(contact.city if contact else "") or place.city,
            zone=place.zone,
            calls_total=total,
            last_calls=tuple(last),
        )

    def _tell(self, call: Call, contact: contacts.ContactInfo) -> None:
        event = CallContact(
            at=self.services.clock.epoch(),
            business_id=call.business_id,
            call_id=call.id,
            contact_id=contact.id,
            name=contact.name,
            position=contact.position,
            saved=contact.saved,
        )
        self.services.bus.publish(event)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _again(self, call: Call, caller: Caller, agents: set[int]) -> None:
        if caller.lookup is not None:
            await asyncio.wait({caller.lookup})
        now = self.services.live.call(call.business_id, call.id)
        still = {agent_id for agent_id, _leg in cards.ringing(now)} if now else set()
        for agent_id in agents & still:
            self._publish(call, caller, agent_id)

    def _publish(self, call: Call, caller: Caller, agent_id: int) -> None:
        now = self.services.clock.epoch()
        directory = self.services.telephony.directory
        number = directory.numbers.get(call.number_id or 0)
        queue = directory.queues.get(call.queue_id or 0)
        card = cards.card(
            call,
            caller.party,
            line=cards.Line(number.title, number.e164) if number else None,
            queue=cards.Queue(queue.id, queue.name) if queue else None,
            waited_since=utc(call.queued_at or call.started_at).isoformat().replace("+00:00", "Z"),
            local_time=contacts.local_time(caller.party.zone, utc(now)),
        )
        self.services.bus.publish(
            ScreenPop(at=now, business_id=call.business_id, agent_id=agent_id, call_id=call.id, card=card)
        )
