"""Tags and lists of clients over HTTP: two pages, the tags of a card, and the API."""

from __future__ import annotations

import msgspec
from aiohttp import web

from callcenter.core.errors import NotFound
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts import queries
from callcenter.features.contacts.models import ContactList, Tag
from callcenter.features.contacts.queries import access
from callcenter.features.contacts.queries import labels as found
from callcenter.features.contacts.rules import access as access_rules
from callcenter.features.contacts.rules import labels as rules
from callcenter.features.contacts.usecases import labels
from callcenter.features.contacts.usecases.labels import TagForm, TitleForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_ALL, CONTACTS_EDIT, CONTACTS_SEE, CONTACTS_SETUP
from callcenter.http.routes import Param, Route
from callcenter.plugin import services

ID = r"{id:\d{1,9}}"


class TagView(msgspec.Struct, kw_only=True):
    """A tag; ``contacts`` carry it, as far as the person sees it on them; ``may_delete``: also rename."""

    id: int
    title: str
    mine: bool
    contacts: int = 0
    may_delete: bool = False


class TagList(msgspec.Struct, kw_only=True):
    """Tags by title."""

    tags: list[TagView]


class CardTags(msgspec.Struct, kw_only=True):
    """The tags of a card, and those that could be put on it (if ``may_change``)."""

    tags: list[TagView]
    choices: list[TagView]
    may_change: bool


class Deleted(msgspec.Struct, kw_only=True):
    """What was deleted was taken off ``contacts`` clients; by the background job ``job`` if there are many."""

    contacts: int
    job: int | None = None


class ListView(msgspec.Struct, kw_only=True):
    """A list of clients with how many are in it."""

    id: int
    title: str
    contacts: int


class ListList(msgspec.Struct, kw_only=True):
    """Lists by title."""

    lists: list[ListView]


async def tag_list(request: web.Request) -> web.Response:
    """GET /api/v1/tags."""
    return render.api(request, TagList(tags=await _tags(request)))


async def tag_create(request: web.Request) -> web.Response:
    """POST /api/v1/tags."""
    here, person = services(request), current(request)
    form = await render.body(request, TitleForm)
    async with here.db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        made = await labels.make_tag(session, who, form.title, here.clock.now())
    return render.api(request, _tag(who, made), status=201)


async def tag_rename(request: web.Request) -> web.Response:
    """PUT /api/v1/tags/{id}."""
    here, person = services(request), current(request)
    form = await render.body(request, TitleForm)
    async with here.db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        tag = await labels.rename_tag(session, who, _id(request), form.title)
        count = await found.carriers(session, tag.id)
    return render.api(request, _tag(who, tag, count))


async def tag_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/tags/{id}."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        tag, count, job = await labels.delete_tag(session, here, who, _id(request))
        await accounts.audit(session, request, "tag.delete", "tag", tag.id, title=tag.title, contacts=count)
    return render.api(request, Deleted(contacts=count, job=job.id if job else None))


