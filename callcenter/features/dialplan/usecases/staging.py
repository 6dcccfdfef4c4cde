"""Drafts become versions: what has changed, apply, throw away, bring back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec

from callcenter.core.errors import BadInput, Conflict, NotFound, ProductError, Unavailable
from callcenter.core.events import ConfigChanged
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.models import RoutingVersion
from callcenter.features.dialplan.rules import changes, document, versions, words
from callcenter.features.dialplan.rules.changes import Change
from callcenter.features.dialplan.usecases import applying, checking, drafts, rendering, trying
from callcenter.features.numbers import api as numbers
from callcenter.http.current import Current
from callcenter.plugin import Services
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config import apply, findings
from callcenter.telephony.config.findings import Finding
from callcenter.telephony.config.model import Model, ModelError

NOTHING = N_("There is nothing to apply: callers hear all changes already.")
HAS_ERRORS = N_("The checks found faults: mend them first. %(first)s")
IS_LIVE = N_("Callers hear this version already.")
NO_VERSION = N_("There is no such version.")
NOT_APPLIED = N_("The changes were not applied, and callers are led as before. %(reason)s")
BROUGHT_BACK = N_("Version %(number)s brought back")
MAX_NOTE = 200


class Refused(Conflict):
    """An apply that did not come about: ``why`` is a gettext key with ``nested`` values, which ``words.fill`` fills."""

    def __init__(self, why: str, code: str, nested: dict[str, Any]) -> None:
        super().__init__(why, code=code, reason="", first="")
        self.why, self.nested = why, nested
        self.args = (words.fill(str, why, nested),)


@dataclass
class Draft:
    """What is edited but not heard yet, and what is wrong with it."""

    document: drafts.Document
    live: drafts.Document
    live_number: int
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    live_files: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def errors(self) -> list[Finding]:
        """Faults that keep it from being applied."""
        return findings.errors(self.findings)


async def draft(services: Services, business_id: int, *, files: bool = False) -> Draft:
    """The business's draft with its changes and checks; ``files`` renders it and the live version too."""
    async with services.db.system() as session:
        await rendering.live_documents(session, [business_id])
        live = (await queries.live_versions(session))[business_id]
        found = Draft(
            document=(await drafts.documents(session, [business_id]))[business_id],
            live=dict(live.document),
            live_number=live.number,
        )
        instance = _instance(services)
        system = apply.system_of(services.settings, instance) if instance else None
        people = await rendering.names(session, business_id)
        found.names = changes.names(found.live, found.document) | people
        found.changes = changes.between(found.live, found.document, people)
        if system is None or instance is None:
            return found
        model, own = await rendering.gather_now(
            services, session, system, instead={business_id: found.document}, only=business_id
        )
        found.findings = await checking.check(session, model, business_id, own[business_id], instance.sounds)
        found.findings = [*await trying.changed_ways(session, model, business_id), *found.findings]
        if not files:
            return found
        before, own_before = await rendering.gather_now(
            services, session, system, instead={business_id: found.live}, only=business_id
        )
    found.files = await asyncio.to_thread(_files, model, own)
    found.live_files = await asyncio.to_thread(_files, before, own_before)
    return found


async def count_changes(services: Services, business_id: int) -> int:
    """How many things callers do not hear yet, without checks."""
    async with services.db.system() as session:
        live = (await rendering.live_documents(session, [business_id]))[business_id]
        now = (await drafts.documents(session, [business_id]))[business_id]
    return 0 if document.same(live, now) else max(1, len(changes.between(live, now)))


async def document_of(services: Services, business_id: int) -> drafts.Document:
    """What the tables say now."""
    async with services.db.system() as session:
        return (await drafts.documents(session, [business_id]))[business_id]


async def people(services: Services, business_id: int) -> dict[tuple[str, int], str]:
    """The employees' names, as rules.changes wants them."""
    async with services.db.system() as session:
        return await rendering.names(session, business_id)


