"""The API of duplicates."""

from __future__ import annotations

from typing import Literal

import msgspec
from aiohttp import web
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput, NotFound
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import api as contacts
from callcenter.features.duplicates import rules
from callcenter.features.duplicates.models import DuplicateMember, DuplicateSearch
from callcenter.features.duplicates.pages import views
from callcenter.features.duplicates.pages.views import CheckView, GroupView, JobView, SearchView
from callcenter.features.duplicates.queries import found
from callcenter.features.duplicates.rules import Settings
from callcenter.features.duplicates.usecases import acting, noticing, searching
from callcenter.features.work import api as work
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CONTACTS_EDIT, CONTACTS_SEE, CONTACTS_SETUP
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

MEMBER = r"/api/v1/duplicates/members/{id:\d{1,9}}"
MAX_VALUES = 20


class Last(msgspec.Struct, kw_only=True):
    """The person's newest search; None before the first one. ``check``: cards made by hand are checked."""

    search: SearchView | None
    check: bool


class GroupList(msgspec.Struct, kw_only=True):
    """A page of groups of equal cards."""

    total: int
    page: int
    per_page: int
    groups: list[GroupView]


class MemberPatch(msgspec.Struct, kw_only=True):
    """``chosen``: takes part or not; ``base`` true: this card stays in place of the one that was to."""

    chosen: bool | None = None
    base: bool | None = None


class Ticked(msgspec.Struct, kw_only=True):
    """What is ticked now."""

    id: int
    base: bool
    chosen: bool


class TickBody(msgspec.Struct, kw_only=True):
    """Ticks or unticks all cards on all pages."""

    chosen: bool


class ActBody(msgspec.Struct, kw_only=True):
    """``everything``: all that was found, else what is ticked. ``available``: to whom merged cards of others are."""

    everything: bool = False
    available: Literal["me", "as_base"] = "me"


class PlanView(msgspec.Struct, kw_only=True):
    """What a merge or deletion would touch; ``others``: cards that somebody else looks after."""

    groups: int
    cards: int
    others: int


class CheckSetting(msgspec.Struct, kw_only=True):
    """Whether cards made and changed by hand are checked for duplicates."""

    check: bool


class NoticeView(msgspec.Struct, kw_only=True):
    """What somebody else did with my clients: ``action`` merge or erase, ``cards`` names of the first of them."""

    id: int
    action: str
    by: str
    count: int
    cards: list[str]
    at: str
    text: str


class NoticeList(msgspec.Struct, kw_only=True):
    """Notices, newest first."""

    notices: list[NoticeView]


MERGED = N_("%(name)s merged clients of yours with their duplicates: %(count)s (%(cards)s).")
ERASED = N_("%(name)s deleted clients of yours as duplicates: %(count)s (%(cards)s).")


async def last(request: web.Request) -> web.Response:
    """GET /api/v1/duplicates."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        search = await found.latest(session, person.membership_id)
        view = await views.search_view(session, search) if search else None
        return render.api(request, Last(search=view, check=await checking(session, person)))


async def start(request: web.Request) -> web.Response:
    """POST /api/v1/duplicates."""
    here, person = services(request), current(request)
    settings = await render.body(request, Settings)
    async with here.db.business(person.business_id) as session:
        search = await searching.start(session, here, person, settings)
        view = await views.search_view(session, search)
    return render.api(request, view, status=202)


async def groups(request: web.Request) -> web.Response:
    """GET /api/v1/duplicates/groups."""
    person = current(request)
    kind, page = asked(request)
    async with services(request).db.business(person.business_id) as session:
        search = await mine(session, person)
        who = await contacts.access.viewer(session, person)
        total = (await found.totals(session, search.id, kind)).groups
        some = await views.group_views(session, who, search, kind, page)
    return render.api(request, GroupList(total=total, page=page, per_page=rules.PER_PAGE, groups=some))


async def patch_member(request: web.Request) -> web.Response:
    """PATCH /api/v1/duplicates/members/{id}."""
    person, member_id = current(request), int(request.match_info["id"])
    body = await render.body(request, MemberPatch)
    async with services(request).db.business(person.business_id) as session:
        row = await found.member(session, member_id, person.membership_id)
        if row is None:
            raise NotFound(searching.GONE)
        if body.chosen is not None:
            row = await searching.tick(session, person, member_id, body.chosen)
        if body.base:
            row = await searching.choose_base(session, person, member_id)
        view = Ticked(id=row.id, base=row.base, chosen=row.chosen)
    return render.api(request, view)


async def tick_all(request: web.Request) -> web.Response:
    """PUT /api/v1/duplicates/chosen."""
    here, person = services(request), current(request)
    body = await render.body(request, TickBody)
    async with here.db.business(person.business_id) as session:
        search = await mine(session, person)
        await searching.need_rest(session, search)
        await session.execute(
            update(DuplicateMember)
            .where(DuplicateMember.search_id == search.id, DuplicateMember.chosen.is_not(body.chosen))
            .values(chosen=body.chosen)
        )
        view = await views.search_view(session, search)
    return render.api(request, view)


async def plan(request: web.Request) -> web.Response:
    """GET /api/v1/duplicates/plan: what a merge or deletion would touch, to be shown before it is confirmed."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        search = await mine(session, person)
        who = await contacts.access.viewer(session, person)
        there = await found.plan(session, search.id, who, everything=request.query.get("everything") == "1")
    return render.api(request, PlanView(groups=there.groups, cards=there.cards, others=there.others))


