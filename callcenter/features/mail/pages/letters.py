"""Letters: written on a page of their own, listed with what became of them, shown in the client's history and calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, NotFound, ProductError
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.mail import queries
from callcenter.features.mail.models import SentLetter
from callcenter.features.mail.pages.files import FileView
from callcenter.features.mail.pages.files import view as file_view
from callcenter.features.mail.rules import content, failing, tags
from callcenter.features.mail.usecases import letters
from callcenter.features.mail.usecases.letters import LetterForm
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.permissions import CALLS_ALL, CONTACTS_EDIT, CONTACTS_SEE
from callcenter.http.routes import Param, Route
from callcenter.http.texts import Catalogue
from callcenter.plugin import Services, services

ID = r"{id:\d{1,9}}"
API = "/api/v1/letters"
PER_PAGE = 30
STATES: dict[str, tuple[str, str, str]] = {
    "waiting": (N_("On its way"), "ring", "clock"),
    "sending": (N_("On its way"), "ring", "clock"),
    "sent": (N_("Sent"), "ready", "check"),
    "failed": (N_("Not sent"), "missed", "alert"),
    "cancelled": (N_("Cancelled"), "pause", "ban"),
}
FILTERS = ("waiting", "sent", "failed", "cancelled")


class LetterView(msgspec.Struct, kw_only=True):
    """A letter. ``state`` waiting, sending, sent, failed, cancelled; ``problem`` says in words why it did not go.

    ``text`` is the HTML that was sent, its merge tags filled; '' in lists.
    """

    id: int
    to: str
    to_name: str
    subject: str
    text: str
    state: str
    problem: str
    tries: int
    next_at: datetime | None
    created_at: datetime
    sent_at: datetime | None
    contact_id: int | None
    call_id: str | None
    author: str
    files: list[FileView]


class LetterList(msgspec.Struct, kw_only=True):
    """A page of letters, newest first; people without the right to see all calls see their own."""

    letters: list[LetterView]
    total: int
    page: int
    per_page: int


def problem(texts: Catalogue, row: SentLetter) -> str:
    """Why a letter did not go (yet), in words."""
    if not row.failure:
        return ""
    found = failing.Failure(*row.failure)
    return texts.fill(failing.WORDS.get(found.kind, failing.WORDS["broken"]), found.values)


def view(texts: Catalogue, row: SentLetter, author: str, files: list[Any], *, whole: bool = False) -> LetterView:
    """A letter as pages and the API show it."""
    return LetterView(
        id=row.id, to=row.to_address, to_name=row.to_name, subject=row.subject, text=row.html if whole else "",
        state=row.state, problem=problem(texts, row), tries=row.tries, next_at=row.next_at, created_at=row.created_at,
        sent_at=row.sent_at, contact_id=row.contact_id, call_id=row.call_id, author=author,
        files=[file_view(one) for one in files],
    )  # fmt: skip


async def list_api(request: web.Request) -> web.Response:
    """GET /api/v1/letters?state=&page=."""
    return render.api(request, await _list(request))


async def create_api(request: web.Request) -> web.Response:
    """POST /api/v1/letters."""
    made = await letters.write(services(request), current(request), await render.body(request, LetterForm))
    return render.api(request, await _one(request, made), status=201)


async def one_api(request: web.Request) -> web.Response:
    """GET /api/v1/letters/{id}."""
    return render.api(request, await _one(request, _id(request)))


async def again_api(request: web.Request) -> web.Response:
    """POST /api/v1/letters/{id}/again."""
    await letters.again(services(request), current(request), _id(request))
    return render.api(request, await _one(request, _id(request)))


async def cancel_api(request: web.Request) -> web.Response:
    """POST /api/v1/letters/{id}/cancel."""
    await letters.cancel(services(request), current(request), _id(request))
    return render.api(request, await _one(request, _id(request)))


async def page(request: web.Request) -> web.Response:
    """GET /letters?state=&page=."""
    found = await _list(request)
    state = _state(request)
    pages = max(1, -(-found.total // PER_PAGE))

    def there(number: int) -> str:
        return f"/letters?state={state}&page={number}"

    newer = there(found.page - 1) if found.page > 1 else ""
    older = there(found.page + 1) if found.page < pages else ""
    return render.page(
        request, "mail/letters.html", found=found, states=STATES, filters=FILTERS, chosen=state, pages=pages,
        newer=newer, older=older,
    )  # fmt: skip


async def one_page(request: web.Request) -> web.Response:
    """GET /letters/{id}."""
    return await _letter_page(request)


async def new_page(request: web.Request) -> web.Response:
    """GET /letters/new?contact=&call=&to=."""
    contact = request.query.get("contact", "")
    form = LetterForm(
        to=request.query.get("to", "")[:254], subject="", text="", call_id=request.query.get("call", "")[:64] or None,
        contact_id=int(contact) if _number(contact) else None,
    )  # fmt: skip
    return await _compose(request, form)


async def create_form(request: web.Request) -> web.Response:
    """POST /letters."""
    form = await _typed(request)
    try:
        made = await letters.write(services(request), current(request), form)
    except NotFound:
        raise
    except ProductError as error:
        return await _compose(request, form, error)
    raise web.HTTPSeeOther(f"/letters/{made}")


async def again_form(request: web.Request) -> web.Response:
    """POST /letters/{id}/again."""
    return await _done(request, letters.again)


async def cancel_form(request: web.Request) -> web.Response:
    """POST /letters/{id}/cancel."""
    return await _done(request, letters.cancel)


async def _done(request: web.Request, act: Any) -> web.Response:
    try:
        await act(services(request), current(request), _id(request))
    except NotFound:
        raise
    except ProductError as error:
        return await _letter_page(request, error)
    raise web.HTTPSeeOther(f"/letters/{_id(request)}")


async def _letter_page(request: web.Request, error: ProductError | None = None) -> web.Response:
    found = await _one(request, _id(request))
    return render.page(
        request, "mail/letter.html", status=error.status if error else 200, letter=found, states=STATES,
        said=render.said(request, error) if error else "",
    )  # fmt: skip


async def _compose(request: web.Request, form: LetterForm, error: ProductError | None = None) -> web.Response:
    here, person = services(request), current(request)
    found = await letters.draft(here, person, form.contact_id, form.call_id or "")
    async with here.db.business(person.business_id) as session:
        files = await queries.files(session, form.files)
    if not form.to and found.addresses:
        form.to = found.addresses[0].address
    return render.page(
        request,
        "mail/compose.html",
        status=error.status if error else 200,
        form=form,
        text=_shown(form.text),
        client=found.contact,
        addresses=found.addresses,
        servers=found.servers,
        files=[file_view(files[one]) for one in form.files if one in files],
        tags=tags.TAGS,
        most_files=content.MAX_FILES,
        problem=render.said(request, error) if error else "",
        errors=render.fields_said(request, error) if isinstance(error, BadInput) else {},
    )


def _shown(typed: str) -> str:
    try:
        return content.clean(typed)
    except BadInput:
        return content.clean(content.plain(typed)[: content.MAX_TEXT // 6])


async def _typed(request: web.Request) -> LetterForm:
    sent = await request.post()

    def text(name: str) -> str:
        value = sent.get(name, "")
        return value.replace("\x00", "") if isinstance(value, str) else ""

    def number(name: str) -> int | None:
        return int(text(name)) if _number(text(name)) else None

    return LetterForm(
        to=text("to"),
        subject=text("subject"),
        text=text("text"),
        contact_id=number("contact_id"),
        call_id=text("call_id")[:64] or None,
        server_id=number("server_id"),
        files=[int(one) for one in map(str, sent.getall("files", [])) if _number(one)],
    )


async def history(
    here: Services, person: Current, contact_id: int, until: datetime | None, limit: int
) -> list[contacts.Entry]:
    """The letters in a client's history."""
    async with here.db.business(person.business_id) as session:
        rows = await queries.of_contact(session, contact_id, until, limit)
        files = await letters.attached(session, [row.id for row in rows])
        names = await _names(session) if rows else {}
    return [
        contacts.Entry(
            at=row.created_at,
            key=f"l{row.id}",
            title=N_("Letter"),
            text=row.subject,
            data={"letter_id": row.id, "state": row.state, "to": row.to_address, "call_id": row.call_id},
            shown={
                "letter": row, "author": names.get(row.author_id or 0, ""), "files": files[row.id], "states": STATES,
                "words": content.plain(row.html)[:400], "why": _why(row),
            },
        )
        for row in rows
    ]  # fmt: skip


