"""Click-to-dial, hang-up and the comment: what a person does with a call."""

from __future__ import annotations

from collections import deque
from datetime import datetime
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
from callcenter.features.confirmations import api as confirmations
from callcenter.features.numbers import api as numbers
from callcenter.http.current import Current
from callcenter.plugin import Services

MAX_COMMENT = 2000
_WAY_TABLES = frozenset(
    (
        "agents",
        "businesses",
        "call_modes",
        "number_confirmations",
        "number_operators",
        "numbers",
        "own_numbers",
        "trunks",
    )
)


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
    # False when every line to an operator was disconnected (TEL-37).
    line: bool = True
    # Who may call out, and what is seen of it.
    callers: numbers.Callers = numbers.Callers(calling=confirmations.Calling())
    # Agents who may not call out at all (OUT-40).
    barred: frozenset[int] = frozenset()

    def check(self, agent_id: int, now: datetime) -> None:
        """Raises Conflict when an agent may not call out.

        Codes ``no_calls_out`` (he has no right to), ``no_number`` (no number is open to him), ``unconfirmed`` (his
        calls need a confirmation that there is not).
        """
        if agent_id in self.barred:
            raise Conflict(dialing.NO_RIGHT, code="no_calls_out")
        if self.own and not any(one.serves(agent_id) for one in self.own):
            raise Conflict(dialing.NO_NUMBER, code="no_number")
        if not self.callers.allowed(agent_id, now):
            raise Conflict(dialing.UNCONFIRMED[self.callers.calling.number_mode], code="unconfirmed")


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
            uses, everybody = await numbers.uses(session), numbers.Use()
            own = [
                OwnNumber(
                    one.id, one.e164, one.kind, one.agent_id, one.active, one.trunk_id, one.outgoing,
                    uses.get(one.id, everybody).callers,
                )
                for one in await numbers.all_numbers(session)
            ]  # fmt: skip
            callers = await numbers.callers(session, [business_id], self._services.settings.service_number)
            people = await agents.all_agents(session)
            of_agent = {one.id: one.caller_number_id for one in people}
            through = {one.agent_id: one.number for one in await calling.all_of(session) if one.mode == "phone"}
            business = await accounts.business(session, business_id)
            line = await numbers.has_line(session)
        default = business.settings.get("caller_number_id") if business else None
        ways = Ways(
            own,
            of_agent,
            default if isinstance(default, int) else None,
            through,
            line,
            callers[business_id],
            frozenset(one.id for one in people if not one.calls_out),
        )
        self._known[business_id] = (state, ways)
        return ways


class Outgoing(NamedTuple):
    """A call out that may be made: whom it calls, what he sees, by which phone of the agent's it begins.

    ``through``: the agent's own telephone outside and the trunk by which it is rung.
    """

    business_id: int
    agent_id: int
    to: str
    inside: bool
    number_id: int | None
    shown: str
    through: tuple[str, int] | None


async def dial(services: Services, person: Current, form: DialForm) -> Call:
    """Rings the person's own phone and then calls ``form.to``; gives the call as far as it is known at once.

    Raises BadInput for a wrong number, Forbidden without a phone of one's own, Conflict (codes ``offline``,
    ``in_call``, ``no_line``, ``unconfirmed``, ``no_calls_out`` and ``no_number``), TooMany.
    """
    person.need("calls.dial")
    if person.agent_id is None:
        raise Forbidden(N_("You have no phone to call with. An administrator can give you one."))
    order = await outgoing(services, person.business_id, person.agent_id, form.to, form.number_id)
    call_id = await place(services, order)
    return services.live.call(person.business_id, call_id) or Call(
        id=call_id,
        business_id=person.business_id,
        direction="internal" if order.inside else "out",
        state="started",
        started_at=services.clock.epoch(),
        from_number=order.shown,
        to_number=order.to,
        number_id=order.number_id,
        agent_id=person.agent_id,
        click_to_dial=True,
    )


async def outgoing(
    services: Services, business_id: int, agent_id: int, typed: str, number_id: int | None = None
) -> Outgoing:
    """Looks whether an agent may call ``typed`` now, showing number ``number_id``; raises what ``dial`` raises."""
    ways = await services.part(OutWays, OutWays).of(business_id)
    to, inside = _target(ways, services, business_id, agent_id, typed)
    if not inside and not ways.line:
        raise Conflict(N_("There is no line to call by. Connect a PBX or an operator."), code="no_line")
    if not inside:
        ways.check(agent_id, services.clock.now())
    own = None if inside else _caller_number(ways, agent_id, number_id)
    shown = "" if own is None else ways.callers.shown(agent_id) or own.e164
    through = ways.through.get(agent_id, "")
    trunk_id = calling.trunk_of(ways.own, own) if through else None
    if through and trunk_id is None:
        raise Conflict(N_("There is no line by which your own phone can be rung."), code="offline")
    await _check_phone(services, business_id, agent_id, own_phone=bool(through))
    way = (through, trunk_id) if trunk_id is not None else None
    return Outgoing(business_id, agent_id, to, inside, own.id if own else None, shown, way)


async def rings_outside(services: Services, business_id: int, agent_id: int) -> bool:
    """Whether an agent's calls out begin at his own telephone outside, so that none of his phones here is needed."""
    return agent_id in (await services.part(OutWays, OutWays).of(business_id)).through


async def place(services: Services, order: Outgoing, call_id: str = "") -> str:
    """Makes the call and gives its id: ``call_id`` if that is given. TooMany, and what the telephony raises."""
    services.part(Dialled, Dialled).take(order.agent_id, services.clock.epoch())
    return await services.telephony.dial(
        agent_id=order.agent_id,
        to=order.to,
        business_id=order.business_id,
        caller_id=order.shown,
        number_id=order.number_id,
        through=order.through,
        call_id=call_id,
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


def _target(ways: Ways, services: Services, business_id: int, agent_id: int, typed: str) -> tuple[str, bool]:
    """What to dial, and whether it is an employee."""
    short = typed.strip()
    if short.isascii() and short.isdecimal() and len(short) <= 4:
        colleague = services.telephony.directory.agent_by_short(business_id, short)
        if colleague is None:
            message = N_("Nobody here has the short number %(number)s.")
            raise _wrong(message, short)
        if colleague.id == agent_id:
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
        if not chosen.serves(agent_id):
            message = N_("You may not call out by this number. Choose another one.")
            raise BadInput(message, fields={"number_id": message})
        return chosen
    found = dialing.caller_number(ways.own, agent_id, ways.of_agent.get(agent_id), ways.default)
    if found is None and ways.own:
        raise Conflict(dialing.NO_NUMBER, code="no_number")
    return found


async def _check_phone(services: Services, business_id: int, agent_id: int, *, own_phone: bool) -> None:
    now = services.live.agent(business_id, agent_id)
    if now is not None and now.call_id is not None:
        raise Conflict(N_("You are in a call already. Finish it first."), code="in_call")
    if not own_phone and now is not None and not now.online and not await services.telephony.device_online(agent_id):
        raise Conflict(dialing.FAILURES["offline"], code="offline")
