"""Calls a client of a list with a team: by which number and line, what is found there, and what is kept of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from callcenter.core.errors import Conflict, ProductError, Unavailable
from callcenter.core.i18n import N_
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer.models import DialAttempt, DialList
from callcenter.features.dialer.rules import outcomes, teams
from callcenter.features.dialer.usecases import choosing, settling
from callcenter.features.dialer.usecases.choosing import Chosen
from callcenter.features.numbers import api as numbers
from callcenter.plugin import Services
from callcenter.telephony.intents import new_list_call_id
from callcenter.telephony.nailing import Greeting

log = logging.getLogger(__name__)

RING_SECONDS = 30.0
NO_LINE = N_("there is no line to call by. Connect a PBX or an operator.")
UNCONFIRMED = N_("calls out are blocked: the company's number is not confirmed.")


class Line(NamedTuple):
    """The number by which a client is called, and what he sees ('' = that number)."""

    number_id: int
    trunks: tuple[int, ...]
    record: bool
    shown: str


def usable(known: Sequence[numbers.NumberInfo]) -> dict[int, numbers.NumberInfo]:
    """Those of the business's numbers by which a list can call: shared ones that make calls out."""
    return {one.id: one for one in known if one.active and one.outgoing and one.kind == "multichannel"}


def chosen_number(row: DialList, own: dict[int, numbers.NumberInfo], client: str) -> int | None:
    """The number by which the client (E.164) is called; None = the one that a click would show."""
    setting = teams.setting(row.dialing)
    places = [(one.id, contacts.place(one.e164, "en").city) for one in own.values()]
    return teams.caller(setting, row.number_id, places, contacts.place(client, "en").city, row.dialled)


async def number_of(services: Services, row: DialList, client: str) -> int | None:
    """The same for a list that calls as a click does."""
    if teams.setting(row.dialing).callers == "fixed":
        return row.number_id
    async with services.db.business(row.business_id) as session:
        return chosen_number(row, usable(await numbers.all_numbers(session)), client)


async def _line(services: Services, row: DialList, client: str) -> Line:
    """The line for a call to ``client`` (E.164). Raises Conflict when there is none, or calls out are not allowed."""
    now = services.clock.now()
    async with services.db.business(row.business_id) as session:
        own = usable(await numbers.all_numbers(session))
        lines = [one for one in await numbers.trunks(session) if one.active]
        callers = (await numbers.callers(session, [row.business_id], services.settings.service_number))[row.business_id]
    if not own or not lines:
        raise Conflict(NO_LINE, code="no_line")
    if not callers.allowed(None, now):
        raise Conflict(UNCONFIRMED, code="unconfirmed_number")
    number = own.get(chosen_number(row, own, client) or 0) or own[min(own)]
    first = [one.id for one in lines if one.id == number.trunk_id]
    others = [one.id for one in lines if one.id != number.trunk_id and (one.backup or number.trunk_id is None)]
    shown = callers.shown(None) if teams.setting(row.dialing).callers == "fixed" else ""
    return Line(number.id, (*first, *others), number.record, shown)


async def reach(services: Services, row: DialList, chosen: Chosen, away: int) -> DialAttempt | None:
    """Commits an attempt and calls its client; None when he is not free for it any more.

    ``away`` is how many calls in a row no line took: the next line is tried. Raises Conflict when no call can be made.
    """
    line = await _line(services, row, chosen.number)
    if not line.trunks or away >= len(line.trunks):
        raise Conflict(settling.NO_LINE, code="line_away", title=row.title)
    setting = teams.setting(row.dialing)
    call_id = new_list_call_id(services.clock.epoch())
    sampled = teams.sampled(setting, row.dialled)
    attempt = await choosing.write(services, row, chosen, call_id, sampled=sampled)
    if attempt is None:
        return None
    greeting = None
    if setting.amd:
        greeting = Greeting(
            initial=setting.initial, longest=setting.longest, silence=setting.silence, total=setting.total,
            words=setting.words,
        )  # fmt: skip
    try:
        # It is committed: whatever happens now, this attempt is never made again.
        await services.telephony.nailing.call(
            call_id=call_id,
            business_id=row.business_id,
            to=chosen.number,
            number_id=line.number_id,
            trunk_id=line.trunks[away],
            record=line.record,
            caller_id=line.shown,
            greeting=greeting,
            wait=teams.DROP_AFTER,
            dropped=setting.dropped,
            message=setting.message if setting.machine == "message" else "",
            sample=sampled,
            timeout=RING_SECONDS,
        )
    except Unavailable as error:
        if error.error_code != "unconfirmed":
            await settling.settle(services, attempt, outcomes.NOT_PLACED)
            return None
        # Perhaps it was made: its events, or the log, will tell.
        log.warning("whether attempt %s of list %s was made is not known: %s", attempt.id, row.id, error)
    except ProductError:
        await settling.settle(services, attempt, outcomes.NOT_PLACED)
        raise
    return attempt