async def files_of(services: Services, business_id: int, *documents: drafts.Document) -> tuple[dict[str, str], ...]:
    """The business's files by each of the documents, for a comparison; {} for what cannot be rendered."""
    instance = _instance(services)
    if instance is None:
        return tuple({} for _ in documents)
    system = apply.system_of(services.settings, instance)
    found = []
    for one in documents:
        async with services.db.system() as session:
            model, own = await rendering.gather_now(
                services, session, system, instead={business_id: one}, only=business_id
            )
        found.append(await asyncio.to_thread(_files, model, own))
    return tuple(found)


def _files(model: Model, own: dict[int, str]) -> dict[str, str]:
    """Rendered files for a comparison: without the mark; {} when they cannot be rendered (the checks say why)."""
    try:
        return rendering.rendered(model, own, mark=False)
    except ModelError:
        return {}


def _instance(services: Services) -> Instance | None:
    try:
        return Instance.from_settings(services.settings)
    except AsteriskError:
        return None


async def apply_draft(
    services: Services, business_id: int, *, user_id: int | None, by: str, note: str = ""
) -> RoutingVersion:
    """Applies the draft as a whole. Raises Conflict (nothing to apply, faults, not applied) or Unavailable."""
    if not services.telephony.up:
        raise Unavailable(applying.AWAY)
    now = applying.progress(services)
    async with rendering.pending(services).turn:
        now.step[business_id] = "checking"
        try:
            found = await draft(services, business_id)
            if document.same(found.live, found.document):
                raise Conflict(NOTHING, code="nothing_to_apply")
            if found.errors:
                first = found.errors[0]
                raise Refused(HAS_ERRORS, "has_errors", {"_first": first.text, **first.values})
            version = await _begin(services, business_id, found, user_id=user_id, by=by, note=note)
            changed = {one.id for one in found.changes if one.section == "numbers" and isinstance(one.id, int)}
            failure, said = await applying.carry(services, business_id, found.document, proven=True, changed=changed)
            version = await _end(services, version, failure, said)
            await _tell(services, business_id)
        finally:
            # Only now the tables tell what callers hear: a page that finds no step may believe them.
            now.step.pop(business_id, None)
    if failure is not None:
        raise Refused(NOT_APPLIED, failure.state, {"reason": {"key": failure.text, **failure.values}})
    return version


async def apply_tables(services: Services, business_id: int, *, lines_only: bool = False) -> bool:
    """Takes what the tables say and applies it at once, unchecked: a program wrote it. Whether it went well.

    With ``lines_only`` only the lines to operators go live, which were tried when they were saved.
    """
    async with rendering.pending(services).turn:
        async with services.db.system() as session:
            known = {one.id for one in await accounts.businesses(session)}
            if business_id not in known:
                return await rendering.bring(services)
            live = (await rendering.live_documents(session, [business_id]))[business_id]
            now = (await drafts.documents(session, [business_id]))[business_id]
        if lines_only:
            now = document.with_lines(live, now)
        if document.same(live, now):
            return await rendering.bring(services)
        note = versions.LINES if lines_only else versions.BY_PROGRAM
        version = await _begin(services, business_id, Draft(now, live, 0), user_id=None, by="", note=note)
        try:
            failure, _ = await applying.carry(services, business_id, now, proven=False)
            await _end(services, version, failure, {})
        finally:
            applying.progress(services).step.pop(business_id, None)
        if failure is None:
            return await rendering.bring(services)
        rendering.complain(services, words.fill(str, failure.text, failure.values))
        return False


async def _begin(
    services: Services, business_id: int, found: Draft, *, user_id: int | None, by: str, note: str
) -> RoutingVersion:
    async with services.db.business(business_id) as session:
        version = RoutingVersion(
            business_id=business_id,
            number=1 + await queries.last_number(session),
            created_at=services.clock.now(),
            user_id=user_id,
            by=by[:200],
            note=" ".join(note.split())[:MAX_NOTE],
            document=found.document,
            findings=[msgspec.to_builtins(one) for one in found.findings],
            state=versions.APPLYING,
        )
        session.add(version)
        await session.flush()
    return version


