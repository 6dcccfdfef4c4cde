"""An attempt is over, or nobody knows what became of it: what follows for its client and for the list."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from callcenter.core.calls import Call
from callcenter.core.i18n import N_
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialAttempt, DialEntry, DialList
from callcenter.features.dialer.rules import callbacks, outcomes, teams
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.usecases import desk
from callcenter.features.dialer.usecases.choosing import Chosen
from callcenter.plugin import Services

log = logging.getLogger(__name__)

# An attempt of which neither Asterisk nor the log knows anything after so many seconds never became a call: an agent's
# phone rings for 30 s at most, and the link has had time to read what Asterisk does.
NEVER_CALLED = 45.0

NOT_ANSWERED = N_("“%(title)s” is paused: you did not answer your phone. The client was not called.")
HUNG_UP = N_("“%(title)s” is paused: you hung up before the client was called.")
NO_LINE = N_("“%(title)s” is paused: the line to the operator takes no calls. This client is called again.")
_PAUSES = {outcomes.AGENT_AWAY: NOT_ANSWERED, outcomes.AGENT_LEFT: HUNG_UP, outcomes.LINE_AWAY: NO_LINE}


async def look(services: Services, attempt: DialAttempt) -> None:
    """Settles an attempt whose end nobody saw by the log; one that still may become a call is left alone."""
    if not services.telephony.up or services.live.call(attempt.business_id, attempt.call_id) is not None:
        return
    since = max(attempt.placed_at.timestamp(), desk.kept(services).up_since or 0.0)
    async with services.db.business(attempt.business_id) as session:
        call = await calls.stored_call(session, attempt.call_id)
    if call is not None:
        if call.result is not None:
            await settle(services, attempt, outcomes.outcome(call), call)
        return
    if services.clock.epoch() - since >= NEVER_CALLED:
        log.warning("attempt %s of list %s never became a call", attempt.id, attempt.list_id)
        await settle(services, attempt, outcomes.LOST)


async def settle(
    services: Services, attempt: DialAttempt, found: str, call: Call | None = None, *, again_in: timedelta | None = None
) -> None:
    """Closes an attempt with its outcome, once; the pause begins, or the list pauses because of its agent."""
    now = services.clock.now()
    ended_at = now
    if call is not None and call.ended_at is not None:
        ended_at = min(now, datetime.fromtimestamp(call.ended_at, UTC))
    async with services.db.business(attempt.business_id) as session:
        row = await queries.by_id(session, attempt.list_id, lock=True)
        kept = await session.get(DialAttempt, attempt.id, populate_existing=True)
        if row is None or kept is None or kept.closed_at is not None:
            return
        if found == outcomes.LINE_AWAY and await queries.outcome_before(session, kept) == found:
            # Twice in turn for the same client: it is his number, and the list must not stand still for it.
            found = outcomes.FAILED
        kept.closed_at, kept.outcome = ended_at, found
        if call is not None:
            kept.talk_seconds = call.talk_seconds
            kept.answered_at = datetime.fromtimestamp(call.answered_at, UTC) if call.answered_at else None
            if row.mode in teams.TEAM:
                kept.agent_id = call.agent_id
                person_at = outcomes.person_at(call)
                kept.person_at = datetime.fromtimestamp(person_at, UTC) if person_at is not None else None
        entry = await queries.entry(session, row.id, attempt.entry_id, lock=True)
        if entry is not None:
            numbers = await contacts.numbers_of(session, entry.contact_id)
            _follow(row, entry, found, len(numbers), now)
        paused = ""
        if row.status == rules.RUNNING and row.mode not in teams.TEAM:
            paused = _PAUSES.get(found, "")
            if paused:
                row.status, row.next_at, row.why, row.why_values = rules.PAUSED, None, paused, {}
            elif found in outcomes.UNTOUCHED and row.mode == teams.PREVIEW:
                row.next_at, row.rest_call = None, desk.FIRST
            elif found in outcomes.UNTOUCHED:
                row.next_at = now + (again_in or timedelta())
            else:
                row.rest_from, row.rest_call = _rest_from(services, attempt, ended_at), attempt.call_id
                row.next_at = rules.next_at(row.rest_from, row.pause)
    if paused:
        await desk.notice(services, row, paused)
    await desk.tell(services, attempt.business_id, attempt.agent_id)
    # The list goes on at once, not at the next look.
    desk.kept(services).woken.set()


def _rest_from(services: Services, attempt: DialAttempt, ended_at: datetime) -> datetime:
    """When the pause began: with the wrap-up that shows it, which may be a moment after the call's end."""
    view = services.live.agent(attempt.business_id, attempt.agent_id) if attempt.agent_id is not None else None
    if view is None or view.state != "wrapup":
        return ended_at
    return max(ended_at, datetime.fromisoformat(view.since))


def _follow(row: DialList, entry: DialEntry, found: str, numbers: int, now: datetime) -> None:
    """What the outcome means for the client."""
    if entry.state != rules.DIALING:
        return
    before = rules.bucket(entry.state, entry.outcome)
    verdict = outcomes.verdict(found, entry.tries, entry.phone, numbers, row.retry, now)
    next_one, holds = callbacks.after(verdict, found, entry.callback_at, now)
    if not holds:
        entry.callback_at, entry.callback_agent_id = None, None
    entry.state, entry.tries, entry.phone, entry.next_at = next_one
    entry.changed_at = now
    if found not in outcomes.UNTOUCHED:
        entry.outcome = found
    row.counts = rules.moved(row.counts, before, rules.bucket(entry.state, entry.outcome))


async def wrong(services: Services, row: DialList, chosen: Chosen) -> None:
    """A number that nobody can call: the client's next one, or he is done."""
    async with services.db.business(row.business_id) as session:
        fresh = await queries.by_id(session, row.id, lock=True)
        entry = await session.scalar(select(DialEntry).where(DialEntry.id == chosen.entry_id).with_for_update())
        if fresh is None or entry is None or entry.state not in (rules.DUE, rules.LATER):
            return
        entry.state = rules.DIALING
        _follow(fresh, entry, outcomes.WRONG_NUMBER, chosen.numbers, services.clock.now())
