"""What the calling page is filtered by, and when one may go on to the next client. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from callcenter.core.i18n import N_

FIELDS = ("q", "from", "to", "script", "outcome", "since", "until", "never", "phone", "tag")
"""Names in the address, in their order."""
EARLIEST, LATEST = "1000-01-01", "2999-12-31"
MAX_TAGS = 20
CHOOSE = N_("Choose how the talk ended: this script lets you go on only with a result.")
CALL = N_("Call the client and choose how the talk ended: this script lets you go on only with a result.")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. ``first`` and ``last``: what the client's clock shows now (``09:00``); ``script``,
    ``outcome``, ``since`` and ``until`` (``2026-03-02``): the last result; ``never``: only who was never called.
    """

    text: str = ""
    first: str = ""
    last: str = ""
    script: int | None = None
    outcome: int | None = None
    since: str = ""
    until: str = ""
    never: bool = False
    phone: bool = False
    tags: tuple[int, ...] = ()


def read(query: Mapping[str, str]) -> Filter:
    """What an address asks for; ``tag`` has ids with commas. What cannot be read is left out."""
    tags = [_whole(one) for one in query.get("tag", "").split(",")[:MAX_TAGS]]
    return Filter(
        text=query.get("q", "").strip()[:200],
        first=query.get("from", "").strip()[:5],
        last=query.get("to", "").strip()[:5],
        script=_whole(query.get("script", "")),
        outcome=_whole(query.get("outcome", "")),
        since=query.get("since", "").strip()[:10],
        until=query.get("until", "").strip()[:10],
        never=query.get("never") == "1",
        phone=query.get("phone") == "1",
        tags=tuple(one for one in tags if one is not None),
    )


def written(wanted: Filter) -> dict[str, str]:
    """The same as names and values of an address; what is not asked for is left out."""
    found = {
        "q": wanted.text,
        "from": wanted.first,
        "to": wanted.last,
        "script": str(wanted.script or ""),
        "outcome": str(wanted.outcome or ""),
        "since": wanted.since,
        "until": wanted.until,
        "never": "1" if wanted.never else "",
        "phone": "1" if wanted.phone else "",
        "tag": ",".join(map(str, wanted.tags)),
    }
    return {name: value for name, value in found.items() if value}


def conditions(wanted: Filter) -> list[dict[str, Any]]:
    """The same as conditions of the filter of clients."""
    found: list[dict[str, Any]] = []
    if wanted.first or wanted.last:
        # Only one end: from midnight, or until it.
        hours = [wanted.first or "00:00", wanted.last or "00:00"]
        found.append({"field": "client_time", "op": "between", "value": hours})
    if wanted.script is not None:
        found.append({"field": "last_script", "op": "in", "value": [wanted.script]})
    if wanted.outcome is not None:
        found.append({"field": "last_outcome", "op": "in", "value": [wanted.outcome]})
    if wanted.since or wanted.until:
        period = [wanted.since or EARLIEST, wanted.until or LATEST]
        found.append({"field": "last_result", "op": "between", "value": period})
    if wanted.never:
        found.append({"field": "called", "op": "no"})
    if wanted.phone:
        found.append({"field": "has_phone", "op": "yes"})
    # Each of the tags, as one narrows down.
    found += [{"field": "tags", "op": "in", "value": [one]} for one in wanted.tags]
    return found


def kept_back(*, skip_allowed: bool, said: bool, called: bool, callable_: bool) -> str:
    """Why the next card may not be opened yet (OUT-28); '' when it may.

    ``said``: an outcome of the last call to the client was chosen; ``called``: there was one today; ``callable_``: he
    has a number. Whom nobody can call, keeps nobody.
    """
    if skip_allowed or said:
        return ""
    if called:
        return CHOOSE
    return CALL if callable_ else ""


def clock(shown: Iterable[str]) -> str:
    """What the clock of a client shows, who may be in one of several zones: ``13:05``, or from when to when."""
    times = list(shown)
    return "" if not times else times[0] if len(times) == 1 else f"{times[0]}–{times[-1]}"


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 10 else None
