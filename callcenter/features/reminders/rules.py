"""What a reminder is, when it may be, and how it stands now. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

Kind = Literal["call", "letter", "meeting", "other"]
KINDS: dict[Kind, str] = {
    "call": N_("Call"),
    "letter": N_("Letter"),
    "meeting": N_("Meeting"),
    "other": N_("Other"),
}
ICONS: dict[Kind, str] = {"call": "phone", "letter": "mail", "meeting": "cal", "other": "bell"}
Status = Literal["done", "overdue", ""]
MAX_TEXT = 1000
FARTHEST = timedelta(days=2 * 366)
# What was typed a moment ago may be now.
TOLERANCE = timedelta(minutes=1)
NO_TIME = N_("Choose the day and the time of the reminder.")
PAST = N_("This time is over. Choose a later one.")
FAR = N_("A reminder is at most two years ahead.")
LONG = N_("A reminder has at most %(limit)s characters.")
EMPTY = N_("Write what it is about, or remind of a client.")


def text(typed: str, *, needed: bool) -> str:
    """The words of a reminder; ``needed`` where nothing else says what it is about. Raises BadInput."""
    found = typed.replace("\r\n", "\n").strip()
    if len(found) > MAX_TEXT:
        raise BadInput(LONG, fields={"text": LONG}, field_values={"text": {"limit": MAX_TEXT}}, limit=MAX_TEXT)
    if needed and not found:
        raise BadInput(EMPTY, fields={"text": EMPTY})
    return found


def moment(typed: str, zone: ZoneInfo) -> datetime:
    """A time as a field of a page gives it (``2026-03-02T15:00``), on the person's own clock. Raises BadInput."""
    try:
        found = datetime.fromisoformat(typed.strip())
    except ValueError:
        raise BadInput(NO_TIME, fields={"at": NO_TIME}) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def ahead(at: datetime, now: datetime) -> datetime:
    """A time that a reminder can have. Raises BadInput."""
    if at.tzinfo is None:
        raise BadInput(NO_TIME, fields={"at": NO_TIME})
    if at < now - TOLERANCE:
        raise BadInput(PAST, fields={"at": PAST})
    if at > now + FARTHEST:
        raise BadInput(FAR, fields={"at": FAR})
    return at


def status(at: datetime, done_at: datetime | None, now: datetime) -> Status:
    """done, overdue, or '' while its time has not come (TSK-22)."""
    if done_at is not None:
        return "done"
    return "overdue" if at <= now else ""


def proposed(now: datetime, zone: ZoneInfo) -> datetime:
    """The time that a new reminder begins with: the next full hour but one, on the person's clock."""
    local = now.astimezone(zone)
    return local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
