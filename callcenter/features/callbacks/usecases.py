"""From the pressed key to the talk: a call-back is written down before it is dialled, and never dialled twice."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.core.errors import Conflict, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.features.callbacks import queries, rules
from callcenter.features.callbacks.models import Callback
from callcenter.features.calls import api as calls
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.plugin import Services
from callcenter.telephony.commands import NO_LINE
from callcenter.telephony.intents import new_callback_id

log = logging.getLogger(__name__)

# A call-back of which neither Asterisk nor the log knows anything after so many seconds was never dialled.
NEVER_DIALLED = 90.0
OLDEST = timedelta(days=1)
# So long a call-back waits while calls out are blocked, before it is looked at again.
UNCONFIRMED_PAUSE = timedelta(minutes=1)


class Callbacks:
    """What this process keeps: calls that may have become call-backs, and whether any is open."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.logged: set[tuple[int, str]] = set()
        self.ended: dict[str, Call] = {}
        self.open = True
        self.numbers: set[tuple[int, str]] = set()


def kept(services: Services) -> Callbacks:
    """The one object of this process."""
    return services.part(Callbacks, Callbacks)


async def ask(services: Services, call: Call) -> bool:
    """Writes down that a caller wants to be called back; False when that is known, or there is nobody to call.

    Who waits for a call-back of this queue already keeps his older place.
    """
    step = next((one for one in reversed(call.steps) if one.kind == "callback"), None)
    if step is None or not call.client_number.startswith("+") or not step.text.isdecimal():
        return False
    queue_id, now = int(step.text), services.clock.now()
    if utc(step.at) < now - OLDEST:
        return False
    async with services.db.business(call.business_id) as session:
        if await queries.known(session, [call.id]) or await queues.get(session, queue_id) is None:
            return False
        same = [one for one in await queries.open_ones(session) if one.caller == call.client_number]
        if any(one.queue_id == queue_id for one in same):
            return False
        line = await numbers.by_ids(session, {call.number_id} if call.number_id is not None else set())
        session.add(
            Callback(
                business_id=call.business_id,
                asked_call_id=call.id,
                queue_id=queue_id,
                number_id=call.number_id if call.number_id in line else None,
                caller=call.client_number,
                entered_at=utc(call.queued_at if call.queued_at is not None else step.at),
                asked_at=utc(step.at),
                next_at=now,
            )
        )
    keep = kept(services)
    keep.open = True
    keep.numbers.add((call.business_id, call.client_number))
    return True


async def cancel(services: Services, business_id: int, callback_id: int) -> None:
    """Takes somebody off the list. NotFound; Conflict while he is being called."""
    async with services.db.business(business_id) as session:
        row = await queries.by_id(session, callback_id)
        if row is None:
            raise NotFound(N_("There is no such call-back."))
        if row.state == "dialling":
            raise Conflict(N_("This client is being called right now."), code="dialling")
        if row.state == "waiting":
            row.state, row.done_at = "cancelled", services.clock.now()


async def work(services: Services) -> None:
    """One look: what became of those that were dialled, and whom to call now."""
    keep = kept(services)
    await _from_the_log(services, keep)
    if not keep.open or not services.telephony.up:
        return
    async with services.db.system() as session:
        rows = await queries.open_ones(session)
    keep.open = bool(rows)
    keep.numbers = {(row.business_id, row.caller) for row in rows}
    for business_id in {row.business_id for row in rows}:
        mine = [row for row in rows if row.business_id == business_id]
        await _settle(services, [row for row in mine if row.state == "dialling"])
        for callback_id in _due(services, business_id, mine):
            await _dial(services, business_id, callback_id)


async def ended(services: Services, call: Call) -> None:
    """A call is over: a call-back, or one in which somebody who waits for one was talked to."""
    if (call.business_id, call.client_number) not in kept(services).numbers:
        return
    async with services.db.business(call.business_id) as session:
        for row in await queries.open_ones(session):
            if row.caller != call.client_number:
                continue
            if row.call_id == call.id and row.state == "dialling":
                _became(row, call.result == "answered", services.clock.now())
            elif call.result == "answered" and row.state == "waiting" and call.started_at > row.asked_at.timestamp():
                row.state, row.done_at = "done", services.clock.now()


def _became(row: Callback, answered: bool, now: datetime) -> None:
    pause = rules.pause_after(row.tries)
    if answered or pause is None:
        row.state, row.done_at = ("done" if answered else "failed"), now
    else:
        row.state, row.next_at = "waiting", now + timedelta(seconds=pause)


async def _from_the_log(services: Services, keep: Callbacks) -> None:
    """Keys that were pressed while the server was away: the journal has told of them."""
    logged, keep.logged = keep.logged, set()
    for business_id in {one for one, _ in logged}:
        ids = [call_id for one, call_id in logged if one == business_id]
        async with services.db.business(business_id) as session:
            found = await calls.with_step(session, ids, "callback")
        for call in found:
            await ask(services, call)