async def merge(request: web.Request) -> web.Response:
    """POST /api/v1/duplicates/merge."""
    return await _act(request, rules.MERGE)


async def erase(request: web.Request) -> web.Response:
    """POST /api/v1/duplicates/erase."""
    return await _act(request, rules.ERASE)


async def _act(request: web.Request, action: str) -> web.Response:
    here, person = services(request), current(request)
    body = await render.body(request, ActBody)
    async with here.db.business(person.business_id) as session:
        job = await acting.start(session, here, person, action, everything=body.everything, mine=body.available == "me")
        await accounts.audit(
            session, request, f"duplicates.{action}", "job", job.id, cards=job.total, everything=body.everything
        )
        view = views.job_view(job)
    return render.api(request, view, status=202)


async def cancel(request: web.Request) -> web.Response:
    """DELETE /api/v1/duplicates/job: cancels the search, merge or deletion that goes on."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        search = await found.latest(session, person.membership_id)
        if search is None or search.job_id is None:
            raise NotFound(searching.GONE)
        view = views.job_view(await work.cancel(session, here, search.job_id))
    return render.api(request, view)


async def check(request: web.Request) -> web.Response:
    """GET /api/v1/duplicates/check: cards that already have this phone, e-mail or name (IMP-30)."""
    person, query = current(request), request.query
    kind = query.get("kind", rules.PERSON)
    if kind not in (rules.PERSON, rules.ORGANISATION):
        raise BadInput(N_("This value cannot be used."), fields={"kind": N_("This value cannot be used.")})
    besides = query.get("besides", "")
    phones = (to_e164(one) for one in query.getall("phone", [])[:MAX_VALUES] if one.strip())
    mails = (contacts.email(one) for one in query.getall("email", [])[:MAX_VALUES] if one.strip())
    names = (contacts.sort_key(" ".join(one.split())) for one in query.getall("name", [])[:1] if one.strip())
    values = {
        "phone": [one for one in phones if one],
        "email": [one.casefold() for one in mails if one],
        "name": list(names),
    }
    async with services(request).db.business(person.business_id) as session:
        if not await checking(session, person):
            return render.api(request, CheckView(on=False, cards=[], others=0))
        who = await contacts.access.viewer(session, person)
        number = int(besides) if besides.isascii() and besides.isdecimal() and len(besides) < 10 else 0
        view = await views.check_view(session, who, values, kind=kind, besides=number)
    return render.api(request, view)


async def set_check(request: web.Request) -> web.Response:
    """PUT /api/v1/duplicates/settings: switches the check on or off for the whole company."""
    body = await render.body(request, CheckSetting)
    await switch(request, body.check)
    return render.api(request, body)


async def notices(request: web.Request) -> web.Response:
    """GET /api/v1/duplicates/notices: what others did with my clients and I have not read yet."""
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        view = NoticeList(notices=await notice_views(request, session, unseen=request.query.get("all") != "1"))
    return render.api(request, view)


async def notices_seen(request: web.Request) -> web.Response:
    """PUT /api/v1/duplicates/notices: I have read them."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        await noticing.seen(session, person.membership_id, here.clock.now())
    return render.api(request, NoticeList(notices=[]))


async def notice_views(request: web.Request, session: AsyncSession, *, unseen: bool) -> list[NoticeView]:
    """Notices in the reader's language."""
    person, texts = current(request), render.texts(request)
    rows = await found.notices(session, person.membership_id, unseen=unseen)
    names = {one.membership_id: one.name for one in await accounts.people(session)} if rows else {}
    shown = []
    for row in rows:
        by = names.get(row.author_id or 0, "") or texts.gettext(N_("Somebody"))
        cards = [str(one.get("name") or f"№ {one.get('number')}") for one in row.cards]
        listed = ", ".join(cards[:5]) + (" …" if row.count > len(cards[:5]) else "")
        text = texts.fill(
            MERGED if row.action == rules.MERGE else ERASED, {"name": by, "count": row.count, "cards": listed}
        )
        at = row.at.isoformat().replace("+00:00", "Z")
        shown.append(NoticeView(id=row.id, action=row.action, by=by, count=row.count, cards=cards, at=at, text=text))
    return shown


