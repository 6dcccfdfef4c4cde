"""The page of one number, and the company's special days."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import date
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core import routing
from callcenter.core.errors import BadInput, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.core.routing import MAX_SPANS
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.confirmations import api as confirmations
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import queries, rules, usecases
from callcenter.features.numbers.models import SpecialDay
from callcenter.features.numbers.pages import rest, sections, using
from callcenter.features.numbers.rules import hours as rules_hours
from callcenter.features.numbers.usecases import days, prompts
from callcenter.features.numbers.usecases.fields import NOT_CONFIRMED
from callcenter.features.queues import api as queues
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import NUMBERS_EDIT
from callcenter.plugin import services

STRATEGIES: dict[str, str] = {
    "random": N_("Random"),
    "longest_idle": N_("Longest idle"),
    "in_order": N_("In a fixed order"),
    "ring_all": N_("Everybody at once"),
    "in_turn": N_("In turn"),
}
ACTIVITIES: dict[str, str] = {
    "always": N_("at any time"),
    "open": N_("in working hours"),
    "closed": N_("out of working hours"),
    "never": N_("never"),
}


class DayForm(msgspec.Struct, kw_only=True):
    """The form of special days; ``last`` is empty for a single one. Times are read beside it."""

    first: str = ""
    last: str = ""
    title: str = ""
    closed: str = ""


async def show(request: web.Request) -> web.Response:
    """GET /numbers/{id}."""
    return await _page(request, int(request.match_info["id"]))


async def save(request: web.Request) -> web.Response:
    """POST /numbers/{id}/{section}: one section, for this number or for all (``scope``)."""
    here, person = services(request), current(request)
    number_id, section = int(request.match_info["id"]), request.match_info["section"]
    if section not in sections.SECTIONS:
        raise NotFound(N_("This number is not there."))
    form: Any = await request.post()
    try:
        patch = sections.patch(section, form)
        if form.get("scope") == "all":
            await _there(request, number_id)
            if section == "line":
                # The name is each line's own.
                await usecases.change(here, person, number_id, usecases.NumberPatch(title=patch.title))
                patch.title = msgspec.UNSET
            await usecases.change_all(here, person, patch)
        else:
            await usecases.change(here, person, number_id, patch)
    except BadInput as error:
        return await _page(request, number_id, section=section, form=form, error=error)
    scope = "all" if form.get("scope") == "all" else "one"
    raise web.HTTPSeeOther(f"/numbers/{number_id}?saved={section}&scope={scope}#{section}")


async def days_page(request: web.Request) -> web.Response:
    """GET /numbers/days."""
    return await _days(request)


async def day_save(request: web.Request) -> web.Response:
    """POST /numbers/days: one day or several in a row."""
    form: Any = await request.post()
    typed = DayForm(**{name: str(form.get(name, "")) for name in DayForm.__struct_fields__})
    spans = list(zip(form.getall("from", []), form.getall("to", []), strict=False))[: MAX_SPANS + 1]
    try:
        first = _date(typed.first, "first")
        last = _date(typed.last, "last") if typed.last else first
        hours = () if typed.closed else rules_hours.spans_of(spans)
        if not typed.closed and not hours:
            message = N_("Enter the hours, or choose that it is closed.")
            raise BadInput(message, fields={"spans": message})
        saved = await days.save(
            services(request), current(request), first=first, last=last, title=typed.title, spans=hours
        )
    except BadInput as error:
        return await _days(request, typed, spans, error)
    raise web.HTTPSeeOther(f"/numbers/days?saved={len(saved)}")


async def day_delete(request: web.Request) -> web.Response:
    """POST /numbers/days/{day}/delete: the page then offers to put it back."""
    try:
        day = date.fromisoformat(request.match_info["day"])
    except ValueError:
        raise NotFound(N_("There is no such special day.")) from None
    gone = await days.delete(services(request), current(request), day)
    return await _days(request, gone=gone)


async def _there(request: web.Request, number_id: int) -> None:
    async with services(request).db.business(current(request).business_id) as session:
        if await queries.number(session, number_id) is None:
            raise NotFound(N_("This number is not there."))


async def _page(
    request: web.Request,
    number_id: int,
    *,
    section: str = "",
    form: Any = None,
    error: ProductError | None = None,
) -> web.Response:
    here, person = services(request), current(request)
    views = await rest.views(here, person)
    view = next((one for one in views if one.id == number_id), None)
    if view is None:
        raise NotFound(N_("This number is not there."))
    async with here.db.business(person.business_id) as session:
        people = await agents.all_agents(session)
        own = await queues.own_queue(session, number_id)
        # The main menu is the first that is offered.
        menus = sorted(await ivr.all_menus(session), key=lambda one: not one.main)
        lines = [one for one in await queues.all_queues(session) if one.number_id is None]
        spoken = await prompts.choices(session)
        business = await accounts.business(session, person.business_id)
    shown = sections.values(msgspec.structs.asdict(view))
    shown["order"] = [member.agent_id for member in own.members] if own else []
    if form is not None:
        shown |= sections.typed(section, form)
    place = {agent_id: n for n, agent_id in enumerate(shown["order"])}
    there = {name for name, _ in spoken}
    lost = [(view_name, view_name) for s in rules.SITUATIONS if (view_name := shown[s]) and view_name not in there]
    return render.page(
        request,
        "numbers/one.html",
        status=422 if error else 200,
        number=view,
        form=shown,
        sections={k: v for k, v in sections.SECTIONS.items() if view.kind != "personal" or k in sections.PERSONAL},
        wrong=defaultdict(str, render.fields_said(request, error) if error else {}),
        wrong_section=section if error else "",
        said=render.said(request, error) if error else "",
        saved=request.query.get("saved", ""),
        saved_all=request.query.get("scope") == "all",
        may=person.can(NUMBERS_EDIT),
        several=len(views) > 1,
        people=sorted(people, key=lambda a: (place.get(a.id, len(place)), a.name)),
        queues=lines,
        menus=menus,
        activities=ACTIVITIES,
        prompts=[*spoken, *dict(lost).items()],
        situations=rules.SITUATIONS,
        strategies=STRATEGIES,
        days=rules_hours.DAYS,
        zones=rules_hours.zones(),
        company_zone=business.timezone if business else "UTC",
        mail=here.settings.smtp_host != "",
        operators=await using.operator_views(here, person, number_id),
        states=confirmations.STATES,
        confirmed=request.query.get("confirmed", ""),
        query=defaultdict(str, request.query),
        confirm_number=_unconfirmed(form, error) if section == "forward" else "",
    )


def _unconfirmed(form: Any, error: ProductError | None) -> str:
    """The number to forward to that was refused because nobody confirmed it yet; '' for any other fault."""
    fault = error.fields.get("forward_number") if isinstance(error, BadInput) else None
    return str(form.get("forward_number", "")) if fault == NOT_CONFIRMED else ""


async def _days(
    request: web.Request,
    typed: DayForm | None = None,
    spans: list[tuple[str, str]] | None = None,
    error: BadInput | None = None,
    gone: SpecialDay | None = None,
) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        found = await queries.special_days(session)
    today = here.clock.now().astimezone(rules_hours.zone_of(person.timezone)).date()
    return render.page(
        request,
        "numbers/days.html",
        status=422 if error else 200,
        coming=[_day_view(one) for one in found if one.day >= today],
        past=[_day_view(one) for one in reversed(found) if one.day < today][:50],
        form=typed or DayForm(),
        spans=spans or [("", "")],
        gone=_day_view(gone) if gone else None,
        wrong=defaultdict(str, render.fields_said(request, error) if error else {}),
        said=render.said(request, error) if error else "",
        saved=request.query.get("saved", ""),
        today=today,
        may=person.can(NUMBERS_EDIT),
    )


def _day_view(one: SpecialDay) -> dict[str, Any]:
    return {
        "day": one.day,
        "title": one.title,
        "spans": [(routing.clock(int(begin)), routing.clock(int(end))) for begin, end in one.spans],
    }


def _date(text: str, field: str) -> date:
    found: date | None = None
    with suppress(ValueError):
        found = date.fromisoformat(text)
    if found is None or not 2000 <= found.year <= 2100:
        message = N_("Choose a day.")
        raise BadInput(message, fields={field: message})
    return found
