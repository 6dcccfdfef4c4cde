"""Queues over HTTP: list, one, settings; the settings page."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, Conflict, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.queues import api, rules, usecases
from callcenter.features.queues.usecases import QueuePatch
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import QUEUES_EDIT
from callcenter.plugin import services

STRATEGY_NAMES = {
    "longest_idle": N_("Longest idle"),
    "ring_all": N_("Everybody at once"),
    "in_turn": N_("In turn"),
    "random": N_("Random"),
    "in_order": N_("In a fixed order"),
}
FORMULAS = {
    "standard": N_("Answered in time ÷ (answered + lost), without early hang-ups"),
    "asterisk": N_("Asterisk SL: answered in time ÷ answered"),
    "asterisk2": N_("Asterisk SL2: (answered + lost in time) ÷ (answered + lost)"),
    "genesys": N_("Genesys: answered in time ÷ (answered + all lost)"),
    "wazo": N_("Wazo QoS: answered in time ÷ answered"),
}
STRATEGY_HINTS = {
    "longest_idle": N_("The agent whose last talk ended longest ago is rung first."),
    "ring_all": N_("All free agents are rung; who answers first talks."),
    "in_turn": N_("Agents are rung one after another, going on where the last call stopped."),
    "random": N_("A free agent is picked by chance."),
    "in_order": N_("Always from the top of the list down."),
}


class QueueMemberView(msgspec.Struct, kw_only=True):
    """A member in the queue's order."""

    id: int
    name: str
    short_number: str


class QueueSettings(msgspec.Struct, kw_only=True):
    """A queue with its settings; times are seconds. ``number_id`` is set for a number's own queue."""

    id: int
    name: str
    number_id: int | None
    strategy: str
    answer_target: int
    short_abandon: int
    ring_seconds: int
    wrapup_seconds: int
    max_wait: int
    members: list[QueueMemberView]


class QueueForm(msgspec.Struct, kw_only=True):
    """The whole form of a queue; no ticked member means that nobody serves it."""

    name: str
    strategy: str
    answer_target: int
    short_abandon: int
    ring_seconds: int
    wrapup_seconds: int
    max_wait: int
    members: list[int] = []


class ServiceLevelBody(msgspec.Struct, kw_only=True):
    """The formula of the service level: standard, asterisk, asterisk2, genesys or wazo."""

    formula: str


class QueueList(msgspec.Struct, kw_only=True):
    """Queues by name."""

    queues: list[QueueSettings]


async def queue_list(request: web.Request) -> web.Response:
    """GET /api/v1/queues."""
    return render.api(request, QueueList(queues=await _queues(request)))


async def queue_one(request: web.Request) -> web.Response:
    """GET /api/v1/queues/{id}."""
    return render.api(request, await _queue(request, _id(request)))


async def queue_patch(request: web.Request) -> web.Response:
    """PATCH /api/v1/queues/{id}."""
    queue_id = _id(request)
    body = await render.body(request, QueuePatch)
    await usecases.edit_queue(services(request), current(request).business_id, queue_id, body)
    return render.api(request, await _queue(request, queue_id))


async def service_level(request: web.Request) -> web.Response:
    """GET /api/v1/service-level."""
    return render.api(request, ServiceLevelBody(formula=await _formula(request)))


async def set_service_level(request: web.Request) -> web.Response:
    """PUT /api/v1/service-level."""
    body = await render.body(request, ServiceLevelBody)
    await usecases.set_service_level(services(request), current(request).business_id, body.formula)
    return render.api(request, body)


async def choose_formula(request: web.Request) -> web.Response:
    """POST /queues/service-level: the form of the settings page."""
    body = await render.body(request, ServiceLevelBody)
    await usecases.set_service_level(services(request), current(request).business_id, body.formula)
    raise web.HTTPSeeOther("/queues")


async def _formula(request: web.Request) -> str:
    async with services(request).db.business(current(request).business_id) as session:
        business = await accounts.business(session, current(request).business_id)
    return str(business.settings.get("service_level", "standard")) if business else "standard"


async def settings(request: web.Request) -> web.Response:
    """GET /queues: all queues; ``?edit=ID`` opens one for editing."""
    edit = request.query.get("edit", "")
    may = current(request).can(QUEUES_EDIT)
    return await _page(request, int(edit) if may and edit.isdecimal() and len(edit) < 10 else None)


async def edit(request: web.Request) -> web.Response:
    """POST /queues/{id}: the form of the settings page."""
    queue_id = _id(request)
    typed = dict(await request.post())
    picked = [str(v) for v in (await request.post()).getall("members", [])]
    try:
        patch = QueuePatch(**msgspec.structs.asdict(await render.body(request, QueueForm)))
        await usecases.edit_queue(services(request), current(request).business_id, queue_id, patch)
    except (BadInput, Conflict) as error:
        return await _page(request, queue_id, typed={k: str(v) for k, v in typed.items()}, picked=picked, error=error)
    raise web.HTTPSeeOther("/queues")


async def _page(
    request: web.Request,
    open_id: int | None,
    *,
    typed: dict[str, str] | None = None,
    picked: list[str] | None = None,
    error: ProductError | None = None,
) -> web.Response:
    queues = await _queues(request)
    async with services(request).db.business(current(request).business_id) as session:
        people = await agents.all_agents(session)
    opened = next((q for q in queues if q.id == open_id), None)
    errors = render.fields_said(request, error) if error else {}
    order = [int(p) for p in picked or () if p.isdecimal()] if picked is not None else None
    if opened is not None and order is None:
        order = [m.id for m in opened.members]
    place = {agent_id: n for n, agent_id in enumerate(order or ())}
    return render.page(
        request,
        "queues/settings.html",
        status=422 if error else 200,
        queues=queues,
        opened=opened,
        form=(msgspec.structs.asdict(opened) if opened else {}) | (typed or {}),
        people=sorted(people, key=lambda a: (place.get(a.id, len(place)), a.name)),
        chosen=set(place),
        errors=errors,
        problem="" if errors or not error else render.said(request, error),
        strategies=STRATEGY_NAMES,
        hints=STRATEGY_HINTS,
        limits=rules.LIMITS,
        formula=await _formula(request),
        formulas=FORMULAS,
    )


async def _queues(request: web.Request) -> list[QueueSettings]:
    async with services(request).db.business(current(request).business_id) as session:
        found = await api.all_queues(session)
        people = await agents.by_ids(session, {m.agent_id for q in found for m in q.members})
    return [_view(q, people) for q in found]


async def _queue(request: web.Request, queue_id: int) -> QueueSettings:
    async with services(request).db.business(current(request).business_id) as session:
        found = await api.get(session, queue_id)
        if found is None or not found.active:
            raise NotFound(N_("There is no such queue."))
        return _view(found, await agents.by_ids(session, {m.agent_id for m in found.members}))


def _view(queue: api.QueueInfo, people: dict[int, agents.AgentInfo]) -> QueueSettings:
    return QueueSettings(
        id=queue.id,
        name=queue.name,
        number_id=queue.number_id,
        strategy=queue.strategy,
        answer_target=queue.answer_target,
        short_abandon=queue.short_abandon,
        ring_seconds=queue.ring_seconds,
        wrapup_seconds=queue.wrapup_seconds,
        max_wait=queue.max_wait,
        members=[
            QueueMemberView(id=m.agent_id, name=people[m.agent_id].name, short_number=people[m.agent_id].short_number)
            for m in queue.members
            if m.agent_id in people
        ],
    )


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not text.isdecimal() or len(text) > 9:
        raise NotFound(N_("There is no such queue."))
    return int(text)