async def checking(session: AsyncSession, person: Current) -> bool:
    """Whether cards made by hand are checked in this company."""
    business = await accounts.business(session, person.business_id)
    return business is None or business.settings.get(rules.CHECK_SETTING) is not False


async def switch(request: web.Request, on: bool) -> None:
    """Switches the check, and writes it down."""
    here, person = services(request), current(request)
    async with here.db.system() as session:
        await accounts.set_setting(session, person.business_id, rules.CHECK_SETTING, on)
        await accounts.audit(session, request, "duplicates.check", "business", person.business_id, on=on)


async def mine(session: AsyncSession, person: Current) -> DuplicateSearch:
    """The person's newest search. Raises NotFound before the first one."""
    search = await found.latest(session, person.membership_id)
    if search is None:
        raise NotFound(searching.GONE)
    return search


def asked(request: web.Request) -> tuple[str, int]:
    """Kind ('' = both) and page of the address. Raises BadInput."""
    kind, page = request.query.get("kind", ""), request.query.get("page", "1")
    if kind not in ("", rules.PERSON, rules.ORGANISATION):
        raise BadInput(N_("This value cannot be used."), fields={"kind": N_("This value cannot be used.")})
    if not (page.isascii() and page.isdecimal() and 0 < len(page) < 7 and int(page) > 0):
        raise BadInput(N_("This value cannot be used."), fields={"page": N_("This value cannot be used.")})
    return kind, int(page)


_EVERYTHING = Param("everything", "1 = all that was found, else what is ticked", {"type": "string", "enum": ["1"]})
_KIND = Param("kind", "person or organisation", {"type": "string", "enum": ["person", "organisation"]})

ROUTES = (
    Route("GET", "/api/v1/duplicates", last, CONTACTS_EDIT, summary="My last search for duplicates", returns=Last),
    Route(
        "POST",
        "/api/v1/duplicates",
        start,
        CONTACTS_EDIT,
        summary="Search for duplicates in the background",
        body=Settings,
        returns=SearchView,
        status=202,
    ),
    Route(
        "GET",
        "/api/v1/duplicates/groups",
        groups,
        CONTACTS_EDIT,
        summary="What the last search found",
        params=(_KIND, Param("page", "from 1", {"type": "integer", "minimum": 1})),
        returns=GroupList,
    ),
    Route(
        "PATCH",
        MEMBER,
        patch_member,
        CONTACTS_EDIT,
        summary="Tick a found card, or make it the base",
        body=MemberPatch,
        returns=Ticked,
    ),
    Route(
        "PUT",
        "/api/v1/duplicates/chosen",
        tick_all,
        CONTACTS_EDIT,
        summary="Tick or untick all found cards",
        body=TickBody,
        returns=SearchView,
    ),
    Route(
        "GET",
        "/api/v1/duplicates/plan",
        plan,
        CONTACTS_EDIT,
        summary="What a merge or deletion would touch",
        params=(_EVERYTHING,),
        returns=PlanView,
    ),
    Route(
        "POST",
        "/api/v1/duplicates/merge",
        merge,
        CONTACTS_EDIT,
        summary="Merge duplicates into their base cards; cannot be undone",
        body=ActBody,
        returns=JobView,
        status=202,
    ),
    Route(
        "POST",
        "/api/v1/duplicates/erase",
        erase,
        CONTACTS_EDIT,
        summary="Delete duplicates with all their data; cannot be undone",
        body=ActBody,
        returns=JobView,
        status=202,
    ),
    Route(
        "DELETE",
        "/api/v1/duplicates/job",
        cancel,
        CONTACTS_EDIT,
        summary="Cancel what goes on with duplicates",
        returns=JobView,
    ),
    Route(
        "GET",
        "/api/v1/duplicates/check",
        check,
        CONTACTS_SEE,
        summary="Cards that already have a phone, e-mail or name",
        params=(
            Param("phone", "may be given several times"),
            Param("email", "may be given several times"),
            Param("name", "the whole name, compared letter for letter"),
            _KIND,
            Param("besides", "the id of the card that is being changed", {"type": "integer"}),
        ),
        returns=CheckView,
    ),
    Route(
        "PUT",
        "/api/v1/duplicates/settings",
        set_check,
        CONTACTS_SETUP,
        summary="Switch the check of cards made by hand",
        body=CheckSetting,
        returns=CheckSetting,
    ),
    Route(
        "GET",
        "/api/v1/duplicates/notices",
        notices,
        CONTACTS_SEE,
        summary="What others did with my clients as duplicates",
        params=(Param("all", "1 = also those that were read", {"type": "string", "enum": ["1"]}),),
        returns=NoticeList,
    ),
    Route(
        "PUT",
        "/api/v1/duplicates/notices",
        notices_seen,
        CONTACTS_SEE,
        summary="Mark these notices as read",
        returns=NoticeList,
    ),
)
