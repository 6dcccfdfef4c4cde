"""Tells of a missed call, and sends letters of messages that callers leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from callcenter.core.bus import Gathering
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

GATHER = 0.2
"""Seconds that a missed call waits for others: each read of a moment serves all of them."""

TEXT = N_("Missed call: %(who)s, line “%(line)s”")
UNKNOWN = N_("Hidden number")
SUBJECT = N_("Missed call from %(who)s")
LETTER = N_(
    "%(who)s called the line “%(line)s” at %(time)s and was not answered.\n\nCall back: %(link)s\n\n%(service)s"
)
MESSAGE_SUBJECT = N_("A voice message from %(client)s")
MESSAGE_LETTER = N_("%(who)s left a voice message at %(time)s.\n\nListen: %(link)s\n\n%(service)s")


class Missed:
    """Missed calls that somebody has to know of: those of one moment share their reads. One per process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._gathered: Gathering[Call] = Gathering(services.bus, "missed.calls", GATHER, self._tell)

    def put(self, call: Call) -> None:
        """Takes an ended call; never waits."""
        if rules.worth_telling(call, self._services.clock.epoch()):
            self._gathered.put(call)

    async def _tell(self, _business_id: int, together: list[Call]) -> None:
        await tell(self._services, together)


async def tell(services: Services, missed: Sequence[Call]) -> list[int | None]:
    """Gives whoever has to know of calls of one business a notice in the service, and a letter.

    Their agents' ids, in the calls' order; None where nobody has to know.
    """
    now = services.clock.epoch()
    told = [call if rules.worth_telling(call, now) else None for call in missed]
    wanted = [call for call in told if call is not None]
    if not wanted:
        return [None] * len(told)
    async with services.db.business(wanted[0].business_id) as session:
        business = await accounts.business(session, wanted[0].business_id)
        lines = await numbers.by_ids(session, {call.number_id for call in wanted if call.number_id})
        if business is None:
            return [None] * len(told)
        zone, opened = business.timezone, dict[tuple[int, datetime], bool]()
        whom: dict[str, int | None] = {}
        for call in wanted:
            line, at = lines.get(call.number_id or 0), _minute(call)
            if line is None:
                continue
            if (line.id, at) not in opened:
                opened[line.id, at] = await numbers.is_open(session, line.id, at, zone)
            whom[call.id] = rules.whom(call, open_then=opened[line.id, at], responsible=line.missed_agent_id)
        staff = await agents.by_ids(session, {one for one in whom.values() if one})
        letters = mail.works(services) and bool(staff)
        boxes = await accounts.mailboxes(session, {one.membership_id for one in staff.values()}) if letters else {}
        known = await contacts.by_numbers(session, {call.client_number for call in wanted if call.client_number})
    found: list[int | None] = []
    for one in told:
        agent = staff.get(whom.get(one.id) or 0) if one is not None else None
        found.append(agent.id if agent is not None else None)
        if one is None or agent is None:
            continue
        client = known.get(one.client_number)
        line = lines[one.number_id or 0]
        values = _values(one, client.name if client is not None else "", line.title or shown(line.e164))
        _notice(services, one, agent.membership_id, values)
        box = boxes.get(agent.membership_id)
        if box is not None and "@" in box.email:
            _letter(services, one, business, box, values)
    return found


def _minute(call: Call) -> datetime:
    """When it began, to the minute: hours have none that are shorter."""
    return datetime.fromtimestamp(call.started_at, UTC).replace(second=0, microsecond=0)


def _values(call: Call, name: str, line: str) -> dict[str, str]:
    caller = shown(call.client_number) if call.client_number else ""
    who = " ".join(part for part in (name if name != call.client_number else "", caller) if part)
    return {"who": who, "line": line}


def _notice(services: Services, call: Call, membership_id: int, values: dict[str, str]) -> None:
    services.bus.publish(
        MemberNotice(
            at=services.clock.epoch(),
            business_id=call.business_id,
            membership_id=membership_id,
            kind="missed",
            text=TEXT,
            values=values,
            link=f"/calls?q={call.client_number.lstrip('+')}" if call.client_number else f"/calls/{call.id}",
        )
    )


def _letter(
    services: Services, call: Call, business: accounts.BusinessInfo, box: accounts.Mailbox, values: dict[str, str]
) -> None:
    words = catalogues().language(business.language)
    at = datetime.fromtimestamp(call.started_at, UTC).astimezone(formats.zone(box.timezone or business.timezone))
    values = {
        "who": values["who"] or words.gettext(UNKNOWN),
        "line": values["line"],
        "time": at.strftime("%d.%m.%Y %H:%M"),
        "link": f"{services.settings.public_url.rstrip('/')}/calls/{call.id}",
        "service": business.name,
    }
    mail.post(services, mail.Letter(box.email, words.fill(SUBJECT, values), words.fill(LETTER, values)))


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
