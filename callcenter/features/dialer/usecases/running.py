"""The lists that run: each agent's phone is rung for the next client as soon as that is due, never for two at once.

An attempt is committed before it is made. Its end comes from the call's own events; one whose end nobody saw is settled
by the log, and only when no call of its id ever was the client is due again.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from callcenter.core.errors import BadInput, Conflict, ProductError, TooMany, Unavailable
from callcenter.core.i18n import N_
from callcenter.features.calls import api as calls
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialAttempt, DialList
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.rules import outcomes
from callcenter.features.dialer.usecases import choosing, control, desk, reaching, settling
from callcenter.features.dialer.usecases.choosing import Chosen
from callcenter.plugin import Services
from callcenter.storage.outage import is_outage
from callcenter.telephony.intents import new_call_id

log = logging.getLogger(__name__)

# So long (seconds) a page may be loaded anew before its phone counts as gone.
GRACE = 15.0
# The longest time without a look, and the shortest between two that wait for something without an event.
LONGEST, SHORTEST = 1.0, 0.05
# After so long the list looks again whether the exchange is there.
AWAY = timedelta(seconds=2)

AWAY_TEXT = N_("“%(title)s” is paused: your phone is not on line. Nobody was called.")
BREAK_TEXT = N_("“%(title)s” is paused, because you are on a break or off line. Nobody was called.")
FINISHED_TEXT = N_("“%(title)s” is through: everybody was called.")
PROMISED_TEXT = N_("“%(title)s” is paused: only calls that other employees promised are left.")
REFUSED_TEXT = N_("“%(title)s” is paused: %(reason)s")


async def serve(services: Services) -> None:
    """Looks whenever something happens or is due, for ever."""
    found = desk.kept(services)
    while True:
        found.woken.clear()
        wait = await turn(services)
        try:
            async with asyncio.timeout(max(SHORTEST, min(wait, LONGEST))):
                await found.woken.wait()
        except TimeoutError:
            pass


async def turn(services: Services) -> float:
    """One look at every list that runs and every attempt that is open; seconds until the next one is due."""
    found = desk.kept(services)
    if found.looked and not found.agents:
        found.ended.clear()
        return LONGEST
    async with services.db.system() as session:
        lists = await queries.running(session)
        attempts = [one for one in await queries.open_attempts(session) if not outcomes.client_first(one.call_id)]
    found.agents = {one.agent_id for one in lists if one.agent_id is not None}
    found.looked = not attempts
    for attempt in attempts:
        await _guarded(_close(services, attempt))
    if not services.telephony.up:
        return LONGEST
    going = {one.list_id for one in attempts}
    waits = [await _guarded(_step(services, one)) for one in lists if one.id not in going]
    return min((one for one in waits if one is not None), default=LONGEST)


async def _guarded(work: object) -> float | None:
    """One list that cannot be worked on keeps no other from being worked on."""
    try:
        return await work  # type: ignore[misc, no-any-return]
    except Exception as problem:
        if is_outage(problem):
            raise
        log.exception("a dial list could not go on")
        return None


async def _close(services: Services, attempt: DialAttempt) -> None:
    """Closes an attempt whose end is known."""
    found = desk.kept(services)
    if (call := found.ended.pop(attempt.call_id, None)) is not None:
        found.failed.pop(attempt.call_id, None)
        await settling.settle(services, attempt, outcomes.outcome(call), call)
    elif attempt.call_id in found.failed and services.live.call(attempt.business_id, attempt.call_id) is None:
        found.failed.pop(attempt.call_id)
        await settling.settle(services, attempt, outcomes.AGENT_AWAY)
    else:
        await settling.look(services, attempt)


async def _step(services: Services, row: DialList) -> float | None:
    """Calls the list's next client if that is due; else seconds until it is worth looking again, None = no idea."""
    if row.agent_id is None:
        # He was taken out of the company.
        await control.by_itself(services, row.business_id, row.id, None, BREAK_TEXT)
        return None
    now = services.clock.now()
    view = services.live.agent(row.business_id, row.agent_id)
    outside = await calls.rings_outside(services, row.business_id, row.agent_id)
    if view is None or view.wanted != "ready":
        await control.by_itself(services, row.business_id, row.id, row.agent_id, BREAK_TEXT)
        return None
    if not view.online and not outside:
        since = max(datetime.fromisoformat(view.since).timestamp(), desk.kept(services).up_since or 0.0)
        if now.timestamp() - since < GRACE:
            return LONGEST
        await control.by_itself(services, row.business_id, row.id, row.agent_id, AWAY_TEXT)
        return None
    if row.next_at is None and row.rest_call:
        return None
    if row.next_at is not None and row.next_at > now:
        return (row.next_at - now).total_seconds()
    if view.call_id is not None or view.state == "wrapup":
        # A change of his state rings the bell.
        return LONGEST
    return await _call_next(services, row)


