"""Agents over HTTP: one's own state and phones, the list for everybody, the states that supervisors choose."""

from __future__ import annotations

from typing import Literal

import msgspec
from aiohttp import web

from callcenter.config import Settings
from callcenter.core.directory import DeviceKind
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.i18n import N_
from callcenter.features.agents import queries, rules
from callcenter.features.agents.models import Agent, Device
from callcenter.features.agents.usecases import people, states
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.live.views import AgentView
from callcenter.plugin import Services, services

# A password must not stay in any cache, nor in a browser's history.
SECRET = {"Cache-Control": "no-store, private", "Pragma": "no-cache"}


class StateBody(msgspec.Struct, kw_only=True):
    """A state that is chosen. ``reason_id`` (or ``reason``, a key or a name of the list) is why one is paused."""

    state: Literal["ready", "paused", "offline"]
    reason: str = ""
    reason_id: int | None = None


class AgentPatch(msgspec.Struct, kw_only=True):
    """Changes of an agent; what is left out stays."""

    name: str | None = None
    short_number: str | None = None


class AutoAnswerForm(msgspec.Struct, kw_only=True):
    """What my phone answers by itself after a tone: calls that the dialer or a program brings, calls from queues."""

    dialed: bool
    queue: bool


class DeviceView(msgspec.Struct, kw_only=True):
    """One's own phone: how to sign in with it, and whether it is on line."""

    kind: DeviceKind
    login: str
    password: str
    server: str
    domain: str
    transport: str
    ws_url: str | None
    online: bool


class DeviceList(msgspec.Struct, kw_only=True):
    """One's own phones."""

    devices: list[DeviceView]
    operator: bool = False


class AgentList(msgspec.Struct, kw_only=True):
    """Agents by name."""

    agents: list[AgentView]


async def my_state(request: web.Request) -> web.Response:
    """GET /api/v1/me/state."""
    person, agent_id = _me(request)
    return render.api(request, await view(services(request), person.business_id, agent_id))


async def set_my_state(request: web.Request) -> web.Response:
    """PUT or POST /api/v1/me/state."""
    person, agent_id = _me(request)
    body = await render.body(request, StateBody)
    service = services(request)
    if body.state == "paused" and not service.telephony.directory.answers_a_number(agent_id):
        raise Conflict(
            N_("No calls come in to you, so there is nothing to pause from. Go off line instead."), code="no_inbound"
        )
    await states.set_wanted(service, person.business_id, agent_id, body.state, body.reason, body.reason_id)
    # That he is there was seen just now; hundreds of agents do this at once.
    now = service.live.agent(person.business_id, agent_id)
    return render.api(request, now or await view(service, person.business_id, agent_id))


async def extend_wrapup(request: web.Request) -> web.Response:
    """POST /api/v1/me/wrapup/extend."""
    person, agent_id = _me(request)
    await states.extend_wrapup(services(request), person.business_id, agent_id)
    return render.api(request, await view(services(request), person.business_id, agent_id))


async def set_state(request: web.Request) -> web.Response:
    """PUT /api/v1/agents/{id}/state: a supervisor chooses for an agent."""
    person, agent_id = current(request), asked_id(request)
    body = await render.body(request, StateBody)
    await states.set_wanted(
        services(request), person.business_id, agent_id, body.state, body.reason, body.reason_id, by=person
    )
    return render.api(request, await view(services(request), person.business_id, agent_id))


async def my_devices(request: web.Request) -> web.Response:
    """GET /api/v1/me/devices."""
    person, agent_id = _me(request)
    return render.api(request, await _devices(services(request), person.business_id, agent_id), headers=SECRET)


async def my_auto_answer(request: web.Request) -> web.Response:
    """GET /api/v1/me/auto-answer."""
    person, agent_id = _me(request)
    async with services(request).db.business(person.business_id) as session:
        agent = await queries.agent(session, agent_id)
        if agent is None:
            raise NotFound(N_("There is no such agent."))
        return render.api(request, AutoAnswerForm(dialed=agent.auto_dialed, queue=agent.auto_queue))


