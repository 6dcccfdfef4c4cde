"""What is done with many clients at once, over HTTP: what there is to choose, a preview with counts, the start."""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.queries import access
from callcenter.features.contacts.queries import labels as found
from callcenter.features.contacts.rules import bulk as rules
from callcenter.features.contacts.rules import labels as label_rules
from callcenter.features.contacts.usecases import bulk, bulk_actions
from callcenter.features.contacts.usecases.bulk import BulkForm
from callcenter.features.work import api as work
from callcenter.http import formats, render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CONTACTS_EDIT
from callcenter.http.routes import Route
from callcenter.plugin import services

for _action in bulk_actions.OWN:
    bulk.add_bulk_action(_action)


class ActionView(msgspec.Struct, kw_only=True):
    """An action; ``asks``: tag, own_tag (one that may be taken off many), list, member, number, or nothing."""

    name: str
    title: str
    icon: str
    asks: str
    final: bool
    at_most: int | None


class Choice(msgspec.Struct, kw_only=True):
    """Something to choose."""

    id: int
    title: str


class BulkOptions(msgspec.Struct, kw_only=True):
    """What the person can do with many clients, and what there is to choose for it."""

    actions: list[ActionView]
    tags: list[Choice]
    removable: list[Choice]
    lists: list[Choice]
    members: list[Choice]


class Preview(msgspec.Struct, kw_only=True):
    """How many clients are chosen, and to how many of them the person has the right; the rest is skipped."""

    total: int
    able: int


class Started(msgspec.Struct, kw_only=True):
    """The background job that does it to ``total`` clients, from ``due_at`` on."""

    job: int
    total: int
    due_at: str


async def options(request: web.Request) -> web.Response:
    """GET /api/v1/contacts/bulk."""
    here, person, texts = services(request), current(request), render.texts(request)
    async with here.db.business(person.business_id) as session:
        who = await access.viewer(session, person)
        tags = [one.tag for one in await found.tags(session, who)]
        lists = [one for one, _count in await found.lists(session)]
        members = [one for one in await accounts.people(session) if one.status == "active" and one.role != "guest"]
    actions = [
        ActionView(
            name=one.name,
            title=texts.gettext(one.label),
            icon=one.icon,
            asks=one.asks,
            final=one.final,
            at_most=one.at_most,
        )
        for one in bulk.titles(person).values()
    ]
    return render.api(
        request,
        BulkOptions(
            actions=actions,
            tags=[Choice(id=one.id, title=one.title) for one in tags],
            # Those of the list are one's own or carried by one's own clients.
            removable=[
                Choice(id=one.id, title=one.title)
                for one in tags
                if label_rules.may_take_off_many(who, one.owner_id, on_own=True)
            ],
            lists=[Choice(id=one.id, title=one.title) for one in lists],
            members=[Choice(id=one.membership_id, title=one.name) for one in members],
        ),
    )


async def preview(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/bulk/preview: the exact count, and whether it is too many."""
    here, person = services(request), current(request)
    form = await render.body(request, BulkForm)
    action = bulk.action_for(person, form.action)
    async with here.db.business(person.business_id) as session:
        total, able = await bulk.count(session, await access.viewer(session, person), action, bulk.chosen(form))
    rules.check_count(total, action.at_most)
    return render.api(request, Preview(total=total, able=able))


async def start(request: web.Request) -> web.Response:
    """POST /api/v1/contacts/bulk."""
    here, person = services(request), current(request)
    form = await render.body(request, BulkForm)
    due_at = work.start_at(_moment(person, form.at), here.clock.now()) if form.at.strip() else None
    async with here.db.business(person.business_id) as session:
        job = await bulk.order(session, here, person, form, due_at)
    due = job.due_at.isoformat().replace("+00:00", "Z")
    return render.api(request, Started(job=job.id, total=job.total or 0, due_at=due), status=201)


def _moment(person: Current, typed: str) -> datetime:
    """ISO 8601, by the person's own clock when it names no zone. Raises BadInput."""
    try:
        found_at = datetime.fromisoformat(typed.strip())
        return found_at if found_at.tzinfo else found_at.replace(tzinfo=formats.zone(person.timezone))
    except ValueError:
        message = N_("This is not a date and time.")
        raise BadInput(message, fields={"at": message}) from None


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/contacts/bulk",
        options,
        CONTACTS_EDIT,
        summary="What can be done with many clients, and what there is to choose for it",
        returns=BulkOptions,
    ),
    Route(
        "POST",
        "/api/v1/contacts/bulk/preview",
        preview,
        CONTACTS_EDIT,
        summary="How many clients an action would be done to",
        body=BulkForm,
        returns=Preview,
    ),
    Route(
        "POST",
        "/api/v1/contacts/bulk",
        start,
        CONTACTS_EDIT,
        summary="Do something to many clients in the background, now or later",
        body=BulkForm,
        returns=Started,
        status=201,
    ),
)
