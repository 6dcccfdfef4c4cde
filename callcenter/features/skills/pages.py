"""Skills and levels over HTTP: the matrix of agents and skills."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, Conflict, ProductError
from callcenter.core.routing import MAX_LEVEL
from callcenter.features.agents import api as agents
from callcenter.features.skills import queries, rules, usecases
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services


class SkillView(msgspec.Struct, kw_only=True):
    """A skill; ``levels`` are the agents who have it, by their id, with 1 … 5."""

    id: int
    name: str
    levels: dict[str, int]


class SkillList(msgspec.Struct, kw_only=True):
    """Skills by name."""

    skills: list[SkillView]


class SkillBody(msgspec.Struct, kw_only=True):
    """A skill's name."""

    name: str


class LevelsBody(msgspec.Struct, kw_only=True):
    """Levels by agent (id), 0 … 5; 0 takes the skill away, agents who are left out keep theirs."""

    levels: dict[str, int]


async def skill_list(request: web.Request) -> web.Response:
    """GET /api/v1/skills."""
    return render.api(request, SkillList(skills=await _views(request)))


async def skill_add(request: web.Request) -> web.Response:
    """POST /api/v1/skills."""
    body = await render.body(request, SkillBody)
    skill = await usecases.add(services(request), current(request), body.name)
    return render.api(request, SkillView(id=skill.id, name=skill.name, levels={}), status=201)


async def skill_rename(request: web.Request) -> web.Response:
    """PATCH /api/v1/skills/{id}."""
    body = await render.body(request, SkillBody)
    await usecases.rename(services(request), current(request), _id(request), body.name)
    return await _one(request)


async def skill_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/skills/{id}."""
    await usecases.delete(services(request), current(request), _id(request))
    return web.Response(status=204)


async def skill_levels(request: web.Request) -> web.Response:
    """PUT /api/v1/skills/{id}/levels."""
    body = await render.body(request, LevelsBody)
    if any(not key.isdecimal() or len(key) > 9 for key in body.levels):
        raise BadInput(rules.WRONG_LEVEL, limit=MAX_LEVEL)
    await usecases.set_levels(
        services(request), current(request), {int(key): {_id(request): level} for key, level in body.levels.items()}
    )
    return await _one(request)


async def page(request: web.Request) -> web.Response:
    """GET /skills: the matrix."""
    return await _page(request)


async def save(request: web.Request) -> web.Response:
    """POST /skills: the matrix as it was typed."""
    fields = dict(await request.post())
    try:
        await usecases.set_levels(services(request), current(request), rules.typed(fields))
    except (BadInput, Conflict) as error:
        return await _page(request, error=error)
    raise web.HTTPSeeOther("/skills")


async def add(request: web.Request) -> web.Response:
    """POST /skills/add: the form below the matrix."""
    body = await render.body(request, SkillBody)
    try:
        await usecases.add(services(request), current(request), body.name)
    except (BadInput, Conflict) as error:
        return await _page(request, error=error, typed=body.name)
    raise web.HTTPSeeOther("/skills")


async def rename(request: web.Request) -> web.Response:
    """POST /skills/{id}: another name."""
    body = await render.body(request, SkillBody)
    try:
        await usecases.rename(services(request), current(request), _id(request), body.name)
    except BadInput as error:
        return await _page(request, error=error)
    raise web.HTTPSeeOther("/skills")


async def delete(request: web.Request) -> web.Response:
    """POST /skills/{id}/delete: the page has asked."""
    try:
        await usecases.delete(services(request), current(request), _id(request))
    except Conflict as error:
        return await _page(request, error=error)
    raise web.HTTPSeeOther("/skills")


async def _page(request: web.Request, *, error: ProductError | None = None, typed: str = "") -> web.Response:
    edit = request.query.get("edit", "")
    async with services(request).db.business(current(request).business_id) as session:
        people = await agents.all_agents(session)
        levels = await queries.levels(session)
        skills = await queries.skills(session)
    return render.page(
        request,
        "skills/matrix.html",
        status=422 if error else 200,
        people=sorted(people, key=lambda one: one.name),
        skills=skills,
        levels=levels,
        most=MAX_LEVEL,
        edited=int(edit) if edit.isdecimal() and len(edit) < 10 else None,
        problem=render.said(request, error) if error else "",
        typed=typed,
    )


async def _views(request: web.Request) -> list[SkillView]:
    async with services(request).db.business(current(request).business_id) as session:
        levels = await queries.levels(session)
        return [
            SkillView(
                id=one.id,
                name=one.name,
                levels={str(agent): mine[one.id] for agent, mine in sorted(levels.items()) if one.id in mine},
            )
            for one in await queries.skills(session)
        ]


async def _one(request: web.Request) -> web.Response:
    return render.api(request, next(one for one in await _views(request) if one.id == _id(request)))


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])
