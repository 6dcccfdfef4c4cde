"""The audit log over HTTP: a page with filters, the API, a csv file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.audit import rules
from callcenter.features.exports import api as exports
from callcenter.http import render
from callcenter.http.current import Current, current
from callcenter.http.formats import zone
from callcenter.http.routes import Param
from callcenter.http.texts import Catalogue
from callcenter.plugin import services

PORTION = 1000
PARAMS = (
    Param("person", "user id", {"type": "integer"}),
    Param("action", "name of an action, or its beginning up to a dot (contact.)"),
    Param("object", "kind of what was done something to: contact, call, recording …"),
    Param("object_id", "its id"),
    Param("from", "first day, YYYY-MM-DD in my time zone", {"type": "string", "format": "date"}),
    Param("to", "last day, included", {"type": "string", "format": "date"}),
    Param("page", "from 1", {"type": "integer"}),
)


class Entry(msgspec.Struct, kw_only=True):
    """An entry: ``said`` is it in the reader's language; ``action`` and ``detail`` are for programs."""

    id: int
    at: datetime
    user_id: int | None
    person: str
    action: str
    said: str
    object_type: str
    object_id: str
    ip: str
    detail: dict[str, Any]


class EntryList(msgspec.Struct, kw_only=True):
    """A page of the audit log, the newest first."""

    entries: list[Entry]
    total: int
    page: int
    per_page: int


class Asked(NamedTuple):
    """What was asked for, and how it was typed."""

    wanted: accounts.AuditFilter
    page: int
    typed: dict[str, str]


async def listing(request: web.Request) -> web.Response:
    """GET /api/v1/audit."""
    asked = _asked(request)
    return render.api(request, await _list(request, asked))


async def page(request: web.Request) -> web.Response:
    """GET /audit."""
    asked = _asked(request)
    found = await _list(request, asked)
    texts = render.texts(request)
    async with services(request).db.business(current(request).business_id) as session:
        people = await accounts.people(session)
        actions = await accounts.audit_actions(session)
    kept = {key: value for key, value in asked.typed.items() if value}
    last = max(1, -(-found.total // rules.PER_PAGE))
    return render.page(
        request,
        "audit/audit.html",
        found=found,
        typed=asked.typed,
        people=people,
        actions=sorted((_title(texts, one), one) for one in actions),
        objects=rules.OBJECTS,
        link=rules.link,
        facts=rules.facts,
        known=rules.SENTENCES,
        pages=last,
        file="/api/v1/audit/file?" + urlencode(kept),
        newer=f"/audit?{urlencode(kept | {'page': asked.page - 1})}" if asked.page > 1 else "",
        older=f"/audit?{urlencode(kept | {'page': asked.page + 1})}" if asked.page < last else "",
    )


async def file(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/audit/file: what the filter finds as csv, streamed portion by portion."""
    here, person, asked = services(request), current(request), _asked(request)
    async with here.db.business(person.business_id) as session:
        kept = {key: value for key, value in asked.typed.items() if value}
        rows = await accounts.audit_count(session, asked.wanted)
        await accounts.audit(session, request, "audit.export", "audit", "", rows=rows, filter=kept)
    texts, names = render.texts(request), await _names(request)
    day = here.clock.now().astimezone(zone(person.timezone))
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="audit-{day:%Y-%m-%d}.csv"',
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    head = [texts.gettext(title) for title in HEAD]
    await response.write(b"\xef\xbb\xbf" + _csv([head]))
    before: int | None = None
    while True:
        async with here.db.business(person.business_id) as session:
            found = await accounts.audit_entries(session, asked.wanted, limit=PORTION, before=before)
        if not found:
            break
        before = found[-1].id
        entries = [_entry(texts, names, row) for row in found]
        await response.write(_csv(_line(person, one) for one in entries))
    await response.write_eof()
    return response


HEAD = (N_("Time"), N_("Who"), N_("What was done"), N_("To what"), N_("Address"), N_("Action"), N_("Details"))


def _line(person: Current, one: Entry) -> list[str]:
    at = one.at.astimezone(zone(person.timezone)).strftime("%d.%m.%Y %H:%M:%S")
    to = f"{one.object_type} {one.object_id}".strip()
    return [at, one.person, one.said, to, one.ip, one.action, rules.facts(one.detail)]


def _csv(rows: Iterable[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([exports.harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def _asked(request: web.Request) -> Asked:
    typed = {
        key: request.query.get(key, "").strip()[:80]
        for key in ("person", "action", "object", "object_id", "from", "to")
    }
    since, until = rules.span(
        rules.day(typed["from"], "from"), rules.day(typed["to"], "to"), zone(current(request).timezone)
    )
    wanted = accounts.AuditFilter(
        user_id=rules.number(typed["person"], "person"),
        action=typed["action"],
        object_type=typed["object"],
        object_id=typed["object_id"],
        since=since,
        until=until,
    )
    number = rules.number(request.query.get("page", "1"), "page") or 1
    return Asked(wanted, min(number, rules.MAX_PAGE), typed)


async def _list(request: web.Request, asked: Asked) -> EntryList:
    texts, names = render.texts(request), await _names(request)
    async with services(request).db.business(current(request).business_id) as session:
        offset = (asked.page - 1) * rules.PER_PAGE
        rows = await accounts.audit_entries(session, asked.wanted, offset=offset, limit=rules.PER_PAGE)
        total = await accounts.audit_count(session, asked.wanted)
    entries = [_entry(texts, names, row) for row in rows]
    return EntryList(entries=entries, total=total, page=asked.page, per_page=rules.PER_PAGE)


async def _names(request: web.Request) -> dict[int, str]:
    async with services(request).db.business(current(request).business_id) as session:
        return {one.user_id: one.name for one in await accounts.people(session)}


def _entry(texts: Catalogue, names: dict[int, str], row: accounts.AuditEntry) -> Entry:
    known = rules.sentence(row.action)
    return Entry(
        id=row.id,
        at=row.at,
        user_id=row.user_id,
        person=names.get(row.user_id or 0, ""),
        action=row.action,
        said=texts.gettext(known) % rules.places(row.detail) if known else row.action,
        object_type=row.object_type,
        object_id=row.object_id,
        ip=row.ip,
        detail=row.detail,
    )


def _title(texts: Catalogue, action: str) -> str:
    """An action in a list of choices, its places left open."""
    known = rules.sentence(action)
    return texts.gettext(known) % rules.places({}) if known else action
