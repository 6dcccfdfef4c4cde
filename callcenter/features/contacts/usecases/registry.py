"""What higher features add to cards: parts of the page, kinds of history, what an archive takes along, objections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.http.current import Current
from callcenter.plugin import Services

Hook = Callable[[AsyncSession, Collection[int]], Awaitable[None]]
"""``hook(session, contact_ids)`` removes what goes with cards that are put into the archive (CON-12)."""
Guard = Callable[[AsyncSession, Collection[int]], Awaitable[dict[int, str]]]
"""``guard(session, contact_ids)`` → why a card may not be deleted (a gettext key), for those that may not (CON-22)."""


class Section(NamedTuple):
    """A tab of the contact's page that another feature fills.

    ``load(services, current, contact_id, page)`` gives the values for ``template``; ``page`` counts from 1.
    """

    name: str
    template: str
    load: Callable[[Services, Current, int, int], Awaitable[dict[str, Any]]]
    title: str = ""


class Entry(NamedTuple):
    """One entry of a history from another feature. ``data`` is JSON-ready, ``shown`` is what its template needs."""

    at: datetime
    key: str
    title: str
    text: str
    data: dict[str, Any]
    shown: Any


class Source(NamedTuple):
    """Entries of one kind from another feature.

    ``load(services, current, contact_id, until, limit)`` gives the newest that began at ``until`` or before (None =
    now), newest first, and among those of one moment in an order that does not change. ``template`` draws ``entry``.
    """

    kind: str
    template: str
    load: Callable[[Services, Current, int, datetime | None, int], Awaitable[list[Entry]]]


sections: dict[str, Section] = {}
sources: dict[str, Source] = {}
archive_hooks: list[Hook] = []
guards: dict[str, Guard] = {}
