"""When clients may be called, by their own clock (OBD-06): from, to, on which days of the week. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

WEEK = [1, 2, 3, 4, 5, 6, 7]


def checked(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The hours as kept; {} = at any time. Raises BadInput when the end is not behind the beginning."""
    if not typed or not (typed.get("from") or typed.get("to")):
        return {}
    message = N_("Give the hours of calls as 09:00 and 21:00, the end after the beginning, and at least one day.")
    days = typed.get("days") or WEEK
    try:
        first, last = _clock(typed["from"]), _clock(typed["to"])
        days = sorted({int(one) for one in days})
    except (KeyError, TypeError, ValueError):
        raise BadInput(message, fields={"hours": message}) from None
    if first >= last or not days or not set(days) <= set(WEEK):
        raise BadInput(message, fields={"hours": message})
    return {"from": f"{first:%H:%M}", "to": f"{last:%H:%M}", "days": days}


def opens(hours: Mapping[str, Any], zone: str, now: datetime) -> datetime | None:
    """When a client in ``zone`` may be called: None = now, else the moment from which it is allowed."""
    if not hours:
        return None
    first, last, days = _clock(hours["from"]), _clock(hours["to"]), hours.get("days") or WEEK
    here = now.astimezone(_zone(zone))
    if here.isoweekday() in days and first <= here.time().replace(tzinfo=None) < last:
        return None
    begins = [datetime.combine(here.date() + timedelta(days=ahead), first, _zone(zone)) for ahead in range(8)]
    return next(one.astimezone(UTC) for one in begins if one.isoweekday() in days and one > now)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _clock(text: str) -> time:
    return time.fromisoformat(str(text).strip())
