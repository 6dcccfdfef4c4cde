"""The team page: everybody with a phone; administrators rename and renumber."""

from __future__ import annotations

from aiohttp import web

from callcenter.core.errors import BadInput, Conflict, ProductError
from callcenter.features.agents.pages.rest import AgentPatch, asked_id, views
from callcenter.features.agents.usecases import people
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import TEAM_EDIT
from callcenter.plugin import services


async def team(request: web.Request) -> web.Response:
    """GET /agents: everybody with a phone; ``?edit=ID`` opens one for editing."""
    edit = request.query.get("edit", "")
    person = current(request)
    open_id = int(edit) if edit.isdecimal() and len(edit) < 10 and person.can(TEAM_EDIT) else None
    return await _team_page(request, open_id)


async def edit_agent(request: web.Request) -> web.Response:
    """POST /agents/{id}: rename, renumber."""
    body = await render.body(request, AgentPatch)
    agent_id = asked_id(request)
    try:
        await people.edit_agent(
            services(request),
            current(request).business_id,
            agent_id,
            name=body.name,
            short_number=body.short_number,
        )
    except (BadInput, Conflict) as error:
        return await _team_page(request, agent_id, typed=body, error=error)
    raise web.HTTPSeeOther("/agents")


async def _team_page(
    request: web.Request,
    open_id: int | None,
    *,
    typed: AgentPatch | None = None,
    error: ProductError | None = None,
) -> web.Response:
    person = current(request)
    agents = await views(services(request), person.business_id)
    errors = render.fields_said(request, error) if error else {}
    if error and not errors:
        errors = {"short_number": render.said(request, error)}
    queues = services(request).telephony.directory.queues
    return render.page(
        request,
        "agents/team.html",
        status=error.status if isinstance(error, BadInput) else 422 if error else 200,
        agents=agents,
        open_id=open_id,
        typed=typed,
        errors=errors,
        queue_names={q.id: q.name for q in queues.values() if q.business_id == person.business_id},
    )
