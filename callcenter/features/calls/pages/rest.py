"""The call log's API."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.calls import Call
from callcenter.core.clock import utc
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.features.calls.pages import asking, telling
from callcenter.features.calls.queries import views
from callcenter.features.calls.queries.lists import may_see
from callcenter.features.calls.queries.spam import page as spam_page
from callcenter.features.calls.queries.stored import one
from callcenter.features.calls.queries.views import CallDetail
from callcenter.features.calls.rules.filters import MAX_PER_PAGE, PER_PAGE, pages
from callcenter.features.calls.usecases import calling, dial, pausing, spam, transfer
from callcenter.features.calls.usecases.calling import CallingForm
from callcenter.features.calls.usecases.dial import CommentForm, DialForm, scope_of
from callcenter.features.calls.usecases.pausing import PauseLimit
from callcenter.features.calls.usecases.spam import SpamForm
from callcenter.features.calls.usecases.transfer import TransferForm
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.routes import Param
from callcenter.live.views import AgentBrief, CallView, NumberBrief
from callcenter.plugin import Services, services

_IDS = {"type": "array", "items": {"type": "integer"}}
LIST_PARAMS = (
    Param("kind", "in (answered), missed, out, internal or spam"),
    Param("result", "one or several results", {"type": "array", "items": {"type": "string"}}),
    Param("number", "ids of own numbers", _IDS),
    Param("queue", "ids of queues", _IDS),
    Param("agent", "ids of agents", _IDS),
    Param("contact", "id of a contact", {"type": "integer"}),
    Param("period", "today, yesterday, week or month, by the days of your time zone"),
    Param("from", "first day, YYYY-MM-DD", {"type": "string", "format": "date"}),
    Param("to", "last day, YYYY-MM-DD", {"type": "string", "format": "date"}),
    Param("q", "a piece of a number or of a name"),
    Param("requests", "1 = of each outside number only its last call"),
    Param("message", "1 = only calls in which a message was left"),
    Param("page", "from 1", {"type": "integer", "minimum": 1}),
    Param("per_page", f"at most {MAX_PER_PAGE}, else {PER_PAGE}", {"type": "integer", "maximum": MAX_PER_PAGE}),
)


class CallList(msgspec.Struct, kw_only=True):
    """A page of calls, newest first; ``pages`` is how many pages ``total`` calls make."""

    calls: list[CallView]
    total: int
    page: int
    per_page: int
    pages: int


class CommentView(msgspec.Struct, kw_only=True):
    """A call's comment as stored."""

    id: str
    comment: str


class Transferred(msgspec.Struct, kw_only=True):
    """The call that goes on elsewhere."""

    id: str


class HungUp(msgspec.Struct, kw_only=True):
    """The call that is being ended."""

    id: str


class SpamNumberView(msgspec.Struct, kw_only=True):
    """A number that is marked as spam, and since when."""

    number: str
    marked_at: str


class SpamList(msgspec.Struct, kw_only=True):
    """A page of the marked numbers, the newest first."""

    numbers: list[SpamNumberView]
    total: int
    page: int
    per_page: int


async def call_list(request: web.Request) -> web.Response:
    """GET /api/v1/calls: calls of the past and those that go on."""
    person, here = current(request), services(request)
    form = asking.asked(request)
    async with here.db.business(person.business_id) as session:
        found = await asking.find(here, session, person, form)
    calls = [views.call_view(record, found.people.get(record.id, ()), found.named) for record in found.records]
    for view in calls:
        asking.put_live(here, person, view)
    return render.api(
        request,
        CallList(
            calls=calls,
            total=found.total,
            page=form.page,
            per_page=form.per_page,
            pages=pages(found.total, form.per_page),
        ),
    )


async def call_one(request: web.Request) -> web.Response:
    """GET /api/v1/calls/{id}: one call with legs and story."""
    person, here = current(request), services(request)
    found = await detail(here, person, request.match_info["id"])
    words = await telling.told(request, found)
    steps = [msgspec.structs.replace(step, said=line.said) for step, line in zip(found.story, words.lines, strict=True)]
    return render.api(request, msgspec.structs.replace(found, story=steps, path=words.path))


async def call_dial(request: web.Request) -> web.Response:
    """POST /api/v1/calls: click-to-dial."""
    person, here = current(request), services(request)
    call = await dial.dial(here, person, await render.body(request, DialForm))
    return render.api(request, _fresh(here, call), status=201, headers={"Location": f"/api/v1/calls/{call.id}"})