async def _call_next(services: Services, row: DialList) -> float | None:
    assert row.agent_id is not None
    chosen = await choosing.choose(services, row)
    if chosen is None:
        return await _nobody(services, row)
    if isinstance(chosen, float):
        return chosen
    try:
        number_id = await reaching.number_of(services, row, chosen.number)
        order = await calls.outgoing(services, row.business_id, row.agent_id, chosen.number, number_id)
    except ProductError as error:
        return await _refused(services, row, chosen, error)
    if order.inside:
        await settling.wrong(services, row, chosen)
        return 0.0
    call_id = new_call_id(services.clock.epoch())
    attempt = await choosing.write(services, row, chosen, call_id)
    if attempt is None:
        return 0.0
    desk.give_rest(services, row, call_id, row.pause)
    await _place(services, row, attempt, order)
    await desk.tell(services, row.business_id, row.agent_id)
    return None


async def _place(services: Services, row: DialList, attempt: DialAttempt, order: calls.Outgoing) -> None:
    """It is committed: whatever happens now, this attempt is never made again."""
    assert row.agent_id is not None
    try:
        await calls.place(services, order, attempt.call_id)
    except TooMany as error:
        again = timedelta(seconds=error.retry_after)
        await settling.settle(services, attempt, outcomes.NOT_PLACED, again_in=again)
    except Unavailable as error:
        if error.error_code == "unconfirmed":
            # Perhaps it was made: its events, or the log, will tell.
            log.warning("whether attempt %s of list %s was made is not known: %s", attempt.id, row.id, error)
            return
        await settling.settle(services, attempt, outcomes.NOT_PLACED, again_in=AWAY)
    except ProductError as error:
        await settling.settle(services, attempt, outcomes.NOT_PLACED)
        await _pause_for(services, row, error)


async def _refused(services: Services, row: DialList, chosen: Chosen, error: ProductError) -> float | None:
    """The call may not be made: the number is none, the agent is busy, or something keeps all calls out."""
    if isinstance(error, BadInput) and error.error_code == "wrong_number":
        await settling.wrong(services, row, chosen)
        return 0.0
    if isinstance(error, Conflict) and error.error_code == "in_call":
        return LONGEST
    await _pause_for(services, row, error)
    return None


async def _pause_for(services: Services, row: DialList, error: ProductError) -> None:
    assert row.agent_id is not None
    if error.error_code == "offline":
        await control.by_itself(services, row.business_id, row.id, row.agent_id, AWAY_TEXT)
        return
    reason = error.message % error.values if error.values else error.message
    await control.by_itself(services, row.business_id, row.id, row.agent_id, REFUSED_TEXT, reason=reason)


async def _nobody(services: Services, row: DialList) -> float | None:
    """Nobody is due: later, when the rest of the list is written, or never."""
    async with services.db.business(row.business_id) as session:
        fresh = await queries.by_id(session, row.id, lock=True)
        if fresh is None or fresh.status != rules.RUNNING:
            return None
        now = services.clock.now()
        if await queries.next_entry(session, row.id, now, fresh.agent_id) is not None:
            return 0.0
        if not fresh.filled:
            return LONGEST
        later = await queries.earliest(session, row.id, fresh.agent_id)
        said = FINISHED_TEXT
        if later is not None:
            fresh.next_at, fresh.rest_call, fresh.rest_from = later, "", None
            said = ""
        elif await queries.any_later(session, row.id):
            # He is let go, so that those who promised to call can go on with the list.
            desk.end_rest(services, fresh)
            fresh.status, fresh.next_at, fresh.rest_call, fresh.rest_from = rules.PAUSED, None, "", None
            fresh.agent_id, fresh.why, fresh.why_values = None, PROMISED_TEXT, {}
            said = PROMISED_TEXT
        else:
            desk.end_rest(services, fresh)
            fresh.status, fresh.next_at, fresh.ended_at = rules.FINISHED, None, now
            fresh.rest_call, fresh.rest_from, fresh.counts = "", None, await queries.counts(session, row.id)
            fresh.agent_id = None
    if said:
        await desk.notice(services, row, said)
    await desk.tell(services, row.business_id, row.agent_id)
    return None