async def set_my_auto_answer(request: web.Request) -> web.Response:
    """PUT /api/v1/me/auto-answer."""
    person, agent_id = _me(request)
    form = await render.body(request, AutoAnswerForm)
    await people.set_auto_answer(services(request), person.business_id, agent_id, dialed=form.dialed, queue=form.queue)
    return render.api(request, form)


async def renew_password(request: web.Request) -> web.Response:
    """POST /api/v1/me/devices/{kind}/password."""
    person, agent_id = _me(request)
    kind = rules.device_kind(request.match_info["kind"])
    if kind is None:
        raise NotFound(N_("There is no such phone."))
    await people.renew_password(services(request), person.business_id, agent_id, kind)
    return render.api(request, await _devices(services(request), person.business_id, agent_id), headers=SECRET)


async def agent_list(request: web.Request) -> web.Response:
    """GET /api/v1/agents."""
    return render.api(request, AgentList(agents=await views(services(request), current(request).business_id)))


async def agent_one(request: web.Request) -> web.Response:
    """GET /api/v1/agents/{id}."""
    return render.api(request, await view(services(request), current(request).business_id, asked_id(request)))


async def agent_patch(request: web.Request) -> web.Response:
    """PATCH /api/v1/agents/{id}."""
    body = await render.body(request, AgentPatch)
    business_id, agent_id = current(request).business_id, asked_id(request)
    await people.edit_agent(services(request), business_id, agent_id, name=body.name, short_number=body.short_number)
    return render.api(request, await view(services(request), business_id, agent_id))


async def views(service: Services, business_id: int) -> list[AgentView]:
    """Everybody with a phone, by name."""
    async with service.db.business(business_id) as session:
        agents = await queries.agents(session)
    return [service.live.agent(business_id, a.id) or _unseen(a) for a in agents]


async def view(service: Services, business_id: int, agent_id: int) -> AgentView:
    """One agent now; NotFound."""
    async with service.db.business(business_id) as session:
        agent = await queries.agent(session, agent_id)
    if agent is None or not agent.active:
        raise NotFound(N_("There is no such agent."))
    return service.live.agent(business_id, agent_id) or _unseen(agent)


def _unseen(agent: Agent) -> AgentView:
    """An agent whom ``live`` does not know yet: the directory is read anew a moment after he was added."""
    since = agent.wanted_since.isoformat().replace("+00:00", "Z")
    return AgentView(
        id=agent.id,
        name=agent.name,
        short_number=agent.short_number,
        state="offline",
        since=since,
        wanted=agent.wanted,
        reason=agent.reason,
    )


async def _devices(service: Services, business_id: int, agent_id: int) -> DeviceList:
    async with service.db.business(business_id) as session:
        devices = await queries.devices(session, [agent_id])
    view = service.live.agent(business_id, agent_id)
    online = set(view.online) if view else set()
    return DeviceList(
        devices=[_device(service.settings, d, d.kind in online) for d in devices],
        operator=service.telephony.directory.answers_a_number(agent_id),
    )


def _device(settings: Settings, device: Device, online: bool) -> DeviceView:
    browser = device.kind == "webrtc"
    host = settings.asterisk_host if browser else settings.phone_host
    return DeviceView(
        kind="webrtc" if browser else "sip",
        login=device.endpoint,
        password=device.password,
        server=f"{host}:{settings.sip_port}",
        domain=host,
        transport="ws" if browser else "udp",
        ws_url=(settings.sip_ws_url or f"ws://{host}:{settings.asterisk_http_port}/ws") if browser else None,
        online=online,
    )


def _me(request: web.Request) -> tuple[Current, int]:
    person = current(request)
    if person.agent_id is None:
        raise NotFound(N_("You have no phone here. Ask an administrator of your company for one."), code="no_phone")
    return person, person.agent_id


def asked_id(request: web.Request) -> int:
    """The agent of the address."""
    text = request.match_info["id"]
    if not text.isdecimal() or len(text) > 9:
        raise NotFound(N_("There is no such agent."))
    return int(text)
