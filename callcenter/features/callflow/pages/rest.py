"""The API of simulated callers."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from callcenter.features.callflow.usecases import looking, trying
from callcenter.features.callflow.usecases.trying import TryBody
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.texts import Catalogue
from callcenter.plugin import services
from callcenter.telephony.config.story import Chip


class StopView(msgspec.Struct, kw_only=True):
    """A stop of the way; ``icon`` and ``state`` are names of the interface."""

    text: str
    icon: str
    state: str


class TriedView(msgspec.Struct, kw_only=True):
    """What would happen: ``path`` in order, ``answer`` in a sentence with its ``state`` and ``icon``.

    ``ways`` are marks of the tree: ``menu:5`` met, ``5:2`` its key 2, ``5:`` its silence, open, closed. ``at`` is the
    moment that it was tried for, ``steps`` are the words of the call's story.
    """

    path: list[StopView]
    answer: str
    state: str
    icon: str
    ways: list[str]
    at: str
    steps: list[tuple[str, str]]


async def simulate(request: web.Request) -> web.Response:
    """POST /api/v1/menus/simulate."""
    here, person = services(request), current(request)
    body = await render.body(request, TryBody)
    async with here.db.business(person.business_id) as session:
        names = (await looking.look(session)).names()
        tried = await trying.run(session, person.business_id, body, names, here.clock.now())
    return render.api(request, view(render.texts(request), tried))


def view(texts: Catalogue, tried: trying.Tried) -> TriedView:
    """What came out, in the reader's language."""
    return TriedView(
        path=[StopView(text=_said(texts, one), icon=one.icon, state=one.state) for one in tried.path],
        answer=_said(texts, tried.answer),
        state=tried.answer.state,
        icon=tried.answer.icon,
        ways=tried.ways,
        at=tried.at.isoformat(timespec="minutes"),
        steps=[(one.kind, one.text) for one in tried.steps],
    )


def _said(texts: Catalogue, chip: Chip) -> str:
    values: dict[str, Any] = dict(chip.values)
    if "prompt" in values:
        values["prompt"] = texts.gettext(values["prompt"])
    return texts.fill(chip.text, values) + (f" × {chip.times}" if chip.times > 1 else "")
