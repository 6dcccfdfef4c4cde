"""Click-to-dial, hang-up and the comment: what a person does with a call."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import msgspec
from sqlalchemy import update

from callcenter.core.calls import Call
from callcenter.core.errors import BadInput, Conflict, Forbidden, NotFound, TooMany
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls.models import CallRecord
from callcenter.features.calls.queries.lists import Scope, may_see
from callcenter.features.calls.rules import dialing, merging
from callcenter.features.calls.rules.dialing import OwnNumber
from callcenter.features.calls.usecases import calling
from callcenter.features.numbers import api as numbers
from callcenter.http.current import Current
from callcenter.plugin import Services

MAX_COMMENT = 2000
_WAY_TABLES = frozenset({"agents", "businesses", "call_modes", "numbers"})


class DialForm(msgspec.Struct, kw_only=True):
    """``to`` is a number as a person writes it, or an employee's short number; ``number_id`` the own number to show."""

    to: str
    number_id: int | None = None


class CommentForm(msgspec.Struct, kw_only=True):
    """A call's comment; empty = none."""

    comment: str


class Dialled:
    """When each agent dialled last, for the limit; one per process."""

    def __init__(self, _services: Services) -> None:
        self.times: dict[int, deque[float]] = {}

    def take(self, agent_id: int, now: float) -> None:
        """Counts one more call; raises TooMany when the agent dials faster than a person can."""
        times = self.times.setdefault(agent_id, deque(maxlen=dialing.PER_MINUTE))
        wait = dialing.retry_after(times, now)
        if wait:
            message = N_("You dial too fast. Try again in %(seconds)s s.")
            raise TooMany(message, retry_after=wait, seconds=wait)
        times.append(now)


class Ways(NamedTuple):
    """A business's numbers, which of them each agent shows (by agent id), and which the others show."""

    own: list[OwnNumber]
    of_agent: dict[int, int | None]
    default: int | None
    # Numbers of those who call in two legs through a phone of their own.
    through: dict[int, str]


class OutWays:
    """Each business's ways out, read once and again when its configuration changed: a click waits for no query."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[int, tuple[int, Ways]] = {}

    async def of(self, business_id: int) -> Ways:
        """The ways of one business, as last committed."""
        state = self._services.db.changes.of(_WAY_TABLES)
        found = self._known.get(business_id)
        if found and found[0] == state:
            return found[1]
        async with self._services.db.business(business_id) as session:
            own = [
                OwnNumber(one.id, one.e164, one.kind, one.agent_id, one.active, one.trunk_id)
                for one in await numbers.all_numbers(session)
            ]
            of_agent = {one.id: one.caller_number_id for one in await agents.all_agents(session)}
            through = {one.agent_id: one.number for one in await calling.all_of(session) if one.mode == "phone"}
            business = await accounts.business(session, business_id)
        default = business.settings.get("caller_number_id") if business else None
        ways = Ways(own, of_agent, default if isinstance(default, int) else None, through)
        self._known[business_id] = (state, ways)
        return ways


async def dial(services: Services, person: Current, form: DialForm) -> Call:
    """Rings the person's own phone and then calls ``form.to``; gives the call as far as it is known at once.

    Raises BadInput for a wrong number, Forbidden without a phone of one's own, Conflict (codes ``offline`` and
    ``in_call``), TooMany.
    """
    person.need("calls.dial")
    if person.agent_id is None:
        raise Forbidden(N_("You have no phone to call with. An administrator can give you one."))
    agent_id = person.agent_id
    ways = await services.part(OutWays, OutWays).of(person.business_id)
    to, inside = _target(ways, services, person, form.to)
    own = None if inside else _caller_number(ways, agent_id, form.number_id)
    through = ways.through.get(agent_id, "")
    trunk_id = calling.trunk_of(ways.own, own) if through else None
    if through and trunk_id is None:
        raise Conflict(N_("There is no line by which your own phone can be rung."), code="offline")
    await _check_phone(services, person.business_id, agent_id, own_phone=bool(through))
    now = services.clock.epoch()
    services.part(Dialled, Dialled).take(agent_id, now)
    call_id = await services.telephony.dial(
        agent_id=agent_id,
        to=to,
        business_id=person.business_id,
        caller_id=own.e164 if own else "",
        number_id=own.id if own else None,
        through=(through, trunk_id) if trunk_id is not None else None,
    )
    return services.live.call(person.business_id, call_id) or Call(
        id=call_id,
        business_id=person.business_id,
        direction="internal" if inside else "out",
        state="started",
        started_at=now,
        from_number=own.e164 if own else "",
        to_number=to,
        number_id=own.id if own else None,
        agent_id=agent_id,
        click_to_dial=True,
    )


async def hang_up(services: Services, person: Current, call_id: str) -> None:
    """Ends a call of one's own, or (with calls.all) any of the business. NotFound when it is over or not to be seen."""
    call = services.live.call(person.business_id, call_id)
    mine = call is not None and person.agent_id in (call.agent_id, *call.agents, *call.rung)
    if call is None or not (mine or person.can("calls.all")):
        raise NotFound(N_("This call is over."))
    await services.telephony.hangup(call_id)


