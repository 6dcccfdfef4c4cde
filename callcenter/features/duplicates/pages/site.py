"""The page of duplicates: settings, the work that goes on, groups of equal cards."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, ProductError
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.duplicates import rules
from callcenter.features.duplicates.pages import rest, views
from callcenter.features.duplicates.queries import found
from callcenter.features.duplicates.rules import Settings
from callcenter.features.duplicates.usecases import searching
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SETUP
from callcenter.http.routes import Route
from callcenter.plugin import services


class CheckForm(msgspec.Struct, kw_only=True):
    """The switch of the settings panel; an unticked box is not sent."""

    check: bool = False


async def page(request: web.Request) -> web.Response:
    """GET /duplicates."""
    return await _page(request)


async def search(request: web.Request) -> web.Response:
    """POST /duplicates: «find duplicates» with the settings of the form."""
    here, person = services(request), current(request)
    settings = Settings()
    try:
        settings = await render.body(request, Settings)
        async with here.db.business(person.business_id) as session:
            await searching.start(session, here, person, settings)
    except BadInput as error:
        return await _page(request, settings, error)
    raise web.HTTPSeeOther("/duplicates")


async def check(request: web.Request) -> web.Response:
    """POST /duplicates/check: switches the check of cards made by hand."""
    await rest.switch(request, (await render.body(request, CheckForm)).check)
    raise web.HTTPSeeOther("/duplicates")


async def _page(request: web.Request, typed: Settings | None = None, error: ProductError | None = None) -> web.Response:
    person = current(request)
    kind, number = rest.asked(request)
    async with services(request).db.business(person.business_id) as session:
        last = await found.latest(session, person.membership_id)
        view = await views.search_view(session, last) if last else None
        who = await contacts.access.viewer(session, person)
        busy = view is not None and view.job is not None and view.job.state in searching.OPEN
        shown: dict[str, Any] = {"groups": [], "total": 0, "pages": 1, "number": number}
        if last is not None and view is not None and view.ready and not busy:
            total = (await found.totals(session, last.id, kind)).groups
            shown["total"], shown["pages"] = total, max(1, -(-total // rules.PER_PAGE))
            # After a merge there are fewer pages than there were.
            shown["number"] = min(number, shown["pages"])
            shown["groups"] = await views.group_views(session, who, last, kind, shown["number"])
        people = [one for one in await accounts.people(session) if one.status == "active" and one.role != "guest"]
        checked = await rest.checking(session, person)
        notices = await rest.notice_views(request, session, unseen=False)
    return render.page(
        request,
        "duplicates/page.html",
        status=422 if error else 200,
        search=view,
        settings=typed or (view.settings if view else Settings()),
        busy=busy,
        kind=kind,
        people=people,
        checked=checked,
        notices=notices,
        words={
            "places": rules.PLACES,
            "objects": rules.OBJECTS,
            "criteria": rules.CRITERIA,
            "bases": rules.BASES,
            "matched": rules.MATCHED,
        },
        most=rules.MAX_SHOWN,
        address=lambda **changes: _address(**{"kind": kind, **changes}),
        said=render.said(request, error) if error else "",
        errors=render.fields_said(request, error) if error else {},
        **shown,
    )


def _address(**values: Any) -> str:
    query = urlencode({name: value for name, value in values.items() if value and (name, value) != ("page", 1)})
    return f"/duplicates?{query}" if query else "/duplicates"


ROUTES = (
    Route("GET", "/duplicates", page, CONTACTS_EDIT),
    Route("POST", "/duplicates", search, CONTACTS_EDIT),
    Route("POST", "/duplicates/check", check, CONTACTS_SETUP),
)
