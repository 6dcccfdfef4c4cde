"""A code is asked for, told by a call or an SMS, typed in: the number is confirmed (TEL-33, TEL-34)."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import NamedTuple

import msgspec

from callcenter.core.errors import BadInput, Conflict, ProductError
from callcenter.core.events import MemberNotice, SpyChanged
from callcenter.core.i18n import N_
from callcenter.core.phones import shown, to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.confirmations import api as confirmations
from callcenter.features.confirmations.api import Way
from callcenter.features.numbers import api as numbers
from callcenter.features.outgoing import gateway
from callcenter.features.outgoing.usecases import choosing
from callcenter.http.current import Current
from callcenter.http.permissions import NUMBERS_EDIT
from callcenter.plugin import Services
from callcenter.telephony.asterisk import secrets

NO_TELEPHONE = N_("This is not a telephone number.")
NO_NEED = N_("%(number)s is a line of your company: it needs no confirmation.")
NO_LINE = N_("There is no line to an operator by which the number could be called.")
NO_LINK = N_("Asterisk does not answer, so no number can be called now.")
NO_SMS = N_("SMS is not set up on this server: its operator sets CALLCENTER_SMS_URL.")
NOT_TAKEN = N_("Nobody answered at %(number)s, so no code was told. Ask for a new one.")


class AskForm(msgspec.Struct, kw_only=True):
    """A code for ``number``. ``mine`` = it is one's own, else the company's; ``way`` is call or sms."""

    number: str
    way: Way = "call"
    mine: bool = False


class CodeForm(msgspec.Struct, kw_only=True):
    """What was told there, typed in."""

    number: str
    code: str
    mine: bool = False


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is said and written, in the person's language; ``sms`` has a place for the code."""

    language: str
    spoken: str
    sms: str