async def call_hangup(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/hangup."""
    call_id = request.match_info["id"]
    await dial.hang_up(services(request), current(request), call_id)
    return render.api(request, HungUp(id=call_id), status=202)


async def calling_get(request: web.Request) -> web.Response:
    """GET /api/v1/me/calling."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        return render.api(request, await calling.mine(session, person))


async def calling_set(request: web.Request) -> web.Response:
    """PUT /api/v1/me/calling."""
    person = current(request)
    form = await render.body(request, CallingForm)
    async with services(request).db.business(person.business_id) as session:
        chosen = await calling.choose(session, person, form)
    return render.api(request, chosen)


async def call_rejoin(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/rejoin: the page came back without its talk."""
    call_id = request.match_info["id"]
    await dial.rejoin(services(request), current(request), call_id)
    return render.api(request, HungUp(id=call_id), status=202)


async def call_targets(request: web.Request) -> web.Response:
    """GET /api/v1/transfer-targets."""
    return render.api(request, await transfer.targets(services(request), current(request)))


async def call_transfer(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/transfer."""
    call_id = request.match_info["id"]
    await transfer.transfer(services(request), current(request), call_id, await render.body(request, TransferForm))
    return render.api(request, Transferred(id=call_id), status=202)


async def recording_pause(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/recording/pause."""
    found = await pausing.pause(services(request), current(request), request.match_info["id"])
    return render.api(request, found, status=202)


async def recording_resume(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/recording/resume."""
    found = await pausing.resume(services(request), current(request), request.match_info["id"])
    return render.api(request, found, status=202)


async def pause_limit(request: web.Request) -> web.Response:
    """GET /api/v1/settings/recording-pause."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        return render.api(request, PauseLimit(seconds=await pausing.limit_of(session, person.business_id)))


async def set_pause_limit(request: web.Request) -> web.Response:
    """PUT /api/v1/settings/recording-pause."""
    form = await render.body(request, PauseLimit)
    await pausing.set_limit(services(request), request, form.seconds)
    return render.api(request, form)


async def call_comment(request: web.Request) -> web.Response:
    """PATCH /api/v1/calls/{id}: the comment."""
    call_id = request.match_info["id"]
    form = await render.body(request, CommentForm)
    text = await dial.comment(services(request), current(request), call_id, form)
    return render.api(request, CommentView(id=call_id, comment=text))


async def call_spam(request: web.Request) -> web.Response:
    """POST /api/v1/calls/{id}/spam: marks the call's number, or takes the mark off."""
    form = await render.body(request, SpamForm)
    view = await spam.mark(services(request), current(request), request.match_info["id"], form.spam)
    return render.api(request, view)


async def spam_list(request: web.Request) -> web.Response:
    """GET /api/v1/spam-numbers."""
    form = asking.asked(request)
    async with services(request).db.business(current(request).business_id) as session:
        rows, total = await spam_page(session, form.page, form.per_page)
    numbers = [SpamNumberView(number=one.number, marked_at=views.iso(one.marked_at) or "") for one in rows]
    return render.api(request, SpamList(numbers=numbers, total=total, page=form.page, per_page=form.per_page))


async def detail(here: Services, person: Current, call_id: str) -> CallDetail:
    """A call that the person may see; NotFound else."""
    async with here.db.business(person.business_id) as session:
        rows = await one(session, call_id) if await may_see(session, call_id, scope_of(person)) else None
        if rows is None:
            raise NotFound(N_("This call is not there."))
        people = {call_id: rows.agents}
        mentioned = {leg.agent_id or 0 for leg in rows.legs} | {step.agent_id or 0 for step in rows.steps}
        named = await views.names_for(session, [rows.record], people, mentioned)
    view = views.call_view(rows.record, rows.agents, named)
    asking.put_live(here, person, view)
    return CallDetail(
        call=view,
        legs=[views.leg_view(leg, named) for leg in rows.legs],
        story=[views.step_view(step, named) for step in rows.steps],
    )


def _fresh(here: Services, call: Call) -> CallView:
    """A call that has just been asked for: hardly anything of it is in the log yet."""
    number = here.telephony.directory.numbers.get(call.number_id or 0)
    agent = here.telephony.directory.agents.get(call.agent_id or 0)
    view = CallView(
        id=call.id,
        direction=call.direction,
        state=call.state,
        result=call.result,
        from_=call.from_number,
        to=call.to_number,
        client_number=call.client_number,
        number=NumberBrief(id=number.id, e164=number.e164, title=number.title, kind=number.kind) if number else None,
        agents=[AgentBrief(id=agent.id, name=agent.name, talked=False)] if agent else [],
        agent_id=call.agent_id,
        started_at=views.iso(utc(call.started_at)) or "",
    )
    views.overlay(view, call)
    return view
