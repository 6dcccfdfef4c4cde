"""When clients may be called, by their own clock (OBD-06): from, to, on which days, other hours on some days. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

WEEK = [1, 2, 3, 4, 5, 6, 7]
DAYS: dict[int, str] = {
    1: N_("Monday"), 2: N_("Tuesday"), 3: N_("Wednesday"), 4: N_("Thursday"), 5: N_("Friday"), 6: N_("Saturday"),
    7: N_("Sunday"),
}  # fmt: skip
NEVER = datetime.max.replace(tzinfo=UTC)
"""There is no moment at which all zones of a client are open."""
# So many days are looked through: every weekday, and a change of the clocks.
AHEAD = 9
WRONG = N_("Give the hours of calls as 09:00 and 21:00, the end after the beginning, and at least one day.")
WRONG_DAY = N_("Hours of a single day need a beginning and an end behind it, and the day has to be one of the days.")


def checked(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The hours as kept; {} = at any time. Raises BadInput when an end is not behind its beginning.

    ``{"from": "09:00", "to": "21:00", "days": [1, … 7], "by_day": {"6": ["10:00", "18:00"]}}``; ``by_day`` has the
    hours of days that differ.
    """
    if not typed or not (typed.get("from") or typed.get("to")):
        return {}
    days = typed.get("days") or WEEK
    try:
        first, last = _clock(typed["from"]), _clock(typed["to"])
        days = sorted({int(one) for one in days})
    except (KeyError, TypeError, ValueError):
        raise _bad(WRONG) from None
    if first >= last or not days or not set(days) <= set(WEEK):
        raise _bad(WRONG)
    found: dict[str, Any] = {"from": f"{first:%H:%M}", "to": f"{last:%H:%M}", "days": days}
    if other := _by_day(typed.get("by_day") or {}, days):
        found["by_day"] = other
    return found


def _by_day(typed: Any, days: Sequence[int]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        for day, (begin, end) in sorted(typed.items()):
            first, last = _clock(begin), _clock(end)
            if first >= last or int(day) not in days:
                raise _bad(WRONG_DAY)
            found[str(int(day))] = [f"{first:%H:%M}", f"{last:%H:%M}"]
    except (AttributeError, TypeError, ValueError):
        raise _bad(WRONG_DAY) from None
    return found


def of_day(hours: Mapping[str, Any], weekday: int) -> tuple[time, time] | None:
    """From when to when (not included) clients may be called on a weekday (1 = Monday); None = not at all."""
    if weekday not in (hours.get("days") or WEEK):
        return None
    first, last = (hours.get("by_day") or {}).get(str(weekday)) or (hours["from"], hours["to"])
    return _clock(first), _clock(last)


def shown(hours: Mapping[str, Any]) -> list[tuple[list[int], str, str]]:
    """The hours as people read them: days that follow each other and are alike, from when, to when."""
    found: list[tuple[list[int], str, str]] = []
    for day in WEEK if hours else ():
        span = of_day(hours, day)
        if span is None:
            continue
        first, last = f"{span[0]:%H:%M}", f"{span[1]:%H:%M}"
        if found and found[-1][0][-1] == day - 1 and found[-1][1:] == (first, last):
            found[-1][0].append(day)
        else:
            found.append(([day], first, last))
    return found


def opens(hours: Mapping[str, Any], zones: Sequence[str], now: datetime) -> datetime | None:
    """When a client who may be in any of ``zones`` may be called: None = now, else the moment from which it is allowed
    in all of them, NEVER when there is none.
    """
    if not hours:
        return None
    where = _different(zones, now)
    if all(_open(hours, one, now) for one in where):
        return None
    begins = sorted({at for one in where for at in _begins(hours, one, now)})
    return next((at for at in begins if at > now and all(_open(hours, one, at) for one in where)), NEVER)


def _different(zones: Sequence[str], now: datetime) -> list[ZoneInfo]:
    """The zones of which each has a clock of its own, in the days that are looked through."""
    later = now + timedelta(days=AHEAD)
    found = {(now.astimezone(one).utcoffset(), later.astimezone(one).utcoffset()): one for one in map(_zone, zones)}
    return list(found.values())


def _open(hours: Mapping[str, Any], zone: ZoneInfo, at: datetime) -> bool:
    here = at.astimezone(zone)
    day = of_day(hours, here.isoweekday())
    return day is not None and day[0] <= here.time().replace(tzinfo=None) < day[1]


def _begins(hours: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> list[datetime]:
    here = now.astimezone(zone).date()
    days = [here + timedelta(days=ahead) for ahead in range(AHEAD)]
    begins = [(one, of_day(hours, one.isoweekday())) for one in days]
    return [datetime.combine(one, day[0], zone).astimezone(UTC) for one, day in begins if day is not None]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _clock(text: str) -> time:
    return time.fromisoformat(str(text).strip())


def _bad(message: str) -> BadInput:
    return BadInput(message, fields={"hours": message})
