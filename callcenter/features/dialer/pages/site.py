"""The pages of dial lists."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from aiohttp import web

from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.dialer import queries
from callcenter.features.dialer.pages import rest, views
from callcenter.features.dialer.rules import hours, outcomes, teams
from callcenter.features.dialer.rules import lists as rules
from callcenter.features.dialer.usecases import control, floors, reaching
from callcenter.features.numbers import api as numbers
from callcenter.features.prompts import api as prompts
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CALLS_ALL, DIALER_USE
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import services

FILTERS = ("creator", "client", "status", "q")
# The tabs of a list's clients.
TABS = (rules.DUE, rules.LATER, rules.DONE, rules.OUT)


async def page(request: web.Request) -> web.Response:
    """GET /dialer: the lists, and the dialog for a new one."""
    here, person, number = services(request), current(request), rest.number(request)
    gettext = render.texts(request).gettext
    async with here.db.business(person.business_id) as session:
        rows, total = await queries.page(session, await rest.wanted(request, session), number)
        shown = await views.lists(session, person, rows, rest.said(request))
        made = await queries.creators(session)
        creators = [
            (one.membership_id, one.name) for one in await accounts.people(session) if one.membership_id in made
        ]
        builder = await contacts.offering.builder(session, person, gettext)
        own = list(reaching.usable(await numbers.all_numbers(session)).values())
        sounds = await prompts.choices(session)
    query = {name: request.query.get(name, "") for name in FILTERS}
    return render.page(
        request,
        "dialer/list.html",
        lists=shown,
        total=total,
        query=query,
        filtered=any(query.values()),
        creators=creators,
        builder=builder,
        numbers=own,
        today=here.clock.now(),
        statuses=rules.STATUSES,
        pauses=rules.PAUSES,
        modes=teams.MODES,
        mode_names=teams.SHORT,
        callers=teams.CALLERS,
        amd_fields=teams.FIELDS,
        usual=msgspec.to_builtins(teams.Setting()),
        prompts=sounds,
        retried=outcomes.RETRIED,
        outcomes=outcomes.TITLES,
        after=outcomes.AFTER,
        weekdays=hours.DAYS,
        newer=_address(query, number - 1) if number > 1 else "",
        older=_address(query, number + 1) if number * queries.PER_PAGE < total else "",
    )


async def one(request: web.Request) -> web.Response:
    """GET /dialer/{id}: one list, its progress, its clients."""
    here, person, number = services(request), current(request), rest.number(request)
    gettext, asked = render.texts(request).gettext, request.query.get("state", "")
    async with here.db.business(person.business_id) as session:
        row = await control.need(session, int(request.match_info["id"]))
        shown = await views.one(session, person, row, here.clock.now(), rest.said(request))
        tab = asked if asked in TABS else _tab(shown)
        found = await queries.entries(session, row.id, tab, number)
        clients = await views.entries(session, person, found[: queries.PER_PAGE])
        team = await floors.team(here, session, row) if row.mode in teams.TEAM else None
        samples = await floors.samples(session, row) if team is not None and person.can(CALLS_ALL) else []
        words = await contacts.offering.in_words(session, person, contacts.state_of(row.filter), gettext)
        own, sounds = [], []
        if "set_mode" in shown.can:
            own = list(reaching.usable(await numbers.all_numbers(session)).values())
            sounds = await prompts.choices(session)
    base = f"/dialer/{row.id}?state={tab}"
    return render.page(
        request,
        "dialer/one.html",
        list=shown,
        clients=clients,
        tab=tab,
        tabs=TABS,
        words=words,
        weekdays=hours.DAYS,
        spans=hours.shown,
        today=here.clock.now(),
        statuses=rules.STATUSES,
        pauses=rules.PAUSES,
        outcomes=outcomes.TITLES,
        mode_names=teams.SHORT,
        modes=teams.MODES,
        callers=teams.CALLERS,
        amd_fields=teams.FIELDS,
        set=msgspec.to_builtins(teams.setting(row.dialing)),
        numbers=own,
        prompts=sounds,
        team=team,
        team_figures=teams.FIGURES,
        samples=samples,
        heard=teams.HEARD,
        newer=f"{base}&page={number - 1}" if number > 1 else "",
        older=f"{base}&page={number + 1}" if len(found) > queries.PER_PAGE else "",
    )


def _tab(shown: views.ListView) -> str:
    return rules.DUE if shown.left or not shown.done else rules.DONE


def _address(query: dict[str, str], number: int) -> str:
    asked = {name: value for name, value in query.items() if value}
    return "/dialer?" + urlencode({**asked, "page": number})


NAV = (NavItem("/dialer", "Dial lists", "dialer", DIALER_USE, 35),)
ROUTES = (
    Route("GET", "/dialer", page, DIALER_USE),
    Route("GET", rf"/dialer/{rest.ID}", one, DIALER_USE),
)
