"""The call log's pages: list with filters and the 24-hour picture, one call, a comment, the history on a card."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.i18n import N_
from callcenter.core.phones import shown
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.calls.pages import asking, rest, telling
from callcenter.features.calls.queries import lists, views
from callcenter.features.calls.rules import day
from callcenter.features.calls.rules.filters import PER_PAGE, PERIOD_TITLES, Asked, pages
from callcenter.features.calls.rules.rows import KIND_TITLES, RESULT_TITLES, STATE_TITLES, STEP_TITLES, clock
from callcenter.features.calls.usecases import adding, dial
from callcenter.features.calls.usecases.dial import CommentForm, scope_of
from callcenter.features.contacts import api as contacts
from callcenter.features.numbers import api as numbers
from callcenter.features.prices import api as prices
from callcenter.features.queues import api as queues
from callcenter.features.recordings import api as recordings
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.live.views import CallView
from callcenter.plugin import Services, services

MAX_ROWS = 50
TITLES = {
    "kinds": KIND_TITLES,
    "results": RESULT_TITLES,
    "states": STATE_TITLES,
    "steps": STEP_TITLES,
    "periods": PERIOD_TITLES,
}


async def call_list(request: web.Request) -> web.Response:
    """GET /calls: the first tab of the telephony section."""
    person, here = current(request), services(request)
    form = asking.asked(request)
    async with here.db.business(person.business_id) as session:
        found = await asking.find(here, session, person, form)
        rows = await _rows(here, session, person, found)
        options = await _options(session, person)
        chart = await _chart(here, session, person)
        money = await _money(session, person)
    return render.page(
        request,
        "calls/list.html",
        rows=rows,
        money_in=money,
        total=found.total,
        pages=pages(found.total, form.per_page),
        form=form,
        filtered=_filtered(form),
        address=lambda **changes: _address(form, **changes),
        options=options,
        chart=chart,
        titles=TITLES,
        clock=clock,
    )


async def some_rows(request: web.Request) -> web.Response:
    """GET /calls/rows?id=…: the rows of single calls, as far as they match the filters; for pages that stay open."""
    person, here = current(request), services(request)
    form = asking.asked(request)
    ids = tuple(request.query.getall("id", ()))[:MAX_ROWS]
    async with here.db.business(person.business_id) as session:
        wanted = replace(asking.wanted(here, person, form), ids=ids)
        records = (await lists.page(session, wanted, scope_of(person), 1, MAX_ROWS)).records if ids else []
        rows = await _rows(here, session, person, await asking.complete(session, records, 0))
        money = await _money(session, person)
    return render.page(request, "calls/rows.html", rows=rows, money_in=money, titles=TITLES, clock=clock)


async def day_picture(request: web.Request) -> web.Response:
    """GET /calls/day: the 24-hour picture anew."""
    person, here = current(request), services(request)
    async with here.db.business(person.business_id) as session:
        chart = await _chart(here, session, person)
    return render.page(request, "calls/day.html", chart=chart)


async def call_page(request: web.Request) -> web.Response:
    """GET /calls/{id}: one call; as a fragment it is what opens under its row."""
    person, here = current(request), services(request)
    call_id = request.match_info["id"]
    detail = await rest.detail(here, person, call_id)
    async with here.db.business(person.business_id) as session:
        heard = [call_id] if _own_recording(person, detail.call) else []
        player = (await recordings.players(session, heard)).get(call_id)
    return render.page(
        request,
        "calls/call.html",
        detail=detail,
        story=await telling.told(request, detail),
        parts=await adding.parts_of(here, person, call_id),
        call=detail.call,
        recording=player,
        titles=TITLES,
        clock=clock,
    )


async def save_comment(request: web.Request) -> web.Response:
    """POST /calls/{id}/comment: from the form on the call's page."""
    call_id = request.match_info["id"]
    form = await render.body(request, CommentForm)
    await dial.comment(services(request), current(request), call_id, form)
    raise web.HTTPSeeOther(f"/calls/{call_id}")


ENTRY_TITLES = {"in": N_("Incoming call"), "out": N_("Outgoing call"), "internal": N_("Internal call")}


