"""Answers the dialplan's question who calls, and keeps what the answer depends on."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from callcenter.core.errors import ProductError
from callcenter.core.events import CallerAsked, ConfigChanged
from callcenter.features.accounts import api as accounts
from callcenter.features.distribution import queries, rules
from callcenter.features.distribution.rules import Priorities
from callcenter.plugin import Services

log = logging.getLogger(__name__)

AT_ONCE = 8
"""So many questions are looked up beside each other."""
LATEST = 30.0
"""Seconds after which nobody waits for an answer, however long the greeting is."""


class Answers:
    """Looks callers up beside each other, so that a slow answer keeps no other caller waiting. One per process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        services.bus.buffer("distribution", lambda: len(self._tasks), self.settle)

    def ask(self, event: CallerAsked) -> None:
        """Begins to answer; returns at once."""
        task = asyncio.create_task(self._answer(event), name="who calls")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Waits until every question is answered or given up."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Gives up what is not answered: the dialplan goes on by itself."""
        for task in self._tasks:
            task.cancel()
        await self.settle()

    async def _answer(self, event: CallerAsked) -> None:
        try:
            async with asyncio.timeout(LATEST), self._gate:
                await answer(self._services, event)
        except (ProductError, TimeoutError) as error:
            # The caller hung up, or Asterisk is away: he is led on as if nothing was known.
            log.debug("caller of %s was not looked up: %s", event.call_id, error)
        except Exception:
            log.exception("the caller of %s could not be looked up", event.call_id)


async def answer(services: Services, event: CallerAsked) -> None:
    """Tells the dialplan whom to ring first: the client's own employee (INB-07), else who talked to him last (INQ-08).

    Only an employee who is ready at a phone that is on line is named, so that no caller waits for somebody on a break.
    Raises NotFound when the caller has hung up, Unavailable when Asterisk is away.
    """
    async with services.db.business(event.business_id) as session:
        found = await queries.known(session, event, services.clock.now(), partial(_free, services, event))
    await services.telephony.answer_caller(event.channel, found.first, found.priority)


def _free(services: Services, event: CallerAsked, agent_id: int) -> bool:
    view = services.live.agent(event.business_id, agent_id)
    return view is not None and view.state == "ready" and view.device is not None


async def priorities(services: Services, business_id: int) -> Priorities:
    """The business's priorities by tag and list."""
    async with services.db.business(business_id) as session:
        return await queries.priorities(session, business_id)


async def set_priorities(services: Services, business_id: int, typed: Priorities) -> Priorities:
    """Keeps them and has the numbers ask for them. Raises BadInput."""
    kept = rules.checked(typed)
    async with services.db.system() as session:
        await accounts.set_setting(session, business_id, rules.SETTING, rules.stored(kept))
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="priorities"))
    return kept
