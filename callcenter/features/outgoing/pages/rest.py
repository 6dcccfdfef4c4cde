"""Calls out by the API: the company's choice, one's own number, codes."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web

from callcenter.core.i18n import N_
from callcenter.features.outgoing.usecases import choosing, confirming
from callcenter.features.outgoing.usecases.choosing import CallingForm, State
from callcenter.features.outgoing.usecases.confirming import AskForm, CodeForm, Words
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services

SPOKEN = N_("Hello! Your confirmation code:")
SMS = N_("Your confirmation code: %(code)s. Tell it to nobody.")


class NumberState(msgspec.Struct, kw_only=True):
    """A number's confirmation: ``state`` none, valid, ending (14 days are left) or expired, ``until`` when it ends.

    ``line`` = it is a line of the company's, for which its operator vouches: it needs none.
    """

    number: str
    state: str
    until: str | None
    line: bool


class WayView(msgspec.Struct, kw_only=True):
    """A way to tell a code; ``reason`` says why it cannot be taken ('' = it can)."""

    way: str
    title: str
    reason: str


class CallingView(msgspec.Struct, kw_only=True):
    """How the company calls out: number_mode common or personal; caller_mode line, own or service."""

    number_mode: str
    caller_mode: str
    common: NumberState
    service_number: str
    ways: list[WayView]


class OwnForm(msgspec.Struct, kw_only=True):
    """One's own number as it is typed; '' takes it away."""

    number: str


class MemberView(msgspec.Struct, kw_only=True):
    """An employee's own number."""

    agent_id: int
    name: str
    own: NumberState


class MemberList(msgspec.Struct, kw_only=True):
    """Every employee's own number, by name."""

    members: list[MemberView]


class Asked(msgspec.Struct, kw_only=True):
    """A code was told: it may be typed ``until``."""

    number: str
    way: str
    until: str


async def calling(request: web.Request) -> web.Response:
    """GET /api/v1/calling-settings."""
    return render.api(request, await _calling(request))


async def set_calling(request: web.Request) -> web.Response:
    """PUT /api/v1/calling-settings."""
    await choosing.choose(services(request), current(request), await render.body(request, CallingForm))
    return render.api(request, await _calling(request))


async def mine(request: web.Request) -> web.Response:
    """GET /api/v1/me/own-number."""
    return render.api(request, view(await choosing.mine(services(request), current(request))))


async def set_mine(request: web.Request) -> web.Response:
    """PUT /api/v1/me/own-number."""
    form = await render.body(request, OwnForm)
    return render.api(request, view(await choosing.enter(services(request), current(request), form.number)))


async def members(request: web.Request) -> web.Response:
    """GET /api/v1/own-numbers."""
    found = await choosing.members(services(request), current(request).business_id)
    return render.api(
        request,
        MemberList(members=[MemberView(agent_id=one.agent_id, name=one.name, own=view(one.own)) for one in found]),
    )


async def ask(request: web.Request) -> web.Response:
    """POST /api/v1/confirmations."""
    form = await render.body(request, AskForm)
    ends = await confirming.ask(services(request), current(request), form, words(request))
    return render.api(request, Asked(number=form.number, way=form.way, until=iso(ends) or ""), status=202)


async def check(request: web.Request) -> web.Response:
    """POST /api/v1/confirmations/check."""
    form = await render.body(request, CodeForm)
    return render.api(request, view(await confirming.check(services(request), current(request), form)))


async def _calling(request: web.Request) -> CallingView:
    here, business_id = services(request), current(request).business_id
    found, state = await choosing.calling(here, business_id)
    return CallingView(
        number_mode=found.number_mode,
        caller_mode=found.caller_mode,
        common=view(state),
        service_number=here.settings.service_number,
        ways=await ways(request),
    )


async def ways(request: web.Request) -> list[WayView]:
    """The ways to tell a code, in the reader's language."""
    texts = render.texts(request)
    return [
        WayView(way=one.way, title=texts.gettext(one.title), reason=texts.gettext(one.reason) if one.reason else "")
        for one in await confirming.ways(services(request), current(request).business_id)
    ]


def view(one: State) -> NumberState:
    """A confirmation as the API and the pages show it."""
    return NumberState(number=one.number, state=one.state, until=iso(one.until), line=one.line)


def words(request: web.Request) -> Words:
    """What is said and written to whoever shall confirm, in the person's own language."""
    texts = render.texts(request)
    return Words(language=render.language(request), spoken=texts.gettext(SPOKEN), sms=texts.gettext(SMS))


def iso(moment: datetime | None) -> str | None:
    """A moment as the API writes it."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None
