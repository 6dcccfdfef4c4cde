"""What an entry of the audit log says in words, and which entries are asked for. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

PER_PAGE, MAX_PAGE = 50, 20_000
# Known actions as sentences; places are filled from the entry's detail, missing ones with a dash.
SENTENCES: dict[str, str] = {
    "sign_in": N_("Signed in to the company"),
    "token.create": N_("Made the API token “%(name)s”"),
    "recording.listen": N_("Listened to a recording"),
    "recording.download": N_("Downloaded a recording (%(format)s)"),
    "recording.pause": N_("Paused the recording of the call with %(number)s"),
    "recording.resume": N_("The recording of the call with %(number)s went on after %(seconds)s s"),
    "recording.limit": N_("Set the longest pause of a recording to %(seconds)s s"),
    "call.comment": N_("Commented a call"),
    "call.outcome": N_("Noted how a talk ended: “%(outcome)s”"),
    "script.create": N_("Made the script “%(name)s”"),
    "script.change": N_("Changed the script “%(name)s”"),
    "script.archive": N_("Put the script “%(name)s” into the archive"),
    "script.restore": N_("Brought the script “%(name)s” back"),
    "script.delete": N_("Deleted the script “%(name)s”"),
    "mail.server.create": N_("Added the mail server “%(name)s”"),
    "mail.server.change": N_("Changed the mail server “%(name)s”"),
    "mail.server.delete": N_("Deleted the mail server “%(name)s”"),
    "mail.server.test": N_("Sent a test letter by “%(name)s” to %(to)s"),
    "letter.send": N_("Wrote a letter to %(to)s"),
    "letter.again": N_("Sent the letter to %(to)s again"),
    "letter.cancel": N_("Kept the letter to %(to)s from being sent"),
    "questionnaire.create": N_("Made the questionnaire “%(name)s”"),
    "questionnaire.change": N_("Changed the questionnaire “%(name)s”"),
    "questionnaire.delete": N_("Deleted the questionnaire “%(name)s”"),
    "questionnaire.restore": N_("Brought the questionnaire “%(name)s” back"),
    "questionnaire.export": N_("Exported the answers of the questionnaire “%(name)s”"),
    "spam.mark": N_("Marked %(number)s as spam"),
    "spam.unmark": N_("Took the spam mark off %(number)s"),
    "price.save": N_("Set the price of calls to %(prefix)s"),
    "price.delete": N_("Took away the price of calls to %(prefix)s"),
    "call.hangup": N_("Hung up the call with %(number)s"),
    "call.transfer": N_("Transferred a call to %(to)s"),
    "call.consult": N_("Asked %(to)s about a call"),
    "call.conference": N_("Made a three-way talk of a call"),
    "call.park": N_("Parked a call in place %(slot)s"),
    "call.take": N_("Took a parked call from place %(slot)s"),
    "call.redirect": N_("Redirected the call with %(number)s to %(to)s"),
    "call.front": N_("Moved %(number)s to the front of the queue"),
    "agent.ready": N_("Made %(agent)s ready for calls"),
    "agent.paused": N_("Put %(agent)s on a break (%(reason)s)"),
    "agent.offline": N_("Took %(agent)s off line"),
    "agent.calls_out": N_("Changed whether %(agent)s may call out"),
    "agent.settings": N_("Changed the rules for all agents"),
    "reason.save": N_("Saved the reason for a break “%(name)s”"),
    "reason.retire": N_("Retired the reason for a break “%(name)s”"),
    "reason.back": N_("Offered the reason for a break “%(name)s” again"),
    "reason.order": N_("Changed the order of the reasons for a break"),
    "spy.begin": N_("Began to listen to the call of %(agent)s"),
    "spy.mode": N_("Changed how the call of %(agent)s is listened to (%(mode)s)"),
    "spy.end": N_("Stopped listening to the call of %(agent)s after %(seconds)s s"),
    "spy.setting": N_("Chose whether agents are told who listens"),
    "calling.change": N_("Changed how he calls"),
    "line.report": N_("Sent a report of a line test"),
    "number.change": N_("Changed a number"),
    "menu.create": N_("Made the voice menu “%(name)s”"),
    "menu.change": N_("Changed the voice menu “%(name)s”"),
    "menu.delete": N_("Deleted the voice menu “%(name)s”"),
    "menu.main": N_("Made the voice menu “%(name)s” the main one"),
    "number.change_all": N_("Changed all numbers"),
    "number.bind": N_("Bound the number %(number)s"),
    "number.take": N_("Took the free number %(number)s"),
    "number.delete": N_("Deleted the number %(number)s"),
    "number.restore": N_("Brought the number %(number)s back"),
    "number.operator": N_("Set %(agent)s as an operator of a number"),
    "number.operator_gone": N_("Took %(agent)s off a number's operators"),
    "number.code": N_("Asked for a code for %(number)s"),
    "number.confirm": N_("Confirmed the number %(number)s"),
    "calling.settings": N_("Changed how the company calls out"),
    "own_number.enter": N_("Entered the own number %(number)s"),
    "day.save": N_("Set the hours of special days from %(first)s to %(last)s"),
    "day.delete": N_("Deleted the special day %(day)s"),
    "closing.close": N_("Closed the company for all callers"),
    "closing.open": N_("Opened the company for callers again"),
    "closing.prompt": N_("Chose the emergency prompt"),
    "spam.refuse": N_("Had calls from spam numbers refused"),
    "spam.admit": N_("Had calls from spam numbers let in"),
    "telephone.enter": N_("Entered the own telephone %(number)s"),
    "telephone.approve": N_("Approved the telephone %(number)s of %(agent)s"),
    "telephone.refuse": N_("Took the approval off the telephone %(number)s of %(agent)s"),
    "prompt.create": N_("Added the prompt “%(title)s”"),
    "prompt.rename": N_("Renamed a prompt to “%(title)s”"),
    "prompt.replace": N_("Replaced the sound of the prompt “%(title)s”"),
    "prompt.delete": N_("Deleted the prompt “%(title)s”"),
    "prompt.restore": N_("Brought the prompt “%(title)s” back"),
    "routing.apply": N_("Applied version %(number)s of the routing"),
    "routing.discard": N_("Threw the draft of the routing away"),
    "routing.back": N_("Brought version %(number)s of the routing back"),
    "routing.path": N_("Kept a way of calls that shall stay as it is"),
    "routing.path.drop": N_("Let a kept way of calls go"),
    "routing.own": N_("Changed the own dialplan"),
    "routing.setting": N_("Chose when changes of the routing are applied"),
    "skills.add": N_("Added the skill “%(name)s”"),
    "skills.rename": N_("Renamed a skill to “%(name)s”"),
    "skills.delete": N_("Deleted the skill “%(name)s”"),
    "skills.levels": N_("Changed agents' levels in skills"),
    "campaign.create": N_("Made an ad campaign"),
    "campaign.finish": N_("Finished an ad campaign"),
    "contacts.export": N_("Exported clients: %(rows)s (%(format)s)"),
    "contacts.export.fetch": N_("Fetched a file of clients: %(rows)s (%(format)s)"),
    "webform.create": N_("Made the site form “%(title)s”"),
    "webform.change": N_("Changed the site form “%(title)s”"),
    "webform.renew": N_("Gave the site form “%(title)s” a new address"),
    "webform.delete": N_("Deleted the site form “%(title)s”"),
    "list.address": N_("Gave the list “%(title)s” an address for programs"),
    "list.address.off": N_("Took away the address of the list “%(title)s”"),
    "list.delete": N_("Deleted a list of clients"),
    "tag.delete": N_("Deleted a tag"),
    "audit.export": N_("Exported the audit log"),
    "privacy.export": N_("Gave out all that is held on a person"),
    "privacy.fetch": N_("Fetched the file with all that is held on a person"),
    "privacy.erase": N_("Erased a person's data"),
    "import.start": N_("Began an import of clients"),
    "import.undo": N_("Undid an import of clients"),
    "contact.delete": N_("Deleted a client"),
    "contact.archive": N_("Put a client into the archive"),
    "contact.number": N_("Gave a number that called to a client"),
    "contact.merge": N_("Merged duplicates"),
    "contact.consent": N_("Wrote down a consent"),
    "contact.history.delete": N_("Deleted an entry of a client's history"),
    "contact.file.delete": N_("Deleted a client's document"),
    "contact.fields": N_("Changed the fields of the cards"),
    "contact.choices": N_("Changed the client types or warmth"),
    "contact.access": N_("Changed who sees which clients"),
    "work.undo": N_("Undid a mass action"),
    "limit.create": N_("Set a limit of the shift board (%(figure)s)"),
    "limit.delete": N_("Took away a limit of the shift board (%(figure)s)"),
    "screen.create": N_("Made a link to the screen “%(title)s”"),
    "screen.revoke": N_("Took away the link to the screen “%(title)s”"),
    "duplicates.check": N_("Changed when duplicates are looked for"),
}
OBJECTS: dict[str, str] = {
    "token": N_("API token"),
    "recording": N_("Recording"),
    "call": N_("Call"),
    "number": N_("Number"),
    "prompt": N_("Prompt"),
    "routing": N_("Routing"),
    "campaign": N_("Campaign"),
    "export": N_("Export"),
    "webform": N_("Form"),
    "list": N_("List"),
    "tag": N_("Tag"),
    "contact": N_("Client"),
    "import": N_("Import"),
    "job": N_("Background job"),
    "business": N_("Company"),
    "audit": N_("Audit log"),
    "limit": N_("Limit"),
    "price": N_("Price"),
    "screen": N_("Screen"),
    "agent": N_("Agent"),
    "reason": N_("Reason"),
}
_LINKS = {"contact": "/contacts/{}", "call": "/calls/{}"}


def sentence(action: str) -> str | None:
    """The text (gettext key) of a known action, None for another."""
    return SENTENCES.get(action)


def places(detail: dict[str, Any]) -> dict[str, str]:
    """What fills the places of a sentence: what is missing is a dash."""
    return _Dashes({key: str(value) for key, value in detail.items()})


class _Dashes(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"


def facts(detail: dict[str, Any]) -> str:
    """The entry's detail as one line."""
    return ", ".join(f"{key}: {_short(value)}" for key, value in detail.items() if value not in (None, "", [], {}))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def link(object_type: str, object_id: str) -> str:
    """The page of what was done something to; empty when it has none."""
    return _LINKS[object_type].format(object_id) if object_type in _LINKS and object_id else ""


def day(typed: str, field: str) -> date | None:
    """A day as YYYY-MM-DD, None when empty. Raises BadInput that names ``field``."""
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        message = N_("This is not a date.")
        raise BadInput(message, fields={field: message}) from None


def span(first: date | None, last: date | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """From the first day until the end of the last one, as moments; turned round when they are mixed up."""
    if first and last and last < first:
        first, last = last, first
    since = datetime.combine(first, time(), zone).astimezone(UTC) if first else None
    until = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC) if last else None
    return since, until


def number(typed: str, field: str) -> int | None:
    """A whole number, None when empty. Raises BadInput that names ``field``."""
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 10):
        raise BadInput(N_("Some data cannot be used."), fields={field: N_("This value cannot be used.")})
    return int(typed)