async def _settle(services: Services, rows: Iterable[Callback]) -> None:
    """After a break: what the log says of those whose end nobody saw."""
    now = services.clock.now()
    for row in rows:
        if services.live.call(row.business_id, row.call_id) is not None:
            continue
        if row.dialled_at is None or (now - row.dialled_at).total_seconds() < NEVER_DIALLED:
            continue
        async with services.db.business(row.business_id) as session:
            result = await calls.result_of(session, row.call_id)
            fresh = await queries.by_id(session, row.id)
            if fresh is not None and fresh.state == "dialling" and fresh.call_id == row.call_id:
                _became(fresh, result == "answered", now)


def _due(services: Services, business_id: int, rows: list[Callback]) -> list[int]:
    now = services.clock.epoch()
    here = services.live.calls_of(business_id)
    busy = {call.client_number for call in here}
    going = [row for row in rows if row.state == "dialling"]
    ours = {row.call_id for row in going}
    wishes = [
        rules.Wish(row.entered_at.timestamp(), row.queue_id, row.id)
        for row in rows
        # Somebody who calls himself just now is not called.
        if row.state == "waiting" and row.next_at.timestamp() <= now and row.caller not in busy
    ]
    if not wishes:
        return []
    wishes += [
        rules.Wish(call.queued_at, call.queue_id)
        for call in here
        if call.queue_id is not None
        and call.queued_at is not None
        and call.left_queue_at is None
        and call.answered_at is None
        and call.id not in ours
    ]
    # One who has his agent already keeps none free.
    holds = [
        row.queue_id
        for row in going
        if (call := services.live.call(business_id, row.call_id)) is None or call.answered_at is None
    ]
    # Who has waited longest in a queue decides who is able enough for it.
    waited = {
        one: now - min((wish.since for wish in wishes if wish.queue_id == one), default=now)
        for one in {*holds, *(wish.queue_id for wish in wishes)}
    }
    return rules.choose(wishes, holds, _free(services, business_id, waited))


def _free(services: Services, business_id: int, waited: Mapping[int, float]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for queue_id, seconds in waited.items():
        queue = services.telephony.directory.queues.get(queue_id)
        views = [services.live.agent(business_id, agent) for agent in queue.members] if queue else []
        found[queue_id] = [
            view.id
            for view in views
            if view is not None
            and view.state == "ready"
            and not services.live.resting(view.id)
            and queues.may_take(services, queue_id, view.id, seconds)
        ]
    return found


async def _line(session: AsyncSession, number_id: int | None) -> numbers.NumberInfo | None:
    """The number that the caller dialled, if one can call out by it, else the business's first such."""
    lines = [one for one in await numbers.all_numbers(session) if one.outgoing and one.trunk_id is not None]
    lines.sort(key=lambda one: (one.id != number_id, one.id))
    return lines[0] if lines else None


async def _dial(services: Services, business_id: int, callback_id: int) -> None:
    now = services.clock.now()
    call_id = new_callback_id(now.timestamp())
    async with services.db.business(business_id) as session:
        row = await queries.by_id(session, callback_id)
        if row is None or row.state != "waiting":
            return
        line = await _line(session, row.number_id)
        callers = await numbers.callers(session, [business_id], services.settings.service_number)
        if not callers[business_id].allowed(None, now):
            # He keeps his place; the administrators are told where the confirmation is shown.
            log.warning("call-back %s waits: the number for calls out is not confirmed", callback_id)
            row.next_at = now + UNCONFIRMED_PAUSE
            return
        row.state, row.call_id, row.tries, row.dialled_at = "dialling", call_id, row.tries + 1, now
        since = row.entered_at.timestamp()
    # It is committed: whatever happens now, this try is never made again.
    try:
        if line is None or line.trunk_id is None:
            raise NotFound(NO_LINE)
        await services.telephony.call_back(
            call_id=call_id,
            business_id=business_id,
            queue_id=row.queue_id,
            to=row.caller,
            number_id=line.id,
            trunk_id=line.trunk_id,
            record=line.record,
            caller_id=callers[business_id].shown(None),
            timeout=rules.RING_SECONDS,
            since=since,
        )
    except ProductError as error:
        log.warning("call-back %s was not dialled: %s", callback_id, error)
        if getattr(error, "error_code", "") == "unconfirmed":
            # Perhaps it was: the log will tell.
            return
        async with services.db.business(business_id) as session:
            row = await queries.by_id(session, callback_id)
            if row is not None and row.state == "dialling" and row.call_id == call_id:
                _became(row, False, services.clock.now())