async def _end(
    services: Services, version: RoutingVersion, failure: applying.Failure | None, said: dict[str, Any]
) -> RoutingVersion:
    async with services.db.business(version.business_id) as session:
        row = await queries.version(session, version.number)
        assert row is not None
        row.state = versions.APPLIED if failure is None else failure.state
        row.canary = said
        if failure is None:
            row.applied_at = services.clock.now()
        else:
            row.reason, row.reason_values = failure.text, failure.values
        if row.user_id is not None and failure is None:
            at = services.clock.now()
            await accounts.audit_for(
                session,
                row.business_id,
                row.user_id,
                "routing.apply",
                "routing",
                str(row.number),
                at=at,
                number=row.number,
            )
    if failure is None:
        await rendering.rank_members(services)
    return row


async def _tell(services: Services, business_id: int) -> None:
    """Directory and members follow what is live now."""
    await rendering.refresh_directory(services)
    services.bus.publish(ConfigChanged(at=services.clock.epoch(), business_id=business_id, what="members"))


async def throw_away(services: Services, person: Current) -> None:
    """Writes the live version back into the tables: nothing that callers hear changes."""
    await _write_back(services, person, None, "routing.discard")


async def bring_back(services: Services, person: Current, number: int) -> RoutingVersion:
    """Makes an earlier version the draft and applies it. Raises NotFound, Conflict, Unavailable."""
    if not services.telephony.up:
        raise Unavailable(applying.AWAY)
    async with services.db.system() as session:
        await rendering.live_documents(session, [person.business_id])
        live = (await queries.live_versions(session))[person.business_id]
    if live.number == number:
        raise BadInput(IS_LIVE)
    await _write_back(services, person, number, "routing.back")
    note = BROUGHT_BACK % {"number": number}
    return await apply_draft(services, person.business_id, user_id=person.user_id, by=person.name, note=note)


async def _write_back(services: Services, person: Current, number: int | None, action: str) -> None:
    business_id = person.business_id
    async with rendering.pending(services).turn:
        async with services.db.system() as session:
            await rendering.live_documents(session, [business_id])
        async with services.db.business(business_id) as session:
            found = await (queries.live_version(session) if number is None else queries.version(session, number))
            if found is None:
                raise NotFound(NO_VERSION)
        wanted = dict(found.document)
        async with services.db.system() as session:
            mine = [str(row["e164"]) for row in wanted.get("numbers", ())]
            lost = await numbers.reclaim(session, services.settings, business_id, mine, services.clock.now())
        wanted["numbers"] = [row for row in wanted.get("numbers", ()) if row["e164"] not in lost]
        async with services.db.business(business_id) as session:
            await drafts.write_back(session, business_id, wanted)
            await accounts.audit(session, person, action, "routing", found.number, number=found.number)
        async with services.db.system() as session:
            if "emergency" in wanted:
                await accounts.set_setting(session, business_id, drafts.EMERGENCY, wanted["emergency"])
    await rendering.refresh_directory(services)


async def drafted(services: Services, business_id: int, *, at_once: bool, user_id: int | None) -> None:
    """Somebody saved: the directory follows, and where it is wished the draft is applied."""
    await rendering.refresh_directory(services)
    async with services.db.system() as session:
        company = await accounts.business(session, business_id)
        name = await accounts.user_name(session, user_id) if user_id else ""
    if company is None or not (at_once or company.settings.get(versions.SETTING)):
        return
    try:
        await apply_draft(services, business_id, user_id=user_id, by=name)
    except ProductError as error:
        # It stays a draft; the page of the routing shows the reason.
        rendering.log.info("the draft of business %s was not applied: %s", business_id, error)


async def complete_versions(services: Services) -> None:
    """Gives live versions the fields that this release has added, as they are today."""
    async with services.db.system() as session:
        live = await queries.live_versions(session)
        today = await drafts.documents(session, list(live))
        for business_id, version in live.items():
            whole = document.complete(version.document, today[business_id])
            if whole is not None:
                version.document = whole
