"""The pages: how the company calls out, employees' own numbers, one's own number, the confirmation of a number."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, ProductError
from callcenter.core.phones import to_e164
from callcenter.features.confirmations import api as confirmations
from callcenter.features.outgoing.pages import rest
from callcenter.features.outgoing.usecases import choosing, confirming
from callcenter.features.outgoing.usecases.choosing import CallingForm
from callcenter.features.outgoing.usecases.confirming import AskForm, CodeForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import NUMBERS_EDIT
from callcenter.plugin import services

# Where a confirmation is asked for, and where it leads back to.
PLACES = {"calling": "/calling", "mine": "/my-number", "telephone": "/telephone"}


class Ask(msgspec.Struct, kw_only=True):
    """The form that asks for a code; ``place`` is where it leads back to."""

    number: str = ""
    way: str = "call"
    place: str = ""


class Typed(msgspec.Struct, kw_only=True):
    """The form that takes a code."""

    number: str = ""
    code: str = ""
    place: str = ""


async def calling(request: web.Request) -> web.Response:
    """GET /calling."""
    return await _calling(request)


async def save_calling(request: web.Request) -> web.Response:
    """POST /calling."""
    form: Any = await request.post()
    typed = {name: str(form.get(name, "")) for name in ("number_mode", "caller_mode", "number")}
    try:
        wish = render.convert(typed, CallingForm, strict=False)
        await choosing.choose(services(request), current(request), wish)
    except BadInput as error:
        return await _calling(request, typed, error)
    raise web.HTTPSeeOther("/calling?saved=1")


async def members(request: web.Request) -> web.Response:
    """GET /calling/numbers: «Show users' numbers» (TEL-30)."""
    found = await choosing.members(services(request), current(request).business_id)
    chosen, _ = await choosing.calling(services(request), current(request).business_id)
    return render.page(request, "outgoing/members.html", members=found, states=confirmations.STATES, calling=chosen)


async def mine(request: web.Request) -> web.Response:
    """GET /my-number."""
    return await _mine(request)


async def save_mine(request: web.Request) -> web.Response:
    """POST /my-number."""
    form = await render.body(request, rest.OwnForm)
    try:
        await choosing.enter(services(request), current(request), form.number)
    except ProductError as error:
        return await _mine(request, form.number, error)
    raise web.HTTPSeeOther("/my-number?saved=1")


async def confirm(request: web.Request) -> web.Response:
    """GET /confirm?number=…&place=…."""
    return await _confirm(request, request.query.get("number", ""), request.query.get("place", ""))


async def ask(request: web.Request) -> web.Response:
    """POST /confirm: a code is told."""
    form = await render.body(request, Ask)
    wish = AskForm(number=form.number, way="sms" if form.way == "sms" else "call", mine=_is_mine(request, form.place))
    try:
        await confirming.ask(services(request), current(request), wish, rest.words(request))
    except ProductError as error:
        return await _confirm(request, form.number, form.place, error)
    return await _confirm(request, form.number, form.place, told=wish.way)


async def check(request: web.Request) -> web.Response:
    """POST /confirm/code: the code is typed."""
    form = await render.body(request, Typed)
    typed = CodeForm(number=form.number, code=form.code, mine=_is_mine(request, form.place))
    try:
        await confirming.check(services(request), current(request), typed)
    except ProductError as error:
        return await _confirm(request, form.number, form.place, error)
    back = _back(form.place)
    raise web.HTTPSeeOther(f"{back}{'&' if '?' in back else '?'}confirmed=1{'#forward' if '/numbers/' in back else ''}")


async def _calling(
    request: web.Request, typed: dict[str, str] | None = None, error: BadInput | None = None
) -> web.Response:
    here, person = services(request), current(request)
    found, state = await choosing.calling(here, person.business_id)
    shown = {"number_mode": found.number_mode, "caller_mode": found.caller_mode, "number": found.number}
    return render.page(
        request,
        "outgoing/calling.html",
        status=422 if error else 200,
        form=typed or shown,
        calling=found,
        common=state,
        may=person.can(NUMBERS_EDIT),
        number_modes=confirmations.NUMBER_MODES,
        caller_modes=confirmations.CALLER_MODES,
        service_number=here.settings.service_number,
        states=confirmations.STATES,
        saved=request.query.get("saved", ""),
        confirmed=request.query.get("confirmed", ""),
        **_wrong(request, error),
    )


async def _mine(request: web.Request, typed: str | None = None, error: ProductError | None = None) -> web.Response:
    here, person = services(request), current(request)
    state = await choosing.mine(here, person)
    found, common = await choosing.calling(here, person.business_id)
    return render.page(
        request,
        "outgoing/mine.html",
        status=422 if error else 200,
        own=state,
        common=common,
        calling=found,
        typed=state.number if typed is None else typed,
        states=confirmations.STATES,
        saved=request.query.get("saved", ""),
        confirmed=request.query.get("confirmed", ""),
        **_wrong(request, error),
    )


async def _confirm(
    request: web.Request, number: str, place: str, error: ProductError | None = None, *, told: str = ""
) -> web.Response:
    here, person = services(request), current(request)
    is_mine = _is_mine(request, place)
    place = place or ("mine" if is_mine else "calling")
    agent_id = confirming.owner(person, is_mine)
    e164 = to_e164(number) if len(number) <= 40 else None
    state = await choosing.state_of(here, person.business_id, e164 or "", agent_id)
    return render.page(
        request,
        "outgoing/confirm.html",
        status=error.status if error else 200,
        number=e164 or "",
        place=place,
        back=_back(place),
        state=state,
        states=confirmations.STATES,
        ways=await rest.ways(request),
        told=told,
        code_until=await confirming.code_until(here, person, e164, is_mine) if e164 else None,
        **_wrong(request, error),
    )


def _is_mine(request: web.Request, place: str) -> bool:
    """Whether somebody confirms a number of his own; without a place whoever may not do it for the company does."""
    return place in ("mine", "telephone") or (not place and not current(request).can(NUMBERS_EDIT))


def _back(place: str) -> str:
    kind, _, number_id = place.partition("-")
    if kind == "number" and number_id.isascii() and number_id.isdecimal() and len(number_id) < 10:
        return f"/numbers/{number_id}"
    return PLACES.get(place, "/calling")


def _wrong(request: web.Request, error: ProductError | None) -> dict[str, Any]:
    return {
        "wrong": defaultdict(str, render.fields_said(request, error) if error else {}),
        "said": render.said(request, error) if error else "",
    }
