"""Reads what is asked for out of a request, and brings calls of the log together with what goes on now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.calls.models import CallAgent, CallRecord
from callcenter.features.calls.queries import lists, views
from callcenter.features.calls.rules import filters
from callcenter.features.calls.rules.filters import Asked, Filters
from callcenter.features.calls.rules.rows import RESULT_TITLES
from callcenter.features.calls.usecases.dial import scope_of
from callcenter.http.current import Current
from callcenter.http.permissions import CALLS_ALL
from callcenter.live.views import CallView
from callcenter.plugin import Services


class Found(NamedTuple):
    """A page of calls with everything that they refer to."""

    records: list[CallRecord]
    people: dict[str, list[CallAgent]]
    named: views.Named
    total: int


def asked(request: web.Request) -> Asked:
    """The filters as they were sent; raises BadInput."""
    query = {name: request.query.getall(name) for name in request.query}
    return filters.asked(query, tuple(RESULT_TITLES))


def zone(person: Current) -> ZoneInfo:
    """The person's time zone."""
    try:
        return ZoneInfo(person.timezone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def wanted(services: Services, person: Current, form: Asked) -> Filters:
    """The filters with dates as moments; raises BadInput."""
    return filters.filters(form, services.clock.now(), zone(person))


async def find(services: Services, session: AsyncSession, person: Current, form: Asked) -> Found:
    """The page of calls that was asked for and that the person may see."""
    found = await lists.page(session, wanted(services, person, form), scope_of(person), form.page, form.per_page)
    return await complete(session, found.records, found.total)


async def complete(session: AsyncSession, records: Sequence[CallRecord], total: int) -> Found:
    """Reads what the records refer to."""
    people = await lists.involved(session, [record.id for record in records])
    return Found(list(records), people, await views.names_for(session, records, people), total)


def put_live(services: Services, person: Current, view: CallView) -> None:
    """Shows a call that goes on as it is at this moment, and its cost only to who sees everybody's calls."""
    if not person.can(CALLS_ALL):
        view.cost = None
    if view.result is None:
        call = services.live.call(person.business_id, view.id)
        if call is not None:
            views.overlay(view, call)
