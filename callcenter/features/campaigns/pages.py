"""Campaigns over HTTP: the third tab of the telephony section, and the API."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.phones import shown
from callcenter.features.accounts import api as accounts
from callcenter.features.campaigns import queries, rules, usecases
from callcenter.features.campaigns.usecases import CampaignForm
from callcenter.features.numbers import api as numbers
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.live.views import NumberBrief
from callcenter.plugin import Services, services


class CampaignView(msgspec.Struct, kw_only=True):
    """A campaign; ``budget`` is in minor units of ``currency`` (null = not given)."""

    id: int
    name: str
    state: rules.State
    starts_on: date
    ends_on: date | None
    budget: int | None
    currency: str
    numbers: list[NumberBrief]


class CampaignList(msgspec.Struct, kw_only=True):
    """The business's campaigns, the newest first."""

    campaigns: list[CampaignView]


async def campaign_list(request: web.Request) -> web.Response:
    """GET /api/v1/campaigns."""
    return render.api(request, CampaignList(campaigns=await _views(services(request), current(request))))


async def campaign_create(request: web.Request) -> web.Response:
    """POST /api/v1/campaigns."""
    here, person = services(request), current(request)
    made = await _create(here, person, await render.body(request, CampaignForm))
    found = [one for one in await _views(here, person) if one.id == made]
    return render.api(request, found[0], status=201)


async def campaign_finish(request: web.Request) -> web.Response:
    """POST /api/v1/campaigns/{id}/finish."""
    here, person = services(request), current(request)
    campaign_id = int(request.match_info["id"])
    await _finish(here, person, campaign_id)
    found = [one for one in await _views(here, person) if one.id == campaign_id]
    return render.api(request, found[0])


async def campaign_page(request: web.Request) -> web.Response:
    """GET /campaigns: the list; ``?new=1`` opens the form."""
    return await _page(request, opened="new" in request.query)


async def campaign_form(request: web.Request) -> web.Response:
    """POST /campaigns: creates one."""
    form = await render.body(request, CampaignForm)
    try:
        await _create(services(request), current(request), form)
    except BadInput as error:
        return await _page(request, opened=True, form=form, error=error)
    raise web.HTTPSeeOther("/campaigns")


async def finish_form(request: web.Request) -> web.Response:
    """POST /campaigns/{id}/finish."""
    await _finish(services(request), current(request), int(request.match_info["id"]))
    raise web.HTTPSeeOther("/campaigns")


async def _page(
    request: web.Request, *, opened: bool, form: CampaignForm | None = None, error: BadInput | None = None
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        own = await numbers.all_numbers(session)
    views = await _views(here, person)
    busy: dict[int, list[str]] = {}
    for view in views:
        if view.state == "active":
            for number in view.numbers:
                busy.setdefault(number.id, []).append(view.name)
    choices: list[dict[str, Any]] = [
        {"id": one.id, "text": " ".join((one.title, shown(one.e164))).strip(), "busy": busy.get(one.id, [])}
        for one in own
    ]
    return render.page(
        request,
        "campaigns/list.html",
        status=422 if error else 200,
        campaigns=views,
        opened=opened,
        form=form or CampaignForm(starts_on=_today(here, person).isoformat()),
        choices=choices,
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        titles=rules.STATE_TITLES,
    )


async def _create(here: Services, person: Current, form: CampaignForm) -> int:
    async with here.db.business(person.business_id) as session:
        return (await usecases.create(session, person, form, here.clock.now())).id


async def _finish(here: Services, person: Current, campaign_id: int) -> None:
    async with here.db.business(person.business_id) as session:
        await usecases.finish(session, person, campaign_id, _today(here, person))


async def _views(here: Services, person: Current) -> list[CampaignView]:
    today = _today(here, person)
    async with here.db.business(person.business_id) as session:
        found = await queries.campaigns(session)
        by_campaign = await queries.numbers(session, [one.id for one in found])
        briefs = await numbers.briefs(session, {one for some in by_campaign.values() for one in some})
        business = await accounts.business(session, person.business_id)
    return [
        CampaignView(
            id=one.id,
            name=one.name,
            state=rules.state(one.starts_on, one.ends_on, today),
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            budget=one.budget,
            currency=business.currency if business else "RUB",
            numbers=[briefs[number] for number in by_campaign.get(one.id, []) if number in briefs],
        )
        for one in found
    ]


def _today(here: Services, person: Current) -> date:
    try:
        zone = ZoneInfo(person.timezone)
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    return here.clock.now().astimezone(zone).date()