async def rejoin(services: Services, person: Current, call_id: str) -> None:
    """Rings the person's phone into a talk of his that his page could not go on with. NotFound when it is over."""
    if person.agent_id is None or services.live.call(person.business_id, call_id) is None:
        raise NotFound(N_("This call is over."))
    await services.telephony.rescue.rejoin(call_id, person.agent_id)


async def comment(services: Services, person: Current, call_id: str, form: CommentForm) -> str:
    """Sets the comment of a call that the person may see; gives it as stored."""
    text = "\n".join(merging.clean(line, MAX_COMMENT + 1) for line in form.comment.strip().splitlines()).strip()
    if len(text) > MAX_COMMENT:
        message = N_("The comment is too long: at most %(limit)s characters.")
        raise BadInput(message, fields={"comment": N_("This is too long.")}, limit=MAX_COMMENT)
    async with services.db.business(person.business_id) as session:
        if not await may_see(session, call_id, scope_of(person)):
            raise NotFound(N_("This call is not there."))
        await session.execute(update(CallRecord).where(CallRecord.id == call_id).values(comment=text))
        await accounts.audit(session, person, "call.comment", "call", call_id)
    return text


def scope_of(person: Current) -> Scope:
    """Whose calls the person may see (TEL-03)."""
    return Scope(everything=person.can("calls.all"), agent_id=person.agent_id)


def _target(ways: Ways, services: Services, person: Current, typed: str) -> tuple[str, bool]:
    """What to dial, and whether it is an employee."""
    short = typed.strip()
    if short.isascii() and short.isdecimal() and len(short) <= 4:
        colleague = services.telephony.directory.agent_by_short(person.business_id, short)
        if colleague is None:
            message = N_("Nobody here has the short number %(number)s.")
            raise _wrong(message, short)
        if colleague.id == person.agent_id:
            raise _wrong(N_("%(number)s is your own short number."), short)
        return short, True
    e164 = to_e164(short) if len(short) <= 40 else None
    if e164 is None:
        message = N_("“%(number)s” is not a telephone number. Write it like +7 495 123-45-67.")
        raise _wrong(message, short[:40])
    if any(one.e164 == e164 for one in ways.own):
        raise _wrong(N_("%(number)s is a number of your own company."), short)
    return e164, False


def _wrong(message: str, number: str) -> BadInput:
    return BadInput(message, code="wrong_number", fields={"to": N_("This is not a number to call.")}, number=number)


def _caller_number(ways: Ways, agent_id: int, asked: int | None) -> OwnNumber | None:
    """The own number that the client sees; None lets the line decide."""
    if asked is not None:
        chosen = next((one for one in ways.own if one.id == asked), None)
        if chosen is None or (chosen.kind == "personal" and chosen.agent_id != agent_id):
            message = N_("Choose one of your company's numbers to call from.")
            raise BadInput(message, fields={"number_id": message})
        return chosen
    return dialing.caller_number(ways.own, agent_id, ways.of_agent.get(agent_id), ways.default)


async def _check_phone(services: Services, business_id: int, agent_id: int, *, own_phone: bool) -> None:
    now = services.live.agent(business_id, agent_id)
    if now is not None and now.call_id is not None:
        raise Conflict(N_("You are in a call already. Finish it first."), code="in_call")
    if not own_phone and now is not None and not now.online and not await services.telephony.device_online(agent_id):
        raise Conflict(dialing.FAILURES["offline"], code="offline")
