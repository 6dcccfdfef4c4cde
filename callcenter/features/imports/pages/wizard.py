"""The wizard's pages: file, columns and options, progress, result; the history; reports and sample files."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.errors import BadInput
from callcenter.features.accounts import api as accounts
from callcenter.features.contacts.api import bulk_write
from callcenter.features.imports import queries
from callcenter.features.imports.gateway import reports
from callcenter.features.imports.pages import rest, views
from callcenter.features.imports.pages.rest import ID, import_id, page_number
from callcenter.features.imports.rules import samples
from callcenter.features.imports.rules.limits import MAX_BYTES
from callcenter.features.imports.usecases import steps
from callcenter.features.imports.usecases.steps import MappingForm, StartForm
from callcenter.http import render
from callcenter.http.current import current
from callcenter.http.permissions import CONTACTS_IMPORT
from callcenter.http.routes import Route
from callcenter.plugin import services

# Column forms name their fields «column-3».
_COLUMN = "column-"
_CHUNK = 256 * 1024
# Refused rows that the page itself shows; the file has them all.
SHOWN_REFUSED = 20


async def history(request: web.Request) -> web.Response:
    """GET /imports: a new file, sample files, and what was loaded."""
    return await _history(request)


async def _history(request: web.Request, error: BadInput | None = None) -> web.Response:
    here, person = services(request), current(request)
    number = page_number(request)
    async with here.db.business(person.business_id) as session:
        rows, total = await queries.page(
            session, person.membership_id, everything=views.everything(person), number=number
        )
        found = [await views.view(session, here, person, row) for row in rows]
        names = await _names(session)
        owners = {row.id: names.get(row.owner_id or 0, "") for row in rows}
        lists = await bulk_write.lists(session)
    chosen = request.query.get("list", "")
    return render.page(
        request,
        "imports/list.html",
        status=422 if error else 200,
        imports=found,
        owners=owners,
        total=total,
        page=number,
        pages=max(1, -(-total // queries.PAGE)),
        said=render.said(request, error) if error else "",
        titles=views.STATE_TITLES,
        modes=views.MODE_TITLES,
        samples=samples.SAMPLES,
        max_bytes=MAX_BYTES,
        list_title=next((title for one, title in lists if str(one) == chosen), ""),
    )


async def upload(request: web.Request) -> web.Response:
    """POST /imports: a file, then its columns."""
    try:
        made = await rest.take(request)
    except BadInput as error:
        return await _history(request, error)
    raise web.HTTPSeeOther(f"/imports/{made}")


async def one(request: web.Request) -> web.Response:
    """GET /imports/{id}: the step that the import is at."""
    return await _one(request)


async def _one(request: web.Request, form: StartForm | None = None, error: BadInput | None = None) -> web.Response:
    here, person = services(request), current(request)
    async with here.db.business(person.business_id) as session:
        row = await queries.one(session, import_id(request), person.membership_id, everything=views.everything(person))
        shown = await views.view(session, here, person, row)
        names = await _names(session)
        groups = await views.targets(session)
        lists = await bulk_write.lists(session)
        bad = await queries.refused(session, row.id, 0, SHOWN_REFUSED) if shown.counts.refused else []
    about = row.format
    return render.page(
        request,
        "imports/one.html",
        status=422 if error else 200,
        it=shown,
        sample=list(zip(about.get("lines", ()), about.get("sample", ()), strict=False)),
        header=[str(title) for title in about.get("header", ())],
        refused=[(one.line, [str(cell) for cell in one.cells], *_reason(one.reason)) for one in bad],
        groups=groups,
        members=sorted(names.items(), key=lambda pair: pair[1].casefold()),
        me=person.membership_id,
        lists=lists,
        owner=names.get(row.owner_id or 0, ""),
        form=form or StartForm(mode=shown.mode, policy=shown.policy, list=shown.list_title, tag=shown.tag),
        errors=render.fields_said(request, error) if error else {},
        said=render.said(request, error) if error else "",
        titles=views.STATE_TITLES,
        policies=views.POLICY_TITLES,
        modes=views.MODE_TITLES,
    )


async def start(request: web.Request) -> web.Response:
    """POST /imports/{id}/start: the columns and options of the page."""
    here, person = services(request), current(request)
    sent = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    mapping = {name.removeprefix(_COLUMN): value for name, value in sent.items() if name.startswith(_COLUMN)}
    form = StartForm(
        mapping=mapping,
        mode=sent.get("mode", steps.CLIENTS),
        policy=sent.get("policy", "merge"),
        responsible_id=_number(sent.get("responsible_id", "")),
        list=_plain(sent.get("list", "")),
        tag=_plain(sent.get("tag", "")),
    )  # fmt: skip
    try:
        async with here.db.business(person.business_id) as session:
            await steps.start(session, here, person, import_id(request), form)
    except BadInput as error:
        async with here.db.business(person.business_id) as session:
            await steps.choose(session, person, import_id(request), MappingForm(mapping=mapping, mode=form.mode))
        return await _one(request, form, error)
    raise web.HTTPSeeOther(f"/imports/{import_id(request)}")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _plain(text: str) -> str:
    return text.replace("\x00", "")


async def act(request: web.Request) -> web.Response:
    """POST /imports/{id}/{cancel, again, undo, discard}."""
    here, person = services(request), current(request)
    what = request.path.rsplit("/", 1)[-1]
    async with here.db.business(person.business_id) as session:
        if what == "discard":
            await steps.discard(session, here, person, import_id(request))
        elif what == "cancel":
            await steps.cancel(session, here, person, import_id(request))
        elif what == "again":
            await steps.again(session, here, person, import_id(request))
        else:
            await steps.undo(session, here, person, import_id(request))
    raise web.HTTPSeeOther("/imports" if what == "discard" else f"/imports/{import_id(request)}")


async def refused(request: web.Request) -> web.StreamResponse:
    """GET /imports/{id}/refused.{xlsx,csv}: the refused rows as they were, with the reason in a column of its own."""
    here, person = services(request), current(request)
    kind = request.path.rsplit(".", 1)[-1]
    async with here.db.business(person.business_id) as session:
        row = await queries.one(session, import_id(request), person.membership_id, everything=views.everything(person))
        header = [str(one) for one in row.format.get("header", ())]
    texts = render.texts(request)
    rows: list[list[str]] = [[*header, texts.gettext("Row"), texts.gettext("Why it was refused")]]
    with tempfile.SpooledTemporaryFile(4 * 1024 * 1024) as file:
        after = 0
        while True:
            async with here.db.business(person.business_id) as session:
                found = await queries.refused(session, row.id, after, 2000)
            if not found:
                break
            after = found[-1].line
            for one_row in found:
                key, cell = _reason(one_row.reason)
                why = texts.gettext(key) + (f" ({cell})" if cell else "")
                cells = [str(one) for one in one_row.cells][: len(header)]
                rows.append([*cells, *[""] * (len(header) - len(cells)), str(one_row.line), why])
        await asyncio.to_thread(reports.WRITERS[kind], cast(BinaryIO, file), rows)
        return await _send(request, file, kind, f"refused-{row.id}.{kind}")


def _reason(text: str) -> tuple[str, str]:
    """What is wrong with a refused row, as a gettext key, and the cell that is meant."""
    key, _, cell = text.partition("\n")
    return key, cell


async def _send(request: web.Request, file: Any, kind: str, name: str) -> web.StreamResponse:
    size = file.tell()
    file.seek(0)
    answer = web.StreamResponse(
        headers={
            "Content-Type": reports.MEDIA[kind],
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(size),
            "Cache-Control": "no-store",
        }
    )
    await answer.prepare(request)
    for chunk in cast(Iterator[bytes], iter(lambda: file.read(_CHUNK), b"")):
        await answer.write(chunk)
    await answer.write_eof()
    return answer


async def sample(request: web.Request) -> web.StreamResponse:
    """GET /imports/samples/{name}.{xlsx,csv}: a sample file to fill in."""
    name, _, kind = request.path.rsplit("/", 1)[-1].rpartition(".")
    found = samples.SAMPLES[name]
    with tempfile.SpooledTemporaryFile(1024 * 1024) as file:
        await asyncio.to_thread(reports.WRITERS[kind], cast(BinaryIO, file), found.rows)
        return await _send(request, file, kind, f"{name}.{kind}")


async def _names(session: AsyncSession) -> dict[int, str]:
    return {one.membership_id: one.name for one in await accounts.people(session)}


ROUTES: tuple[Route, ...] = (
    Route("GET", "/imports", history, CONTACTS_IMPORT),
    Route("POST", "/imports", upload, CONTACTS_IMPORT),
    *(
        Route("GET", f"/imports/samples/{name}.{kind}", sample, CONTACTS_IMPORT)
        for name in samples.SAMPLES
        for kind in reports.WRITERS
    ),
    Route("GET", f"/imports/{ID}", one, CONTACTS_IMPORT),
    Route("POST", f"/imports/{ID}/start", start, CONTACTS_IMPORT),
    *(Route("POST", f"/imports/{ID}/{what}", act, CONTACTS_IMPORT) for what in ("cancel", "again", "undo", "discard")),
    *(Route("GET", f"/imports/{ID}/refused.{kind}", refused, CONTACTS_IMPORT) for kind in reports.WRITERS),
)