class WayNow(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a way can be taken now, and why not (a gettext key)."""

    way: str
    title: str
    reason: str = ""


class Line(NamedTuple):
    """By which trunk a number is called, and what is seen there."""

    trunk_id: int
    e164: str


class Dictations:
    """Calls that dictate now, by the id of their leg: for whom, to which number, with which sound."""

    def __init__(self) -> None:
        self.going: dict[str, tuple[Current, str, str]] = {}
        self.answered: set[str] = set()


def dictations(services: Services) -> Dictations:
    """The one object of this process."""
    return services.part(Dictations, lambda _: Dictations())


def owner(person: Current, mine: bool) -> int | None:
    """For whom a number is confirmed: his agent's id, or None for the company. Raises Forbidden, Conflict."""
    if not mine:
        person.need(NUMBERS_EDIT)
        return None
    if person.agent_id is None:
        raise Conflict(choosing.NO_PHONE, code="no_phone")
    return person.agent_id


async def ways(services: Services, business_id: int) -> list[WayNow]:
    """The ways by which a code can be told, with the reason where one cannot."""
    reason = ""
    if not services.telephony.up:
        reason = NO_LINK
    elif await _line(services, business_id) is None:
        reason = NO_LINE
    titles = confirmations.WAYS
    return [
        WayNow(way="call", title=titles["call"], reason=reason),
        WayNow(way="sms", title=titles["sms"], reason="" if services.settings.sms_url else NO_SMS),
    ]


async def ask(services: Services, person: Current, form: AskForm, words: Words) -> datetime:
    """Tells a code to a number; until when it may be typed.

    Raises BadInput (no number; a line of the company), Forbidden, Conflict (``way_unavailable``), Unavailable, TooMany.
    """
    agent_id, e164 = owner(person, form.mine), _number(form.number)
    if (await choosing.state_of(services, person.business_id, e164, agent_id)).line:
        said = {"number": shown(e164)}
        raise BadInput(NO_NEED, fields={"number": NO_NEED}, field_values={"number": said}, **said)
    here = {one.way: one for one in await ways(services, person.business_id)}
    if reason := here[form.way].reason:
        raise Conflict(reason, code="way_unavailable")
    now = services.clock.now()
    async with services.db.system() as session:
        # Whoever asks: nobody's telephone is to be rung all day.
        told = await confirmations.asked_of_number(session, now - confirmations.rules.ASK_WINDOW, e164)
    if wait := confirmations.rules.wait(told, now):
        raise confirmations.too_many(wait)
    key = await asyncio.to_thread(secrets.secret, services.settings.secrets_file, "confirmation_key")
    async with services.db.business(person.business_id) as session:
        code = await confirmations.remember(
            session,
            e164=e164,
            agent_id=agent_id,
            way=form.way,
            membership_id=person.membership_id,
            key=key,
            now=now,
        )
        await accounts.audit(session, person, "number.code", "number", "", number=e164, way=form.way)
    if form.way == "sms":
        await gateway.send_sms(services.settings, e164, words.sms.replace("%(code)s", code))
    else:
        await _dictate(services, person, e164, confirmations.spoken(code, words.spoken), words.language)
    return now + confirmations.rules.CODE_LIFE


async def check(services: Services, person: Current, form: CodeForm) -> choosing.State:
    """Confirms a number when the code is right. Raises BadInput (``wrong_code``), Conflict (``no_code``), Forbidden."""
    agent_id, e164 = owner(person, form.mine), _number(form.number)
    key = await asyncio.to_thread(secrets.secret, services.settings.secrets_file, "confirmation_key")
    now = services.clock.now()
    async with services.db.business(person.business_id) as session:
        found = await confirmations.compare(session, e164=e164, agent_id=agent_id, typed=form.code, key=key, now=now)
        if not isinstance(found, ProductError):
            await confirmations.confirm(
                session,
                business_id=person.business_id,
                e164=e164,
                agent_id=agent_id,
                way=found.way,
                membership_id=person.membership_id,
                now=now,
            )
            await accounts.audit(session, person, "number.confirm", "number", "", number=e164, way=found.way)
    if isinstance(found, ProductError):
        raise found
    choosing.tell(services, person.business_id)
    return await choosing.state_of(services, person.business_id, e164, agent_id)


async def code_until(services: Services, person: Current, e164: str, mine: bool) -> datetime | None:
    """Until when a code that was told may be typed; None when there is none."""
    async with services.db.business(person.business_id) as session:
        found = await confirmations.waiting(session, e164, person.agent_id if mine else None, services.clock.now())
    return found.expires_at if found else None


async def leg_changed(services: Services, event: SpyChanged) -> None:
    """A call that dictated is over: its sound goes, and who asked learns when nobody answered."""
    here = dictations(services)
    if event.spy_id not in here.going:
        return
    if event.state == "up":
        here.answered.add(event.spy_id)
        return
    person, e164, sound = here.going.pop(event.spy_id)
    heard = event.spy_id in here.answered
    here.answered.discard(event.spy_id)
    await asyncio.to_thread(gateway.forget, services.settings, sound)
    if not heard:
        services.bus.publish(
            MemberNotice(
                at=services.clock.epoch(),
                business_id=person.business_id,
                membership_id=person.membership_id,
                kind="error",
                text=NOT_TAKEN,
                values={"number": shown(e164)},
            )
        )


async def _dictate(services: Services, person: Current, e164: str, text: str, language: str) -> None:
    line = await _line(services, person.business_id)
    if line is None:
        raise Conflict(NO_LINE, code="way_unavailable")
    sound = await asyncio.to_thread(gateway.speak, services.settings, text, language)
    try:
        leg = await services.telephony.dictating.dictate(
            to=e164, trunk_id=line.trunk_id, caller_id=line.e164, sound=sound
        )
    except (ProductError, OSError):
        await asyncio.to_thread(gateway.forget, services.settings, sound)
        raise
    dictations(services).going[leg] = (person, e164, sound)


async def _line(services: Services, business_id: int) -> Line | None:
    """The first of the company's numbers that goes over a trunk which is connected."""
    async with services.db.business(business_id) as session:
        trunks = [one.id for one in await numbers.trunks(session)]
        found = [one for one in await numbers.all_numbers(session) if one.trunk_id in trunks or one.trunk_id is None]
    if not trunks:
        return None
    found.sort(key=lambda one: (not one.outgoing, one.kind == "personal", one.id))
    if not found:
        return Line(trunks[0], "")
    return Line(found[0].trunk_id or trunks[0], found[0].e164)


def _number(typed: str) -> str:
    e164 = to_e164(typed) if len(typed) <= 40 else None
    if e164 is None:
        raise BadInput(NO_TELEPHONE, fields={"number": NO_TELEPHONE})
    return e164
