"""What people do with a list: start, pause, stop, ask for the next client, change the pause, put away, take out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import Conflict, Forbidden, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.dialer import queries
from callcenter.features.dialer.models import DialEntry, DialList
from callcenter.features.dialer.queries import teams as team_queries
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.rules import outcomes, teams
from callcenter.features.dialer.usecases import desk, making, nailing
from callcenter.features.work import api as work
from callcenter.http.current import Current
from callcenter.http.permissions import CALLS_DIAL, CALLS_SUPERVISE
from callcenter.plugin import Services

GONE = N_("This dial list is not there.")
NO_PHONE = N_("You have no phone to call with. An administrator can give you one.")
BUSY = N_("You perform another list already: “%(title)s”. Stop or pause it first.")
IN_TEAM = N_("You take part in a list with a team. Leave it first.")
NOT_READY_TEAM = N_("Go on line and say that you are ready: your phone rings once and stays picked up.")
NOT_READY = N_("Go on line and say that you are ready: your phone rings first, then the client is called.")
CALLED_NOW = N_("This client is being called right now.")
FORBIDDEN: dict[str, str] = {
    "start": N_("This list has somebody who performs it. It can be continued once he has stopped it."),
    "pause": N_("Only who performs the list, a supervisor or an administrator can pause it."),
    "stop": N_("Only who performs the list, a supervisor or an administrator can stop it."),
    "next": N_("Only who performs the list asks for the next client."),
    "set_pause": N_("Only who performs the list changes its pause."),
    "set_mode": N_("Only who made the list, a supervisor or an administrator can change how it dials."),
    "exclude": N_("Only who made the list, a supervisor or an administrator can take clients out."),
    "retry": N_("Only who made the list, a supervisor or an administrator can have clients called again."),
    "archive": N_("Only who made the list, a supervisor or an administrator can put it into the archive."),
    "restore": N_("Only who made the list, a supervisor or an administrator can take it out of the archive."),
}
TEAM_FORBIDDEN = N_("Only who made the list, a supervisor or an administrator can do that with a list of a team.")
UNFIT: dict[str, str] = {
    "start": N_("This list cannot be started now: it runs already or is finished."),
    "pause": N_("This list does not run."),
    "stop": N_("This list does not run."),
    "next": N_("This list does not run."),
    "set_pause": N_("The pause of a finished list cannot be changed."),
    "set_mode": N_("Stop the list first: while it runs or somebody takes part, the way it dials stays."),
    "exclude": N_("This list is in the archive."),
    "retry": N_("Nobody of this list was called yet."),
    "archive": N_("Stop the list first: somebody performs it."),
    "restore": N_("This list is not in the archive."),
}


def who(person: Current) -> rules.Who:
    """The person as the rules see him."""
    return rules.Who(person.membership_id, person.agent_id, person.can(CALLS_SUPERVISE))


def of(row: DialList, *, inside: bool = False) -> rules.Of:
    """The list as the rules see it; ``inside``: he who asks is in its team."""
    return rules.Of(row.status, row.creator_id, row.agent_id, row.mode in teams.TEAM, inside)


async def need(session: AsyncSession, list_id: int, *, lock: bool = False) -> DialList:
    """A list. NotFound."""
    row = await queries.by_id(session, list_id, lock=lock)
    if row is None:
        raise NotFound(GONE)
    return row


async def _for(session: AsyncSession, person: Current, list_id: int, action: str) -> DialList:
    """The list, locked, when the person may do ``action`` now. NotFound, Forbidden, Conflict."""
    row = await need(session, list_id, lock=True)
    team = row.mode in teams.TEAM
    if action == "start" and person.agent_id is None and not team:
        raise Forbidden(NO_PHONE)
    if not rules.allowed(action, who(person), of(row)):
        if team:
            raise Forbidden(TEAM_FORBIDDEN)
        # Who may in general is told what is in the way, not that he may not.
        raise (Conflict if action == "start" else Forbidden)(FORBIDDEN[action])
    if not rules.fitting(action, of(row)):
        raise Conflict(UNFIT[action])
    return row


async def start(services: Services, person: Current, list_id: int) -> None:
    """The person performs the list from now on: his phone rings. NotFound, Forbidden, Conflict."""
    person.need(CALLS_DIAL)
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, "start")
        team = row.mode in teams.TEAM
        if team:
            row.status, row.why, row.why_values, row.ended_at = rules.RUNNING, "", {}, None
            row.started_at = row.started_at or services.clock.now()
            await accounts.audit(session, person, "dialer.start", "dial_list", row.id, title=row.title)
    if team:
        changed(services)
        return
    await _perform(services, person, list_id)


async def _perform(services: Services, person: Current, list_id: int) -> None:
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, "start")
        assert person.agent_id is not None
        if await team_queries.member(session, person.agent_id) is not None:
            raise Conflict(IN_TEAM, code="busy")
        other = next((one for one in await queries.held_by(session, person.agent_id) if one.id != row.id), None)
        if other is not None and other.status == rules.RUNNING:
            raise Conflict(BUSY, code="busy", title=other.title)
        if not await ready(services, person.business_id, person.agent_id):
            raise Conflict(NOT_READY, code="offline")
        now = services.clock.now()
        row.status, row.agent_id, row.next_at = rules.RUNNING, person.agent_id, now
        row.rest_call, row.rest_from, row.why, row.why_values = "", None, "", {}
        if row.mode == teams.PREVIEW:
            # He looks at the first client before he calls him.
            row.next_at, row.rest_call = None, desk.FIRST
        row.started_at, row.ended_at = row.started_at or now, None
        await accounts.audit(session, person, "dialer.start", "dial_list", row.id, title=row.title)
    desk.kept(services).agents.add(person.agent_id)
    changed(services)
    await desk.tell(services, person.business_id, person.agent_id)


async def ready(services: Services, business_id: int, agent_id: int) -> bool:
    """Whether calls can be brought to an agent: he wants them, and a phone of his is there."""
    view = services.live.agent(business_id, agent_id)
    if view is None or view.wanted != "ready":
        return False
    return bool(view.online) or await calls.rings_outside(services, business_id, agent_id)


async def halt(services: Services, person: Current, list_id: int, action: str) -> None:
    """Pauses a list (``action`` pause) or stops it, which also lets go who performs it. A talk goes on to its end; a
    client who was not dialled yet is not. NotFound, Forbidden, Conflict.
    """
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, action)
        team, agent_id = row.mode in teams.TEAM, row.agent_id
        _pause(services, row)
        if action == "stop":
            row.agent_id = None
        attempt = None if team else await queries.open_attempt(session, row.id)
        call_id = attempt.call_id if attempt is not None else ""
        members = await team_queries.members(session, row.id) if team and action == "stop" else []
        await accounts.audit(session, person, f"dialer.{action}", "dial_list", row.id, title=row.title)
    for member in members:
        await nailing.let_go(services, row, member.agent_id)
    await _let_go(services, person.business_id, call_id)
    changed(services)
    await desk.tell(services, person.business_id, agent_id)


async def by_itself(
    services: Services, business_id: int, list_id: int, agent_id: int | None, why: str, **values: object
) -> None:
    """Pauses a list because of its agent, and tells him; nothing happens when somebody was faster."""
    async with services.db.business(business_id) as session:
        row = await queries.by_id(session, list_id, lock=True)
        if row is None or row.status != rules.RUNNING or row.agent_id != agent_id:
            return
        _pause(services, row)
        row.why, row.why_values = why, dict(values)
    await desk.notice(services, row, why, dict(values))
    await desk.tell(services, business_id, agent_id)


def _pause(services: Services, row: DialList) -> None:
    desk.end_rest(services, row)
    row.status, row.next_at, row.rest_call, row.rest_from = rules.PAUSED, None, "", None
    row.why, row.why_values = "", {}


async def _let_go(services: Services, business_id: int, call_id: str) -> None:
    """Ends a call in which the agent's own phone still rings."""
    call = services.live.call(business_id, call_id) if call_id else None
    first = next((leg for leg in call.legs if leg.id == call.id), None) if call is not None else None
    if call is not None and (first is None or first.answered_at is None):
        with contextlib.suppress(ProductError):
            await services.telephony.hangup(call_id)