async def card_tags(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/{id}/tags."""
    return render.api(request, await _card_tags(request))


async def card_tag_add(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/{id}/tags."""
    here, person = services(request), current(request)
    form = await render.body(request, TagForm)
    async with here.db.business(person.business_id) as session:
        await labels.put_on(session, await access.viewer(session, person), _id(request), form, here.clock.now())
    return render.api(request, await _card_tags(request), status=201)


async def card_tag_remove(request: web.Request) -> web.Response:
    """DELETE /api/v1/contacts/{id}/tags/{tag}."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        viewer = await access.viewer(session, person)
        await labels.take_off(session, viewer, _id(request), int(request.match_info["tag"]))
    return render.api(request, await _card_tags(request))


async def list_list(request: web.Request) -> web.Response:
    """GET /api/v1/lists."""
    return render.api(request, ListList(lists=await _lists(request)))


async def list_create(request: web.Request) -> web.Response:
    """POST /api/v1/lists."""
    here, person = services(request), current(request)
    form = await render.body(request, TitleForm)
    async with here.db.business(person.business_id) as session:
        made = await labels.create_list(session, person, form.title, here.clock.now())
    return render.api(request, _list(made, 0), status=201)


async def list_rename(request: web.Request) -> web.Response:
    """PUT /api/v1/lists/{id}."""
    here, person = services(request), current(request)
    form = await render.body(request, TitleForm)
    async with here.db.business(person.business_id) as session:
        await labels.rename_list(session, _id(request), form.title)
    shown = [one for one in await _lists(request) if one.id == _id(request)]
    return render.api(request, shown[0])


async def list_delete(request: web.Request) -> web.Response:
    """DELETE /api/v1/lists/{id}: the clients stay."""
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        one, count, job = await labels.delete_list(session, here, who, _id(request))
        await accounts.audit(session, request, "list.delete", "list", one.id, title=one.title, contacts=count)
    return render.api(request, Deleted(contacts=count, job=job.id if job else None))


async def tags_page(request: web.Request) -> web.Response:
    """GET /contacts/tags: administrators see their own until they pick an employee (CON-34)."""
    here, person = services(request), current(request)
    people: list[accounts.Person] = []
    if person.can(CONTACTS_SETUP):
        async with here.db.business(person.business_id) as session:
            people = await accounts.people(session)
    return render.page(
        request,
        "contacts/tags_page.html",
        tags=await _tags(request),
        people=people,
        picked=_picked(request) or person.membership_id,
    )


async def lists_page(request: web.Request) -> web.Response:
    """GET /contacts/lists."""
    return render.page(request, "contacts/lists_page.html", lists=await _lists(request))


async def _tags(request: web.Request) -> list[TagView]:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        picked = _picked(request)
        rows = await found.tags(session, who, picked)
        if who.private and picked in (None, who.membership_id):
            rows += await found.left_tags(session)
    return [_tag(who, tag, count) for tag, count in rows]


async def _card_tags(request: web.Request) -> CardTags:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        contact = await queries.contact(session, _id(request))
        if contact is None:
            raise NotFound(access.GONE)
        await access.need_see(session, who, contact)
        card = await access.card(session, contact)
        on = [tag for tag in await found.tags_on(session, contact.id) if rules.sees_on_card(who, tag.owner_id, card)]
        may = (
            person.can(CONTACTS_EDIT)
            and contact.state != "archive"
            and rules.may_label(who, card)
            and access_rules.may_change(who, card)
        )
        choices = await found.tags(session, who) if may else []
    there = {tag.id for tag in on}
    return CardTags(
        tags=[_tag(who, tag) for tag in on],
        choices=[_tag(who, tag, count) for tag, count in choices if tag.id not in there],
        may_change=may,
    )


async def _lists(request: web.Request) -> list[ListView]:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        return [_list(one, count) for one, count in await found.lists(session)]


def _tag(who: access_rules.Viewer, tag: Tag, count: int = 0) -> TagView:
    return TagView(
        id=tag.id,
        title=tag.title,
        mine=tag.owner_id == who.membership_id,
        contacts=count,
        may_delete=rules.may_delete(who, tag.owner_id),
    )


def _list(one: ContactList, count: int) -> ListView:
    return ListView(id=one.id, title=one.title, contacts=count)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _picked(request: web.Request) -> int | None:
    typed = request.query.get("member", "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None


_CARD = f"/api/v1/contacts/{ID}/tags"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/tags",
        tag_list,
        CONTACTS_SEE,
        summary="Tags: one's own and those that one's own clients carry; administrators may pick an employee",
        returns=TagList,
        params=(Param("member", "The employee (membership) whose tags an administrator wants", {"type": "integer"}),),
    ),
    Route("POST", "/api/v1/tags", tag_create, CONTACTS_EDIT, summary="A new tag", body=TitleForm, returns=TagView,
          status=201),
    Route("PUT", f"/api/v1/tags/{ID}", tag_rename, CONTACTS_EDIT, summary="Rename a tag of one's own", body=TitleForm,
          returns=TagView),
    Route("DELETE", f"/api/v1/tags/{ID}", tag_delete, CONTACTS_EDIT,
          summary="Delete a tag of one's own, which takes it off all clients", returns=Deleted),
    Route("GET", _CARD, card_tags, CONTACTS_SEE, summary="The tags of a client", returns=CardTags),
    Route("POST", _CARD, card_tag_add, CONTACTS_EDIT, summary="Put a tag on a client, a new one if need be",
          body=TagForm, returns=CardTags, status=201),
    Route("DELETE", _CARD + r"/{tag:\d{1,9}}", card_tag_remove, CONTACTS_EDIT, summary="Take a tag off a client",
          returns=CardTags),
    Route("GET", "/api/v1/lists", list_list, CONTACTS_SEE, summary="Lists of clients", returns=ListList),
    Route("POST", "/api/v1/lists", list_create, CONTACTS_ALL, summary="A new list", body=TitleForm, returns=ListView,
          status=201),
    Route("PUT", f"/api/v1/lists/{ID}", list_rename, CONTACTS_ALL, summary="Rename a list", body=TitleForm,
          returns=ListView),
    Route("DELETE", f"/api/v1/lists/{ID}", list_delete, CONTACTS_ALL, summary="Delete a list; its clients stay",
          returns=Deleted),
    Route("GET", "/contacts/tags", tags_page, CONTACTS_SEE),
    Route("GET", "/contacts/lists", lists_page, CONTACTS_SEE),
)  # fmt: skip