def _why(row: SentLetter) -> tuple[str, dict[str, Any]] | None:
    if not row.failure:
        return None
    found = failing.Failure(*row.failure)
    return failing.WORDS.get(found.kind, failing.WORDS["broken"]), found.values


async def of_call(here: Services, person: Current, call_id: str) -> dict[str, Any] | None:
    """The letters of a call on its page."""
    async with here.db.business(person.business_id) as session:
        rows = await queries.of_call(session, call_id)
    return {"letters": rows, "states": STATES} if rows else None


HISTORY = contacts.Source("letter", "mail/history.html", history)
PART = calls.Part("letters", "mail/call.html", of_call)


async def _names(session: Any) -> dict[int, str]:
    return {one.membership_id: one.name for one in await accounts.people(session)}


def _state(request: web.Request) -> str:
    found = request.query.get("state", "")
    return found if found in FILTERS else ""


async def _list(request: web.Request) -> LetterList:
    person, here, texts = current(request), services(request), render.texts(request)
    number = request.query.get("page", "")
    page_number = max(1, int(number)) if _number(number) else 1
    own = None if person.can(CALLS_ALL) else person.membership_id
    wanted = queries.Wanted(state=_state(request), author_id=own)
    async with here.db.business(person.business_id) as session:
        total = await queries.total(session, wanted)
        rows = await queries.page(session, wanted, (page_number - 1) * PER_PAGE, PER_PAGE)
        names = await _names(session)
    found = [view(texts, row, names.get(row.author_id or 0, ""), []) for row in rows]
    return LetterList(letters=found, total=total, page=page_number, per_page=PER_PAGE)


