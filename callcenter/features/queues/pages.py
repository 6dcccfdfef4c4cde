"""Queues over HTTP: list, one, settings; the settings page."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, Conflict, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.core.routing import (
    HIGHEST_KEYS,
    MAX_LEVEL,
    MAX_RELAXATIONS,
    STANDARD_SURVEY,
    Asked,
    Goal,
    Relaxation,
    Survey,
)
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.prompts import api as prompts
from callcenter.features.queues import api, rules, usecases
from callcenter.features.queues.usecases import QueuePatch
from callcenter.features.skills import api as skills
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
    announce_seconds: int
    callback_key: str
    max_callers: int
    overflow: Goal | None
    asked: Asked | None
    survey: Survey | None
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
    announce_seconds: int = 0
    callback_key: str = ""
    max_callers: int = 0
    overflow_choice: str = ""
    overflow_number: str = ""
    asked_skill: str = ""
    asked_level: int = 1
    relax_after: list[str] = []
    relax_level: list[int] = []
    survey: str = ""
    survey_first: str = ""
    survey_second: str = ""
    survey_thanks: str = ""
    survey_first_most: int = 5
    survey_second_most: int = 5
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
    person = current(request)
    await usecases.edit_queue(
        services(request),
        person.business_id,
        queue_id,
        body,
        apply=request.query.get("apply") == "1",
        user_id=person.user_id,
    )
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
    sent = await request.post()
    typed: dict[str, Any] = {key: str(value) for key, value in sent.items()}
    typed["survey"] = str(sent.get("survey", ""))
    typed["relax"] = list(zip(*(map(str, sent.getall(f"relax_{one}", [])) for one in ("after", "level")), strict=False))
    picked = [str(v) for v in sent.getall("members", [])]
    try:
        form = msgspec.structs.asdict(await render.body(request, QueueForm))
        goal = _goal(form.pop("overflow_choice"), form.pop("overflow_number"))
        asked = _asked(*(form.pop(name) for name in ("asked_skill", "asked_level", "relax_after", "relax_level")))
        survey = _survey(form)
        patch = QueuePatch(**form, overflow=goal, asked=asked, survey=survey)
        person = current(request)
        await usecases.edit_queue(services(request), person.business_id, queue_id, patch, user_id=person.user_id)
    except (BadInput, Conflict) as error:
        return await _page(request, queue_id, typed=typed, picked=picked, error=error)
    raise web.HTTPSeeOther("/queues")


async def _page(
    request: web.Request,
    open_id: int | None,
    *,
    typed: dict[str, Any] | None = None,
    picked: list[str] | None = None,
    error: ProductError | None = None,
) -> web.Response:
    queues = await _queues(request)
    async with services(request).db.business(current(request).business_id) as session:
        people = await agents.all_agents(session)
        skill_names = await skills.names(session)
        sounds = await prompts.choices(session)
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
        form=(_form(opened) if opened else {}) | (typed or {}),
        people=sorted(people, key=lambda a: (place.get(a.id, len(place)), a.name)),
        chosen=set(place),
        errors=errors,
        problem="" if errors or not error else render.said(request, error),
        strategies=STRATEGY_NAMES,
        hints=STRATEGY_HINTS,
        limits=rules.LIMITS,
        formula=await _formula(request),
        formulas=FORMULAS,
        skills=skill_names,
        most_level=MAX_LEVEL,
        most_steps=MAX_RELAXATIONS,
        prompts=sounds,
        highest_keys=HIGHEST_KEYS,
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
        announce_seconds=queue.announce_seconds,
        callback_key=queue.callback_key,
        max_callers=queue.max_callers,
        overflow=queue.overflow,
        asked=queue.asked,
        survey=queue.survey,
        members=[
            QueueMemberView(id=m.agent_id, name=people[m.agent_id].name, short_number=people[m.agent_id].short_number)
            for m in queue.members
            if m.agent_id in people
        ],
    )


def _form(queue: QueueSettings) -> dict[str, Any]:
    """What the form shows."""
    goal = queue.overflow
    choice = "" if goal is None else goal.kind if goal.id is None else f"{goal.kind}-{goal.id}"
    number = goal.number if goal is not None else ""
    asked, survey = queue.asked, queue.survey or STANDARD_SURVEY
    return msgspec.structs.asdict(queue) | {
        "overflow_choice": choice,
        "overflow_number": number,
        "asked_skill": str(asked.skill_id) if asked else "",
        "asked_level": str(asked.level if asked else 1),
        "relax": [(str(one.after), str(one.level)) for one in asked.relax] if asked else [],
        "survey": "1" if queue.survey else "",
        **{f"survey_{name}": str(value) for name, value in msgspec.structs.asdict(survey).items()},
    }


def _survey(form: dict[str, Any]) -> Survey | None:
    """Takes the survey's fields out of the form; None when it is off."""
    values = {name: form.pop(f"survey_{name}") for name in Survey.__struct_fields__}
    return Survey(**values) if form.pop("survey") else None


def _asked(skill: str, level: int, after: list[str], levels: list[int]) -> Asked | None:
    """The skill that was chosen ('' = none); steps without seconds are left out. Raises BadInput."""
    if not _whole(skill):
        return None
    steps = []
    for typed, least in zip((one.strip() for one in after), levels, strict=False):
        if typed and not _whole(typed):
            text = N_("Enter the seconds of each step as a whole number.")
            raise BadInput(text, fields={"asked": text})
        if typed:
            steps.append(Relaxation(after=int(typed), level=least))
    return Asked(skill_id=int(skill), level=level, relax=tuple(steps))


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _goal(choice: str, number: str) -> Goal | None:
    """What was chosen; '' = as the number says."""
    if choice == "external":
        return Goal(kind="external", number=number)
    kind, _, goal_id = choice.partition("-")
    return Goal(kind=kind, id=int(goal_id) if goal_id.isdecimal() and len(goal_id) < 10 else None) if kind else None


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not text.isdecimal() or len(text) > 9:
        raise NotFound(N_("There is no such queue."))
    return int(text)
