"""The supervisor's commands."""

from __future__ import annotations

from typing import Literal

import msgspec
from aiohttp import web

from callcenter.features.supervision import api as supervision
from callcenter.features.supervision.usecases import controlling
from callcenter.features.supervision.usecases.spying import Listener, SpyView, spying, told_to_agents, view
from callcenter.http import render
from callcenter.http.current import current
from callcenter.live.audience import Audience
from callcenter.live.views import Waiting
from callcenter.plugin import services

Mode = Literal["listen", "whisper", "barge"]


class SpyForm(msgspec.Struct, kw_only=True):
    """Whom to listen to, and how: ``listen``, ``whisper`` (the agent hears me) or ``barge`` (both hear me)."""

    agent_id: int
    mode: Mode = "listen"


class ModeForm(msgspec.Struct, kw_only=True):
    """Another mode."""

    mode: Mode


class RedirectForm(msgspec.Struct, kw_only=True):
    """Where a call shall go: ``kind`` agent or queue with an id as ``target``, or number with a telephone number."""

    kind: Literal["agent", "queue", "number"]
    target: str


class SettingsForm(msgspec.Struct, kw_only=True):
    """``tell_agents``: whether an agent is shown who listens to him."""

    tell_agents: bool


class OwnSpy(msgspec.Struct, kw_only=True):
    """My own spy, or null."""

    spy: SpyView | None


class Listeners(msgspec.Struct, kw_only=True):
    """Who listens to me, as far as the company tells its agents."""

    listeners: list[Listener]


class WaitingQueue(msgspec.Struct, kw_only=True):
    """A queue's callers in the order in which they will be taken."""

    id: int
    name: str
    waiting: list[Waiting]


class WaitingList(msgspec.Struct, kw_only=True):
    """All queues of the company."""

    queues: list[WaitingQueue]


class Done(msgspec.Struct, kw_only=True):
    """It was ordered; the live picture shows what comes of it."""

    ok: bool = True


async def begin(request: web.Request) -> web.Response:
    """POST /api/v1/supervision/spies."""
    form = await render.body(request, SpyForm)
    spy = await spying(services(request)).begin(current(request), form.agent_id, form.mode)
    return render.api(request, view(spy), status=201)


async def own(request: web.Request) -> web.Response:
    """GET /api/v1/supervision/spies."""
    spy = spying(services(request)).of(current(request))
    return render.api(request, OwnSpy(spy=view(spy) if spy else None))


async def change(request: web.Request) -> web.Response:
    """PUT /api/v1/supervision/spies/{id}."""
    form = await render.body(request, ModeForm)
    spy = await spying(services(request)).change(current(request), request.match_info["id"], form.mode)
    return render.api(request, view(spy))


async def end(request: web.Request) -> web.Response:
    """DELETE /api/v1/supervision/spies/{id}."""
    await spying(services(request)).end(current(request), request.match_info["id"])
    return web.Response(status=204)


async def listeners(request: web.Request) -> web.Response:
    """GET /api/v1/me/listeners."""
    person = current(request)
    found = spying(services(request)).on_agent(person.business_id, person.agent_id or 0)
    return render.api(request, Listeners(listeners=found))


async def waiting(request: web.Request) -> web.Response:
    """GET /api/v1/supervision/waiting."""
    found = services(request).live.snapshot(Audience(current(request).business_id, sees_all=True))
    queues = sorted(found.queues.values(), key=lambda queue: (queue.name.casefold(), queue.id))
    return render.api(
        request,
        WaitingList(queues=[WaitingQueue(id=q.id, name=q.name, waiting=q.waiting) for q in queues]),
    )


async def hang_up(request: web.Request) -> web.Response:
    """POST /api/v1/supervision/calls/{id}/hangup."""
    await controlling.hang_up(services(request), current(request), request.match_info["id"])
    return render.api(request, Done(), status=202)


async def redirect(request: web.Request) -> web.Response:
    """POST /api/v1/supervision/calls/{id}/redirect."""
    form = await render.body(request, RedirectForm)
    await controlling.redirect(services(request), current(request), request.match_info["id"], form.kind, form.target)
    return render.api(request, Done(), status=202)


async def front(request: web.Request) -> web.Response:
    """POST /api/v1/supervision/calls/{id}/front."""
    await controlling.to_front(services(request), current(request), request.match_info["id"])
    return render.api(request, Done(), status=202)


async def settings(request: web.Request) -> web.Response:
    """GET /api/v1/supervision/settings."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        return render.api(request, SettingsForm(tell_agents=await told_to_agents(session, person.business_id)))


async def save_settings(request: web.Request) -> web.Response:
    """PUT /api/v1/supervision/settings: spies that go on keep what they began with."""
    form = await render.body(request, SettingsForm)
    await supervision.set_told(services(request), request, form.tell_agents)
    return render.api(request, form)
