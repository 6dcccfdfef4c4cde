"""Tells of a missed call, and sends letters of messages that callers leave."""

from __future__ import annotations

from datetime import UTC, datetime

from callcenter.core.calls import Call
from callcenter.core.events import MemberNotice
from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.mail import api as mail
from callcenter.features.missed import rules
from callcenter.features.numbers import api as numbers
from callcenter.features.recordings import api as recordings
from callcenter.http import formats
from callcenter.http.site import catalogues
from callcenter.plugin import Services

TEXT = N_("Missed call: %(who)s, line “%(line)s”")
UNKNOWN = N_("Hidden number")
SUBJECT = N_("Missed call from %(who)s")
LETTER = N_(
    "%(who)s called the line “%(line)s” at %(time)s and was not answered.\n\nCall back: %(link)s\n\n%(service)s"
)
MESSAGE_SUBJECT = N_("A voice message from %(client)s")
MESSAGE_LETTER = N_("%(who)s left a voice message at %(time)s.\n\nListen: %(link)s\n\n%(service)s")


async def tell(services: Services, call: Call) -> int | None:
    """Gives whoever has to know a notice in the service, and a letter; his agent id, None when nobody has to."""
    if not rules.worth_telling(call, services.clock.epoch()):
        return None
    at = datetime.fromtimestamp(call.started_at, UTC)
    async with services.db.business(call.business_id) as session:
        number = await numbers.get(session, call.number_id or 0)
        business = await accounts.business(session, call.business_id)
        if number is None or business is None:
            return None
        opened = await numbers.is_open(session, number.id, at, business.timezone)
        agent_id = rules.whom(call, open_then=opened, responsible=number.missed_agent_id)
        agent = await agents.get(session, agent_id) if agent_id else None
        if agent is None:
            return None
        box = (await accounts.mailboxes(session, [agent.membership_id])).get(agent.membership_id)
        known = await contacts.find_by_number(session, call.client_number) if call.client_number else None
    caller = shown(call.client_number) if call.client_number else ""
    who = " ".join(part for part in (known.name if known and known.name != call.client_number else "", caller) if part)
    line = number.title or shown(number.e164)
    services.bus.publish(
        MemberNotice(
            at=services.clock.epoch(),
            business_id=call.business_id,
            membership_id=agent.membership_id,
            kind="missed",
            text=TEXT,
            values={"who": who or caller, "line": line},
            link=f"/calls?q={call.client_number.lstrip('+')}" if call.client_number else f"/calls/{call.id}",
        )
    )
    if box is not None and "@" in box.email:
        words = catalogues().language(business.language)
        values = {
            "who": who or words.gettext(UNKNOWN),
            "line": line,
            "time": at.astimezone(formats.zone(box.timezone or business.timezone)).strftime("%d.%m.%Y %H:%M"),
            "link": f"{services.settings.public_url.rstrip('/')}/calls/{call.id}",
            "service": business.name,
        }
        letter = mail.Letter(box.email, words.fill(SUBJECT, values), words.fill(LETTER, values))
        mail.post(services, letter)
    return agent.id


async def mail_message(services: Services, told: calls.Message) -> None:
    """A letter with the sound to each employee for whom a caller's message is (INQ-05); it leads to the call."""
    if not told.agents or not mail.works(services):
        return
    async with services.db.business(told.business_id) as session:
        business = await accounts.business(session, told.business_id)
        found = await agents.by_ids(session, told.agents)
        boxes = await accounts.mailboxes(session, {agent.membership_id for agent in found.values()})
        known = await contacts.find_by_number(session, told.client) if told.client else None
    if business is None:
        return
    sound = await recordings.message(services, told.business_id, told.recording_id)
    words = catalogues().language(business.language)
    caller = shown(told.client) if told.client else words.gettext(UNKNOWN)
    name = known.name if known and known.name != told.client else ""
    at = datetime.fromtimestamp(told.at, UTC)
    for agent in found.values():
        box = boxes.get(agent.membership_id)
        if box is None or "@" not in box.email:
            continue
        when = at.astimezone(formats.zone(box.timezone or business.timezone))
        values = {
            "client": caller,
            "who": " ".join(part for part in (name, caller) if part),
            "time": when.strftime("%d.%m.%Y %H:%M"),
            "link": f"{services.settings.public_url.rstrip('/')}/calls/{told.call_id}",
            "service": business.name,
        }
        files = (mail.Attached(f"{when:%Y-%m-%d-%H-%M}.mp3", "audio/mpeg", sound),) if sound else ()
        letter = mail.Letter(box.email, words.fill(MESSAGE_SUBJECT, values), words.fill(MESSAGE_LETTER, values), files)
        mail.post(services, letter)
