"""Drafts and versions as pages and programs see them, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from callcenter.features.dialplan.rules import changes, versions, words
from callcenter.features.dialplan.rules.changes import Change, Said
from callcenter.features.dialplan.usecases import staging
from callcenter.features.prompts import api as prompts
from callcenter.http import render
from callcenter.http.current import current
from callcenter.plugin import services
from callcenter.telephony.config import trial
from callcenter.telephony.config.findings import Finding

PAGES = {"numbers": "/numbers/{}", "queues": "/queues?edit={}", "menus": "/menus/{}"}


class FieldView(msgspec.Struct, kw_only=True):
    """A field that changed, in words."""

    title: str
    before: str
    after: str


class ChangeView(msgspec.Struct, kw_only=True):
    """A thing that was added, removed or changed (``kind``). ``section`` is numbers, menus, queues, trunks …"""

    section: str
    what: str
    id: int | str | None
    title: str
    kind: str
    fields: list[FieldView]


class FindingView(msgspec.Struct, kw_only=True):
    """A fault that the checks found; an error keeps the draft from being applied."""

    severity: str
    section: str
    what: str
    id: int | None
    title: str
    text: str
    link: str


class VersionView(msgspec.Struct, kw_only=True):
    """A version. ``state`` is applying, applied, failed or rolled_back; ``reason`` says why it was not applied.

    ``canary`` is what the test call met, step by step in words.
    """

    number: int
    state: str
    state_title: str
    created_at: str
    applied_at: str | None
    by: str
    note: str
    reason: str
    live: bool
    canary: list[str]


class VersionList(msgspec.Struct, kw_only=True):
    """Versions, the newest first; ``total`` is how many there are."""

    versions: list[VersionView]
    total: int


class RoutingView(msgspec.Struct, kw_only=True):
    """What is live and what is edited: ``step`` is what an apply does right now ('' = none goes on)."""

    live: VersionView
    changes: list[ChangeView]
    findings: list[FindingView]
    at_once: bool
    step: str


class ProgressView(msgspec.Struct, kw_only=True):
    """What an apply does right now ('' = none goes on), and how many changes callers do not hear yet."""

    step: str
    step_title: str
    changes: int


class OwnView(msgspec.Struct, kw_only=True):
    """The draft of the own dialplan, and what is wrong with it."""

    text: str
    prefix: str
    findings: list[FindingView]


def say(request: web.Request, text: str, values: Mapping[str, Any]) -> str:
    """A text with nested ones in the reader's language."""
    return words.fill(render.texts(request).gettext, text, values)


async def prompt_titles(request: web.Request) -> dict[str, str]:
    """What the company's prompts and those of the stock set are called, by the name that the routing keeps."""
    async with services(request).db.business(current(request).business_id) as session:
        found = await prompts.choices(session)
    return {one.name: say(request, one.title, {}) if one.stock else one.title for one in found}


def change_views(request: web.Request, found: list[Change]) -> list[ChangeView]:
    """Changes in words."""

    def said(value: Said) -> str:
        return say(request, value.text, value.values)

    return [
        ChangeView(
            section=one.section,
            what=say(request, changes.SECTIONS[one.section], {}),
            id=one.id,
            title=one.title,
            kind=one.kind,
            fields=[
                FieldView(title=say(request, f.title, f.values), before=said(f.before), after=said(f.after))
                for f in one.fields
            ],
        )
        for one in found
    ]


def finding_views(request: web.Request, found: list[Finding]) -> list[FindingView]:
    """Faults in words."""
    return [
        FindingView(
            severity=one.severity,
            section=one.section,
            what=say(request, changes.SECTIONS.get(one.section, one.section), {}),
            id=one.id,
            title=one.title,
            text=say(request, one.text, one.values),
            link=PAGES[one.section].format(one.id) if one.section in PAGES and one.id else "",
        )
        for one in found
    ]


def version_view(
    request: web.Request,
    row: Any,
    live: int,
    names: Mapping[tuple[str, int], str] | None = None,
    titles: Mapping[str, str] | None = None,
) -> VersionView:
    """A version (a RoutingVersion, or its columns without the document) in words; ``titles`` are those of prompts."""
    return VersionView(
        number=row.number,
        state=row.state,
        state_title=say(request, versions.STATES[row.state], {}),
        created_at=_iso(row.created_at),
        applied_at=_iso(row.applied_at) if row.applied_at else None,
        by=row.by,
        note=say(request, row.note, {}) if row.note in versions.NOTES else row.note,
        reason=say(request, row.reason, row.reason_values) if row.reason else "",
        live=row.number == live,
        canary=canary_words(request, row.canary or {}, names or {}, titles or {}),
    )


def canary_words(
    request: web.Request, said: Mapping[str, Any], names: Mapping[tuple[str, int], str], titles: Mapping[str, str]
) -> list[str]:
    """What a test call met, step by step."""
    found = []
    for kind, text in said.get("steps", ()):
        section = {"menu": "menus", "q": "queues", "a": "agents"}.get("menu" if kind == "menu" else text[:1], "")
        number = text if kind == "menu" else text[1:]
        name = names.get((section, int(number)), text) if section and number.isdecimal() else text
        shown = titles.get(text, text) if kind == "prompt" else text
        found.append(say(request, trial.STEP_WORDS.get(kind, kind), {"text": shown, "name": name}))
    return found


def refused(request: web.Request, error: staging.Refused) -> str:
    """Why an apply did not come about."""
    return say(request, error.why, error.nested)


def _iso(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))
