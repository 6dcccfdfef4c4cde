"""In which time zones a client may be: by his number, and by the city or address in his card (OBD-06). Pure.

A number may belong to several zones (a mobile of Russia to all of Russia's). What the address says narrows that down
when both agree; where they do not, each of them may be right, and a call has to fit all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

from callcenter.features.contacts.rules.regions import PLACES

# One letter is written in two ways.
_PLAIN = {0x451: 0x435}
_WORDS = re.compile(r"[^\W_]+")
_LONGEST = max(len(name.split()) for name in PLACES)


@lru_cache(maxsize=20_000)
def of_number(number: str) -> tuple[str, ...]:
    """The zones in which ``number`` (E.164) is used, by name; none where the numbering plan does not tell."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    found = {one for one in timezone.time_zones_for_number(parsed) if one != timezone.UNKNOWN_TIMEZONE}
    if number.startswith("+7") and "Europe/Bucharest" in found:
        # The tables say so for Kaliningrad, which has no summer time.
        found = found - {"Europe/Bucharest"} | {"Europe/Kaliningrad"}
    return tuple(sorted(found))


@lru_cache(maxsize=20_000)
def of_address(city: str, address: str) -> str:
    """The zone of the city, else of the first known place in the address; '' when it names none, or several."""
    return _one(city) or _one(address)


def _one(text: str) -> str:
    words = _WORDS.findall(text.casefold().translate(_PLAIN))
    found: set[str] = set()
    start = 0
    while start < len(words):
        for length in range(min(_LONGEST, len(words) - start), 0, -1):
            if zone := PLACES.get(" ".join(words[start : start + length])):
                found.add(zone)
                start += length - 1
                break
        start += 1
    return found.pop() if len(found) == 1 else ""


def narrowed(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """What two sources say together: the zones that both name, or all of them when they contradict each other.

    Zones with the same clock are one.
    """
    there = {_clock(one) for one in second}
    both = [one for one in first if _clock(one) in there]
    return tuple(sorted({_clock(one): one for one in (both or [*first, *second])}.values()))


@lru_cache(maxsize=1000)
def _clock(name: str) -> tuple[timedelta | None, ...]:
    """How far a zone is from UTC in winter and in summer."""
    return tuple(datetime(2026, month, 15, tzinfo=zone(name)).utcoffset() for month in (1, 7))


def of_client(numbers: Iterable[str], city: str, address: str) -> tuple[str, ...]:
    """The zones in which a client with these numbers may be; none = nothing tells it."""
    place = of_address(city, address)
    found: tuple[str, ...] = (place,) if place else ()
    for number in numbers:
        if zones := of_number(number):
            found = narrowed(found, zones)
    return found


def clocks(zones: Iterable[str], now: datetime) -> list[datetime]:
    """What the clocks of these zones show, the earliest first, each once."""
    shown = {here.replace(tzinfo=None): here for here in (now.astimezone(zone(one)) for one in zones)}
    return [shown[key] for key in sorted(shown)]


def within(zones: Sequence[str], first: time, last: time, now: datetime) -> bool:
    """Whether it is ``first`` or later, and before ``last``, in every one of the zones; ``last`` may be behind
    midnight."""
    for here in clocks(zones, now):
        at = here.time().replace(tzinfo=None)
        if not (first <= at < last if first <= last else at >= first or at < last):
            return False
    return bool(zones)


def zone(name: str) -> ZoneInfo:
    """The zone of this name; UTC when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
