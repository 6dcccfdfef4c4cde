"""Filters of the call list: what may be asked for, and which moments a period means."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

KindFilter = Literal["in", "missed", "out", "internal", "spam"]
Period = Literal["today", "yesterday", "week", "month", "custom"]
KINDS: tuple[KindFilter, ...] = get_args(KindFilter)
PERIOD_TITLES: dict[Period, str] = {
    "today": N_("Today"),
    "yesterday": N_("Yesterday"),
    "week": N_("7 days"),
    "month": N_("30 days"),
    "custom": N_("Chosen dates"),
}
PER_PAGE = 30
MAX_PER_PAGE = 100
MAX_PAGE = 100_000


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the call list is narrowed to; empty = everything that the person may see. Moments are aware UTC.

    ``ids`` picks single calls, which must match the rest as well: a page asks so for the rows that changed.
    ``requests`` = «Только обращения»: of each outside number only its last call (TEL-17); ``message`` = the caller left
    one.
    """

    kind: KindFilter | None = None
    results: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    queues: tuple[int, ...] = ()
    agents: tuple[int, ...] = ()
    contact: int | None = None
    ids: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""
    requests: bool = False
    message: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A call list request as it came, checked for form: shown again in the filter bar as it was typed."""

    kind: str = ""
    result: list[str] = []
    number: list[int] = []
    queue: list[int] = []
    agent: list[int] = []
    contact: int | None = None
    period: str = ""
    from_: str = msgspec.field(default="", name="from")
    to: str = ""
    q: str = ""
    requests: bool = False
    message: bool = False
    page: int = 1
    per_page: int = PER_PAGE


class Span(NamedTuple):
    """From ``since`` (included) until ``until`` (excluded); None = open."""

    since: datetime | None
    until: datetime | None


def asked(query: dict[str, list[str]], results: tuple[str, ...]) -> Asked:
    """Reads a query string (name → values); raises BadInput that names the wrong field."""
    values: dict[str, object] = {}
    for name in ("kind", "period", "from", "to", "q"):
        values[name] = (query.get(name) or [""])[-1].strip()[:200]
    values["result"] = [one for one in query.get("result", ()) if one]
    for name in ("number", "queue", "agent"):
        values[name] = [_whole(one, name) for one in query.get(name, ()) if one][:200]
    values["requests"] = (query.get("requests") or [""])[-1] == "1"
    values["message"] = (query.get("message") or [""])[-1] == "1"
    contact = (query.get("contact") or [""])[-1]
    values["contact"] = _whole(contact, "contact") if contact else None
    page = (query.get("page") or ["1"])[-1]
    per_page = (query.get("per_page") or [str(PER_PAGE)])[-1]
    values["page"] = min(max(_whole(page, "page"), 1), MAX_PAGE)
    values["per_page"] = min(max(_whole(per_page, "per_page"), 1), MAX_PER_PAGE)
    form = msgspec.convert(values, Asked)
    if form.kind and form.kind not in KINDS:
        raise _wrong("kind")
    if form.period and form.period not in PERIOD_TITLES:
        raise _wrong("period")
    if any(one not in results for one in form.result):
        raise _wrong("result")
    return form


def filters(form: Asked, now: datetime, zone: ZoneInfo) -> Filters:
    """The request as filters; dates are days of ``zone``. Raises BadInput for dates that are none."""
    span = span_of(form, now, zone)
    return Filters(
        kind=msgspec.convert(form.kind, KindFilter) if form.kind else None,
        results=tuple(form.result),
        numbers=tuple(form.number),
        queues=tuple(form.queue),
        agents=tuple(form.agent),
        contact=form.contact,
        since=span.since,
        until=span.until,
        search=form.q,
        requests=form.requests,
        message=form.message,
    )


def span_of(form: Asked, now: datetime, zone: ZoneInfo) -> Span:
    """The moments that a period, or a from–to pair of days (both included), means."""
    today = now.astimezone(zone).date()
    if form.from_ or form.to:
        first, last = _day(form.from_, "from"), _day(form.to, "to")
        if first and last and last < first:
            first, last = last, first
        after = last + timedelta(days=1) if last else None
        return Span(_midnight(first, zone) if first else None, _midnight(after, zone) if after else None)
    if form.period == "today":
        return Span(_midnight(today, zone), None)
    if form.period == "yesterday":
        return Span(_midnight(today - timedelta(days=1), zone), _midnight(today, zone))
    if form.period in ("week", "month"):
        days = 6 if form.period == "week" else 29
        return Span(_midnight(today - timedelta(days=days), zone), None)
    return Span(None, None)


def digits(text: str) -> str:
    """The digits to look for when somebody typed a piece of a number; empty when it is no number.

    A Russian trunk prefix 8 and the country code 7 are left out, so that ``8 (495) 12`` finds ``+749512…``.
    """
    if any(c.isalpha() for c in text):
        return ""
    found = "".join(c for c in text if c.isdigit())
    international = text.lstrip().startswith("+")
    if len(found) < (2 if international else 3):
        return ""
    if not international and len(found) > 3 and found[0] in "78":
        found = found[1:]
    return found


def pages(total: int, per_page: int) -> int:
    """How many pages ``total`` rows make; at least one."""
    return max(1, -(-total // per_page))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _day(text: str, field: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _wrong(field) from None
    if not 2000 <= day.year <= 2200:
        raise _wrong(field)
    return day


def _whole(text: str, field: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise _wrong(field)
    return int(text)


def _wrong(field: str) -> BadInput:
    message = N_("The filter “%(field)s” has a value that does not exist. Choose one from the list.")
    return BadInput(message, field=field, fields={field: N_("Choose a value from the list.")})
