"""Numbers over HTTP: the list for everybody, changes for administrators, the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core import routing
from callcenter.core.routing import Forward, Goal, Hours
from callcenter.features.agents import api as agents
from callcenter.features.confirmations import api as confirmations
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import queries, rules, usecases
from callcenter.features.numbers.models import Number
from callcenter.features.numbers.usecases import NumberPatch
from callcenter.features.queues import api as queues
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.plugin import Services, services


class TargetView(msgspec.Struct, kw_only=True):
    """Where calls go: ``kind`` queue, menu or agent."""

    kind: str
    id: int | None
    name: str


class NumberView(msgspec.Struct, kw_only=True):
    """A number. ``title`` is the line's name; ``takers`` is target, all or some (``agent_ids`` then names them).

    ``strategy`` and ``ring_seconds`` are those of its own queue; other fields are as in a change. ``forward_state`` is
    the confirmation of the one number that calls are forwarded to: line, valid, ending (until ``forward_until``), none
    or expired, with which nothing is forwarded; '' = calls are not forwarded to one number.
    """

    id: int
    e164: str
    title: str
    kind: str
    agent_id: int | None
    target: TargetView
    takers: str
    agent_ids: list[int]
    record: bool
    outgoing: bool
    strategy: str
    ring_seconds: int
    own_first: bool
    last_days: int
    own_seconds: int
    priority: int
    hours: Hours | None
    closed_target: Goal | None
    greeting: str
    waiting: str
    busy: str
    nobody: str
    closed: str
    menu_id: int | None
    forward: Forward
    forward_state: str
    forward_until: str | None
    missed_agent_id: int | None
    created_at: str


class NumberList(msgspec.Struct, kw_only=True):
    """The business's numbers by date added."""

    numbers: list[NumberView]


async def number_list(request: web.Request) -> web.Response:
    """GET /api/v1/numbers."""
    return render.api(request, NumberList(numbers=await views(services(request), current(request))))


async def number_patch(request: web.Request) -> web.Response:
    """PATCH /api/v1/numbers/{id}: name (TEL-19), recording, who takes the calls (INB-03)."""
    here, person = services(request), current(request)
    number_id = int(request.match_info["id"])
    patch = await render.body(request, NumberPatch)
    await usecases.change(here, person, number_id, patch, apply=request.query.get("apply") == "1")
    found = [one for one in await views(here, person) if one.id == number_id]
    return render.api(request, found[0])


async def number_patch_all(request: web.Request) -> web.Response:
    """PATCH /api/v1/numbers: the same change for all numbers (INB-12)."""
    here, person = services(request), current(request)
    patch = await render.body(request, NumberPatch)
    await usecases.change_all(here, person, patch, apply=request.query.get("apply") == "1")
    return render.api(request, NumberList(numbers=await views(here, person)))


async def number_page(request: web.Request) -> web.Response:
    """GET /numbers: the second tab of the telephony section."""
    here, person = services(request), current(request)
    gone = request.query.get("gone", "")
    async with here.db.business(person.business_id) as session:
        former = await queries.number(session, int(gone)) if gone.isascii() and gone[:9].isdecimal() else None
    return render.page(
        request,
        "numbers/list.html",
        numbers=await views(here, person),
        titles={"targets": rules.TARGET_TITLES},
        gone=former if former is not None and not former.active else None,
        states=confirmations.STATES,
    )


async def views(here: Services, person: Current) -> list[NumberView]:
    async with here.db.business(person.business_id) as session:
        found = await queries.numbers(session)
        people = {one.id: one for one in await agents.all_agents(session)}
        lines = {one.id: one for one in await queues.all_queues(session)}
        queue_of = {one.number_id: one for one in lines.values() if one.number_id}
        menus = {one.id: one for one in await ivr.all_menus(session)}
        known = await confirmations.every(session)
    lines_of_own, now = {one.e164 for one in found}, here.clock.now()
    ends: dict[str, datetime] = {one.e164: one.expires_at for one in known}

    def forwarded(wish: Forward) -> tuple[str, str | None]:
        if wish.mode != "one" or not wish.number:
            return "", None
        if wish.number in lines_of_own:
            return "line", None
        until = ends.get(wish.number)
        return confirmations.state(until, now), until.isoformat().replace("+00:00", "Z") if until else None

    def name(number: Number) -> str:
        owner: Any = {"queue": lines, "menu": menus, "agent": people}.get(number.target_kind, {})
        there = owner.get(number.target_id)
        return there.name if there else ""

    return [
        NumberView(
            id=one.id,
            e164=one.e164,
            title=one.title,
            kind=one.kind,
            agent_id=one.agent_id,
            target=TargetView(kind="agent", id=one.agent_id, name=people[one.agent_id].name)
            if one.kind == "personal" and one.agent_id in people
            else TargetView(kind=one.target_kind, id=one.target_id, name=name(one)),
            takers=one.takers or "target",
            agent_ids=[m.agent_id for m in queue_of[one.id].members] if one.takers and one.id in queue_of else [],
            record=one.record,
            outgoing=one.outgoing,
            strategy=queue_of[one.id].strategy if one.id in queue_of else "longest_idle",
            ring_seconds=queue_of[one.id].ring_seconds if one.id in queue_of else 20,
            own_first=one.own_first,
            last_days=one.last_days,
            own_seconds=one.own_seconds,
            priority=one.priority,
            hours=routing.hours(one.hours),
            closed_target=routing.goal(one.closed_target),
            greeting=one.greeting,
            waiting=one.waiting,
            busy=one.busy,
            nobody=one.nobody,
            closed=one.closed,
            menu_id=one.menu_id,
            forward=routing.forward(one.forward),
            forward_state=forwarded(routing.forward(one.forward))[0],
            forward_until=forwarded(routing.forward(one.forward))[1],
            missed_agent_id=one.missed_agent_id,
            created_at=one.created_at.isoformat().replace("+00:00", "Z"),
        )
        for one in found
    ]