async def _one(request: web.Request, letter_id: int) -> LetterView:
    person = current(request)
    async with services(request).db.business(person.business_id) as session:
        row = await letters.need(session, person, letter_id)
        files = (await letters.attached(session, [row.id]))[row.id]
        names = await _names(session)
    return view(render.texts(request), row, names.get(row.author_id or 0, ""), files, whole=True)


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        API,
        list_api,
        CONTACTS_SEE,
        summary="Letters to clients, newest first",
        returns=LetterList,
        params=(Param("state", "waiting, sent, failed or cancelled"), Param("page", "from 1")),
    ),
    Route(
        "POST",
        API,
        create_api,
        CONTACTS_EDIT,
        summary="Write a letter to a client; it is sent in the background",
        body=LetterForm,
        returns=LetterView,
        status=201,
    ),
    Route("GET", f"{API}/{ID}", one_api, CONTACTS_SEE, summary="A letter and what became of it", returns=LetterView),
    Route(
        "POST",
        f"{API}/{ID}/again",
        again_api,
        CONTACTS_EDIT,
        summary="Try a letter that was not sent once more",
        returns=LetterView,
    ),
    Route(
        "POST",
        f"{API}/{ID}/cancel",
        cancel_api,
        CONTACTS_EDIT,
        summary="Keep a waiting letter from being sent",
        returns=LetterView,
    ),
    Route("GET", "/letters", page, CONTACTS_SEE),
    Route("GET", "/letters/new", new_page, CONTACTS_EDIT),
    Route("POST", "/letters", create_form, CONTACTS_EDIT),
    Route("GET", f"/letters/{ID}", one_page, CONTACTS_SEE),
    Route("POST", f"/letters/{ID}/again", again_form, CONTACTS_EDIT),
    Route("POST", f"/letters/{ID}/cancel", cancel_form, CONTACTS_EDIT),
)
