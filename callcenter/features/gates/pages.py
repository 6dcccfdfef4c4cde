"""The page that closes and opens the company, and chooses what happens to spam; the same as an API."""

from __future__ import annotations

from collections import defaultdict

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.features.gates import usecases
from callcenter.features.gates.usecases import ClosingPatch
from callcenter.features.numbers import api as numbers
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services


class ClosedBody(msgspec.Struct, kw_only=True):
    """Whether the company shall be closed."""

    closed: bool


class GateForm(msgspec.Struct, kw_only=True):
    """The form of settings; an unticked box is not sent at all."""

    prompt: str = ""
    refuse_spam: bool = False


async def closing(request: web.Request) -> web.Response:
    """GET /api/v1/closing."""
    return render.api(request, await usecases.view(services(request), current(request).business_id))


async def set_closing(request: web.Request) -> web.Response:
    """PUT /api/v1/closing."""
    body = await render.body(request, ClosedBody)
    await usecases.close(services(request), current(request), body.closed)
    return await closing(request)


async def patch_closing(request: web.Request) -> web.Response:
    """PATCH /api/v1/closing."""
    await usecases.change(services(request), current(request), await render.body(request, ClosingPatch))
    return await closing(request)


async def page(request: web.Request) -> web.Response:
    """GET /closing."""
    return await _page(request)


async def close(request: web.Request) -> web.Response:
    """POST /closing: closes or opens."""
    body = await render.body(request, ClosedBody)
    await usecases.close(services(request), current(request), body.closed)
    raise web.HTTPSeeOther("/closing")


async def change(request: web.Request) -> web.Response:
    """POST /closing/settings."""
    form = await render.body(request, GateForm)
    try:
        patch = ClosingPatch(prompt=form.prompt, refuse_spam=form.refuse_spam)
        await usecases.change(services(request), current(request), patch)
    except BadInput as error:
        return await _page(request, form, error)
    raise web.HTTPSeeOther("/closing?saved=1")


async def _page(request: web.Request, form: GateForm | None = None, error: BadInput | None = None) -> web.Response:
    here, person = services(request), current(request)
    now = await usecases.view(here, person.business_id)
    async with here.db.business(person.business_id) as session:
        prompts = await numbers.prompt_choices(session)
    return render.page(
        request,
        "gates/closing.html",
        status=422 if error else 200,
        now=now,
        form=form or GateForm(prompt=now.prompt, refuse_spam=now.refuse_spam),
        prompts=prompts,
        saved=request.query.get("saved", ""),
        wrong=defaultdict(str, render.fields_said(request, error) if error else {}),
    )