async def history(
    here: Services, person: Current, contact_id: int, until: datetime | None, limit: int
) -> list[contacts.Entry]:
    """The calls in a contact's history: all of its numbers, whoever took them (TEL-20, TEL-22).

    Whether somebody may open a call or listen to it is checked there.
    """
    async with here.db.business(person.business_id) as session:
        records = await lists.of_contact(session, contact_id, until, limit)
        rows = await _rows(here, session, person, await asking.complete(session, records, len(records)))
        heard = [row.call.id for row in rows if row.call.recording and _own_recording(person, row.call)]
        players = await recordings.players(session, heard)
    return [
        contacts.Entry(
            at=record.started_at,
            key=record.id,
            title=ENTRY_TITLES[record.direction],
            text=row.call.comment,
            data={
                "call_id": record.id,
                "direction": record.direction,
                "result": record.result,
                "outcomes": [msgspec.to_builtins(one) for one in row.call.outcomes],
            },
            shown={"row": row, "player": players.get(record.id), "titles": TITLES, "clock": clock},
        )
        for record, row in zip(records, rows, strict=True)
    ]


async def _rows(here: Services, session: AsyncSession, person: Current, found: asking.Found) -> list[views.Row]:
    counts = await contacts.counters(session, {one.contact_id for one in found.records if one.contact_id})
    me = here.telephony.directory.agents.get(person.agent_id or 0)
    short = me.short_number if me else ""
    rows = [views.row_of(one, found.people.get(one.id, ()), found.named, counts, short) for one in found.records]
    for row in rows:
        asking.put_live(here, person, row.call)
    return rows


async def _money(session: AsyncSession, person: Current) -> str:
    """The currency of the column «Cost»; empty = no column: no prices are set, or they are not to be seen."""
    if not person.can("calls.all") or not await prices.prices(session):
        return ""
    business = await accounts.business(session, person.business_id)
    return business.currency if business else ""


def _own_recording(person: Current, call: CallView) -> bool:
    """Whether to offer the player; the recording itself checks again."""
    if person.can("recordings.all"):
        return True
    message = call.recording is not None and call.recording.message
    return person.can("recordings.own") and any(
        (one.talked or message) and one.id == person.agent_id for one in call.agents
    )


async def _options(session: AsyncSession, person: Current) -> dict[str, list[tuple[int | str, str]]]:
    """What the filters offer: (value, text). Texts of results are keys for translation in the template."""
    own = await numbers.all_numbers(session)
    return {
        "numbers": [(one.id, " ".join((one.title, shown(one.e164))).strip()) for one in own],
        "queues": [(one.id, one.name) for one in await queues.all_queues(session) if one.number_id is None],
        "agents": [(one.id, one.name) for one in await agents.all_agents(session)] if person.can("calls.all") else [],
        "results": [*RESULT_TITLES.items()],
    }


async def _chart(here: Services, session: AsyncSession, person: Current) -> day.Chart:
    where = asking.zone(person)
    first = day.first_hour(here.clock.now(), where)
    counts = await lists.day_counts(session, first, scope_of(person))
    return day.chart(day.hours(counts, first, where))


def _filtered(form: Asked) -> bool:
    """Whether anything narrows the list."""
    return any((form.kind, form.result, form.number, form.queue, form.agent, form.contact, form.period, form.q)) or any(
        (form.from_, form.to, form.requests, form.message)
    )


def _address(form: Asked, **changes: Any) -> str:
    """The list's address with some filters changed; any change but of the page goes back to the first page."""
    values: dict[str, Any] = {
        "kind": form.kind,
        "result": form.result,
        "number": form.number,
        "queue": form.queue,
        "agent": form.agent,
        "contact": form.contact,
        "requests": 1 if form.requests else None,
        "message": 1 if form.message else None,
        "period": form.period,
        "from": form.from_,
        "to": form.to,
        "q": form.q,
        "per_page": form.per_page if form.per_page != PER_PAGE else None,
    }
    values |= {name.rstrip("_"): value for name, value in changes.items()}
    if values.get("page") == 1:
        values["page"] = None
    query = urlencode([(name, one) for name, value in values.items() for one in _each(value)])
    return f"/calls?{query}" if query else "/calls"


def _each(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