async def ask_next(services: Services, person: Current, list_id: int) -> None:
    """The pause is over: the next client is called now. NotFound, Forbidden, Conflict during a call."""
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, "next")
        if await queries.open_attempt(session, row.id) is not None:
            raise Conflict(N_("Finish this call first."), code="in_call")
        desk.end_rest(services, row)
        row.next_at, row.rest_call, row.rest_from = services.clock.now(), "", None
    changed(services)
    await desk.tell(services, person.business_id, person.agent_id)


async def set_pause(services: Services, person: Current, list_id: int, seconds: int | None) -> None:
    """Changes the pause, also one that lasts just now. NotFound, Forbidden, Conflict, BadInput."""
    chosen = rules.pause(seconds)
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, "set_pause")
        teams.check_pause(row.mode, chosen)
        row.pause = chosen
        attempt = await queries.open_attempt(session, row.id) if row.mode not in teams.TEAM else None
        if attempt is not None:
            desk.give_rest(services, row, attempt.call_id, chosen)
        elif row.rest_from is not None and row.rest_call:
            row.next_at = rules.next_at(row.rest_from, chosen)
            desk.give_rest(services, row, row.rest_call, chosen)
    changed(services)
    await desk.tell(services, person.business_id, person.agent_id)


async def set_mode(services: Services, person: Current, list_id: int, mode: str, typed: Mapping[str, Any]) -> None:
    """Changes how a list dials while nobody performs it. NotFound, Forbidden, Conflict, BadInput."""
    dialing = teams.checked(mode, typed)
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, "set_mode")
        if await team_queries.members(session, row.id) or await queries.open_attempt(session, row.id) is not None:
            raise Conflict(UNFIT["set_mode"])
        await making.check_numbers(session, row.number_id, dialing)
        row.mode, row.dialing = mode, dialing
        if mode in teams.TEAM and row.pause is None:
            # Clients come by themselves: nobody asks for the next one.
            row.pause = rules.USUAL_PAUSE
        row.next_at, row.rest_call, row.rest_from, row.why, row.why_values = None, "", None, "", {}
        await accounts.audit(session, person, "dialer.mode", "dial_list", row.id, title=row.title, mode=mode)
    changed(services)


