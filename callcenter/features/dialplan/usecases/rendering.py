"""What Asterisk is told: gather it from the database, write it, have it read again."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.config import Settings
from callcenter.core.clock import SystemClock
from callcenter.core.directory import AgentRef, BusinessRef, Directory
from callcenter.core.errors import ProductError
from callcenter.core.events import Alert
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.dialplan import gateway, queries
from callcenter.features.dialplan.models import RoutingVersion
from callcenter.features.dialplan.rules import own as rules_own
from callcenter.features.dialplan.rules import versions
from callcenter.features.dialplan.usecases import drafts
from callcenter.features.distribution import api as distribution
from callcenter.features.forwarding import api as forwarding
from callcenter.features.numbers import api as numbers
from callcenter.features.prompts import api as prompt_files
from callcenter.features.queues import api as queues
from callcenter.features.skills import api as skills
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from callcenter.telephony.asterisk import prompts
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config import apply, proof
from callcenter.telephony.config.model import Model, ModelError, System
from callcenter.telephony.config.render import render

log = logging.getLogger(__name__)

ALERT = "dialplan"
NOT_WRITTEN = N_("Changes of numbers, queues or phones have not reached Asterisk: %(reason)s")


class Pending:
    """Files that were written and that Asterisk has perhaps not read yet; ``turn`` lets one at a time change them."""

    def __init__(self) -> None:
        # What a process that died between writing and reloading has left is not known: once at the start all is read.
        self.files: set[str] = {"pjsip.conf", "extensions.conf", "queues.conf"}
        self.failed = False
        self.turn = asyncio.Lock()


def pending(services: Services) -> Pending:
    """The process's one."""
    return services.part(Pending, lambda _: Pending())


async def gather(
    session: AsyncSession,
    system: System,
    *,
    instead: Mapping[int, drafts.Document] | None = None,
    only: int | None = None,
    now: datetime,
    service_number: str = "",
) -> tuple[Model, dict[int, str]]:
    """Everything that Asterisk has to know, and the own dialplans: routing by the live versions, the rest as it is.

    ``instead`` are documents that take a live version's place; ``only`` limits all to one business. Confirmations of
    numbers count as they are ``now``. System session.
    """
    businesses = [one for one in await accounts.businesses(session) if only in (None, one.id)]
    wanted = await live_documents(session, [one.id for one in businesses])
    wanted.update({key: value for key, value in (instead or {}).items() if key in wanted})
    people = [one for one in await agents.for_rendering(session) if one.agent.business_id in wanted]
    # The wrap-up is the agents' own matter: no caller hears it, and it is live at once.
    wrapup = {one.id: one.wrapup_seconds for one in await queues.all_queues(session)}
    lines = [
        msgspec.structs.replace(one, wrapup_seconds=wrapup.get(one.id, one.wrapup_seconds))
        for one in drafts.records("queues", wanted)
    ]
    callers = await numbers.callers(session, list(wanted), service_number)
    model = Model(
        system=system,
        businesses=tuple(
            dataclasses.replace(one, emergency=str(wanted[one.id].get("emergency", "")))
            for one in queries.businesses(businesses, drafts.records("days", wanted), callers)
        ),
        trunks=queries.trunks(drafts.records("trunks", wanted)),
        numbers=queries.numbers(
            drafts.records("numbers", wanted),
            {b.id: b.timezone for b in businesses},
            await numbers.employee_zones(session),
            await forwarding.mobiles(session, now),
            ranked={b.id for b in businesses if distribution.has_any(b.settings)},
            uses=await numbers.uses(session),
            forwardable=await numbers.forwardable(session, now),
        ),
        menus=queries.menus(drafts.records("menus", wanted)),
        queues=queries.queues(lines),
        agents=queries.agents(people, callers, now),
    )
    return model, {key: str(found.get("own", "")) for key, found in wanted.items()}


async def gather_now(
    services: Services,
    session: AsyncSession,
    system: System,
    *,
    instead: Mapping[int, drafts.Document] | None = None,
    only: int | None = None,
) -> tuple[Model, dict[int, str]]:
    """The same at this moment with this server's settings."""
    number = services.settings.service_number
    return await gather(session, system, instead=instead, only=only, now=services.clock.now(), service_number=number)


async def live_documents(session: AsyncSession, businesses: list[int]) -> dict[int, drafts.Document]:
    """What each business's calls go by (system session). A business without a version gets its first one."""
    live = await queries.live_versions(session)
    missing = [one for one in businesses if one not in live]
    if missing:
        for business_id, found in (await drafts.documents(session, missing)).items():
            now = SystemClock().now()
            live[business_id] = RoutingVersion(
                business_id=business_id,
                number=1 + await queries.last_number_of(session, business_id),
                created_at=now,
                applied_at=now,
                note=versions.FIRST,
                document=found,
                state=versions.APPLIED,
            )
            session.add(live[business_id])
        await session.flush()
    return {business_id: dict(live[business_id].document) for business_id in businesses}


