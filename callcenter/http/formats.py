"""How moments, durations, money and numbers are written for people, by language and time zone. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from babel import Locale, dates, numbers

from callcenter.core import phones

# English here is for business between countries: day before month, 24 hours.
_LOCALES = {"ru": "ru_RU", "en": "en_GB"}


@lru_cache(maxsize=8)
def locale(language: str) -> Locale:
    """Babel's locale for one of our languages."""
    return Locale.parse(_LOCALES.get(language, "en_GB"))


@lru_cache(maxsize=600)
def zone(name: str) -> ZoneInfo:
    """The time zone; UTC when the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def zone_title(timezone: str, language: str, on: date) -> str:
    """A time zone by its city and how far it was from UTC at noon of a day: ``Владивосток, UTC+10``."""
    ahead = datetime.combine(on, clock_time(12), zone(timezone)).utcoffset() or timedelta()
    minutes = int(ahead.total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    city = dates.get_timezone_location(zone(timezone), locale=locale(language), return_city=True)
    return f"{city}, UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"


def language_name(language: str) -> str:
    """What a language calls itself."""
    return (locale(language).get_language_name(language) or language).capitalize()


def local(value: datetime | float | str, timezone: str) -> datetime:
    """A moment (aware datetime, epoch seconds or ISO 8601 text) in the person's zone."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, int | float):
        value = datetime.fromtimestamp(value, UTC)
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place on a page")
    return value.astimezone(zone(timezone))


def time(value: datetime | float | str, language: str, timezone: str, *, seconds: bool = False) -> str:
    """``14:05``, with ``seconds`` ``14:05:09``."""
    pattern = "HH:mm:ss" if seconds else "HH:mm"
    return dates.format_time(local(value, timezone), pattern, locale=locale(language))


def day(value: date | datetime | float | str, language: str, timezone: str, style: str = "medium") -> str:
    """A date: ``short`` 21.11.2025, ``medium`` 21 нояб. 2025 г., ``long``, or ``plain`` 21 ноября."""
    if isinstance(value, str) and len(value) == 10:
        value = date.fromisoformat(value)
    shown = value if isinstance(value, date) and not isinstance(value, datetime) else local(value, timezone).date()
    if style == "plain":
        return dates.format_skeleton("MMMMd", shown, locale=locale(language))
    if style == "short":
        return dates.format_date(shown, "dd.MM.yyyy" if language == "ru" else "dd/MM/yyyy", locale=locale(language))
    return dates.format_date(shown, style, locale=locale(language))


def moment(value: datetime | float | str, language: str, timezone: str) -> str:
    """Date and time: ``21 нояб. 2025 г., 14:05``."""
    return f"{day(value, language, timezone)}, {time(value, language, timezone)}"


def duration(seconds: float | None) -> str:
    """``0:38`` below an hour, ``1:40:12`` from an hour on; a dash when there is none."""
    if seconds is None:
        return "—"
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, last = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"


def money(minor: int | None, currency: str, language: str) -> str:
    """An amount of minor units: ``1 200 ₽``, ``1 200,50 ₽``; whole amounts show no fraction."""
    if minor is None:
        return "—"
    digits = numbers.get_currency_precision(currency)
    amount = Decimal(minor).scaleb(-digits)
    whole = amount == amount.to_integral_value()
    pattern = locale(language).currency_formats["standard"].pattern
    if whole:
        pattern = pattern.replace(".00", "")
    return numbers.format_currency(amount, currency, pattern, locale=locale(language), currency_digits=not whole)


def number(value: float | None, language: str, digits: int = 0) -> str:
    """A number with the language's own separators."""
    if value is None:
        return "—"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, pattern, locale=locale(language))


def percent(share: float | None, language: str, digits: int = 0) -> str:
    """A share (0–1) as per cent; a dash when there is none."""
    if share is None:
        return "—"
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + ("\xa0%" if language == "ru" else "%")
    return numbers.format_percent(share, pattern, locale=locale(language))


def phone(value: str, language: str) -> str:
    """Russians read ``+7 (495) 123-45-67``, others the international form ``+7 495 123-45-67``."""
    if language == "ru" or not value.startswith("+"):
        return phones.shown(value)
    try:
        parsed = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