async def archive(services: Services, person: Current, list_id: int, *, back: bool = False) -> None:
    """Puts a list into the archive, or takes it ``back``. NotFound, Forbidden, Conflict."""
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, "restore" if back else "archive")
        left = row.counts.get(rules.LEFT, 0)
        row.status = (rules.PAUSED if left or not row.filled else rules.FINISHED) if back else rules.ARCHIVE
        what = "dialer.restore" if back else "dialer.archive"
        await accounts.audit(session, person, what, "dial_list", row.id, title=row.title)


async def exclude(services: Services, person: Current, list_id: int, entry_id: int, *, back: bool = False) -> DialEntry:
    """Takes a client out of a list, or ``back`` in. NotFound, Forbidden, Conflict while he is being called."""
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, "exclude")
        entry = await queries.entry(session, row.id, entry_id, lock=True)
        if entry is None:
            raise NotFound(N_("This client is not in the list."))
        if entry.state == rules.DIALING:
            raise Conflict(CALLED_NOW, code="dialing")
        before = rules.bucket(entry.state, entry.outcome)
        if back and entry.state == rules.OUT:
            entry.state, entry.outcome = rules.DUE, ""
            if row.status == rules.FINISHED:
                row.status = rules.PAUSED
        elif not back and entry.state in (rules.DUE, rules.LATER):
            entry.state, entry.outcome, entry.next_at = rules.OUT, outcomes.BY_HAND, None
            entry.callback_at, entry.callback_agent_id = None, None
        elif not back and entry.state == rules.DONE:
            raise Conflict(N_("This client was called already."))
        entry.changed_at = services.clock.now()
        if back and row.status == rules.RUNNING and not row.rest_call and row.next_at is not None:
            row.next_at = services.clock.now()
        row.counts = rules.moved(row.counts, before, rules.bucket(entry.state, entry.outcome))
    changed(services)
    return entry


async def retry(services: Services, person: Current, list_id: int) -> None:
    """Has those called again who were not reached, in the background. NotFound, Forbidden, Conflict."""
    async with services.db.business(person.business_id) as session:
        row = await _for(session, person, list_id, "retry")
        count = sum(int(row.counts.get(one, 0)) for one in outcomes.RETRIED)
        if not count:
            raise Conflict(N_("There is nobody in this list who was not reached."))
        if row.status == rules.FINISHED:
            row.status, row.ended_at = rules.PAUSED, None
        await work.start(
            session,
            services,
            kind=making.RETRY,
            title=N_("Call again those who were not reached: %(what)s"),
            values={"what": row.title},
            params={"list": row.id},
            owner_id=person.membership_id,
        )
        await accounts.audit(session, person, "dialer.retry", "dial_list", row.id, title=row.title, clients=count)


async def join(services: Services, person: Current, list_id: int) -> None:
    """The person takes part: his phone rings and stays picked up. NotFound, Forbidden, Conflict."""
    person.need(CALLS_DIAL)
    async with services.db.business(person.business_id) as session:
        row = await need(session, list_id)
    if person.agent_id is None:
        raise Forbidden(NO_PHONE)
    if row.mode not in teams.TEAM or not rules.fitting("join", of(row)):
        raise Conflict(N_("This list has no team that could be joined now."))
    if not await ready(services, person.business_id, person.agent_id):
        raise Conflict(NOT_READY_TEAM, code="offline")
    await nailing.join(services, row, person.agent_id)
    async with services.db.business(person.business_id) as session:
        await accounts.audit(session, person, "dialer.join", "dial_list", row.id, title=row.title)
    changed(services)
    await desk.tell(services, person.business_id, person.agent_id)


async def begin_anew(services: Services, person: Current) -> None:
    """The person's page was loaded anew: a phone that stood in a list's team is rung again. Being in none is fine."""
    if person.agent_id is not None:
        await nailing.renew(services, person.business_id, person.agent_id)
        changed(services)


async def leave(services: Services, person: Current, list_id: int) -> None:
    """The person takes part no more; a talk of his goes on to its end. NotFound, Forbidden."""
    async with services.db.business(person.business_id) as session:
        row = await need(session, list_id)
        if person.agent_id is None:
            raise Forbidden(NO_PHONE)
        member = await team_queries.member(session, person.agent_id)
        if member is None or member.list_id != row.id:
            return
        await accounts.audit(session, person, "dialer.leave", "dial_list", row.id, title=row.title)
    await nailing.let_go(services, row, person.agent_id, told=False)
    changed(services)
    await desk.tell(services, person.business_id, person.agent_id)


def changed(services: Services) -> None:
    """Something about a list is different: the dialer looks at once."""
    found = desk.kept(services)
    found.looked = False
    found.woken.set()
    found.teams_changed()