async def names(session: AsyncSession, business_id: int) -> dict[tuple[str, int], str]:
    """The names of a business's employees and skills (system session), as rules.changes wants them."""
    people = await agents.for_rendering(session)
    found = {("agents", one.agent.id): one.agent.name for one in people if one.agent.business_id == business_id}
    return found | {("skills", key): name for key, name in (await skills.names(session)).items()}


def rendered(model: Model, own: Mapping[int, str], *, mark: bool = True) -> dict[str, str]:
    """The files with own dialplans and the mark. Raises ModelError."""
    files = render(model)
    sounds = f"{model.system.folder}/sounds"
    pieces = [rules_own.compose(text, key, sounds) for key, text in sorted(own.items()) if text.strip()]
    files["extensions.conf"] += "".join(pieces)
    return proof.with_mark(files) if mark else files


async def load_directory(db: Database) -> Directory:
    """Who and what the installation knows, of all businesses."""
    async with db.system() as session:
        return Directory(
            agents={
                one.agent.id: AgentRef(
                    id=one.agent.id,
                    business_id=one.agent.business_id,
                    name=one.agent.name,
                    short_number=one.agent.short_number,
                    devices=tuple(phone.kind for phone in one.devices),
                    auto_dialed=one.agent.auto_dialed,
                )
                for one in await agents.for_rendering(session)
            },
            queues=await queues.for_directory(session),
            numbers=await numbers.directory_numbers(session),
            trunks=await numbers.directory_trunks(session),
            businesses={
                one.id: BusinessRef(
                    id=one.id,
                    name=one.name,
                    timezone=one.timezone,
                    service_level=str(one.settings.get("service_level", "standard")),
                    wrapup_out=agents.chosen_settings(one.settings).wrapup_out,
                    unanswered=agents.chosen_settings(one.settings).unanswered,
                )
                for one in await accounts.businesses(session)
            },
            pause_reasons=await agents.reasons_for_directory(session),
        )


async def write_config(settings: Settings, db: Database, now: datetime | None = None) -> list[str]:
    """Renders and writes Asterisk's files and speaks missing prompts; the names of files that changed.

    Raises AsteriskError, ModelError (a value that cannot be given to Asterisk), OSError (disk full).
    """
    instance = Instance.from_settings(settings)
    async with db.system() as session:
        system = apply.system_of(settings, instance)
        moment = now or SystemClock().now()
        model, own = await gather(session, system, now=moment, service_number=settings.service_number)
    changed = await asyncio.to_thread(write_files, instance, rendered(model, own))
    await prompt_files.lay_all(settings, db)
    return changed


def write_files(instance: Instance, files: Mapping[str, str]) -> list[str]:
    """Makes folders and missing prompts and writes what changed; slow, for a thread."""
    instance.prepare()
    prompts.make(instance, log.info)
    return apply.write(instance, files)


async def rank_members(services: Services) -> None:
    """Tells the queues what skills callers need by the live versions: members are ranked by it."""
    async with services.db.system() as session:
        businesses = [one.id for one in await accounts.businesses(session)]
        live = await live_documents(session, businesses)
    found = drafts.records("queues", live)
    queues.ask_for(services, {one.id: one.asked for one in found if one.active and one.asked is not None})


async def asking(session: AsyncSession, skill_id: int) -> list[str]:
    """The queues that ask for a skill as callers meet them (business session)."""
    live = await queries.live_version(session)
    found = drafts.records("queues", {live.business_id: live.document}) if live else []
    return [one.name for one in found if one.active and one.asked and one.asked.skill_id == skill_id]


async def refresh_directory(services: Services) -> None:
    """Gives telephony and live what the database knows now."""
    directory = await load_directory(services.db)
    services.telephony.set_directory(directory)
    services.live.set_directory(directory)


async def apply_changes(services: Services) -> None:
    """Writes the configuration and has Asterisk read what changed; an alert says when that fails."""
    async with pending(services).turn:
        await bring(services)


async def bring(services: Services) -> bool:
    """The same for one whose turn it is; whether it went well."""
    waiting = pending(services)
    try:
        waiting.files.update(await write_config(services.settings, services.db, services.clock.now()))
        await reload(services)
    except (AsteriskError, ModelError, OSError, ProductError) as error:
        log.warning("Asterisk's configuration was not applied: %s", error)
        complain(services, str(error))
        return False
    else:
        if waiting.failed:
            waiting.failed = False
            _alert(services, active=False)
        return True


def complain(services: Services, reason: str) -> None:
    """Raises the alert that changes have not reached Asterisk."""
    pending(services).failed = True
    _alert(services, active=True, reason=reason)


async def reload(services: Services) -> None:
    """Has Asterisk read what waits. Without a link the files wait: they are read when it is back."""
    waiting = pending(services)
    if not services.telephony.up:
        return
    files = sorted(waiting.files)
    for command in apply.commands(files):
        if command == gateway.RELOAD:
            await gateway.reload_queues(services)
        else:
            await services.telephony.gateway.command(command)
    waiting.files.difference_update(files)


def _alert(services: Services, *, active: bool, reason: str = "") -> None:
    services.bus.publish(
        Alert(
            at=services.clock.epoch(),
            key=ALERT,
            active=active,
            message=NOT_WRITTEN if active else "",
            values={"reason": reason[:300]},
        )
    )
