"""What Asterisk is told: gather it from the database, write it, have it read again."""

from __future__ import annotations

import asyncio
import logging

from callcenter.config import Settings
from callcenter.core.directory import AgentRef, BusinessRef, Directory
from callcenter.core.errors import ProductError
from callcenter.core.events import Alert
from callcenter.core.i18n import N_
from callcenter.features.accounts import api as accounts
from callcenter.features.agents import api as agents
from callcenter.features.dialplan import queries
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.queues import api as queues
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from callcenter.telephony.asterisk import prompts
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import Business, Model, ModelError
from callcenter.telephony.config.render import render

log = logging.getLogger(__name__)

ALERT = "dialplan"
NOT_WRITTEN = N_("Changes of numbers, queues or phones have not reached Asterisk: %(reason)s")


class Pending:
    """Files that were written and that Asterisk has perhaps not read yet."""

    def __init__(self) -> None:
        # What a process that died between writing and reloading has left is not known: once at the start all is read.
        self.files: set[str] = {"pjsip.conf", "extensions.conf", "queues.conf"}
        self.failed = False


async def gather_model(settings: Settings, db: Database, instance: Instance) -> Model:
    """Everything that Asterisk has to know, of all businesses."""
    async with db.system() as session:
        businesses = await accounts.businesses(session)
        return Model(
            system=apply.system_of(settings, instance),
            businesses=tuple(Business(id=b.id, name=b.name, language=b.language) for b in businesses),
            trunks=queries.trunks(await numbers.trunks(session)),
            numbers=queries.numbers(await numbers.all_numbers(session)),
            menus=queries.menus(await ivr.all_menus(session)),
            queues=queries.queues(await queues.all_queues(session)),
            agents=queries.agents(await agents.for_rendering(session)),
        )


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


async def write_config(settings: Settings, db: Database) -> list[str]:
    """Renders and writes Asterisk's files and speaks missing prompts; the names of files that changed.

    Raises AsteriskError, ModelError (a value that cannot be given to Asterisk), OSError (disk full).
    """
    instance = Instance.from_settings(settings)
    files = render(await gather_model(settings, db, instance))
    return await asyncio.to_thread(_write, instance, files)


def _write(instance: Instance, files: dict[str, str]) -> list[str]:
    instance.prepare()
    prompts.make(instance, log.info)
    return apply.write(instance, files)


async def refresh_directory(services: Services) -> None:
    """Gives telephony and live what the database knows now."""
    directory = await load_directory(services.db)
    services.telephony.set_directory(directory)
    services.live.set_directory(directory)


async def apply_changes(services: Services) -> None:
    """Writes the configuration and has Asterisk read what changed; an alert says when that fails."""
    pending = services.part(Pending, lambda _: Pending())
    try:
        pending.files.update(await write_config(services.settings, services.db))
        await _reload(services, pending)
    except (AsteriskError, ModelError, OSError, ProductError) as error:
        log.warning("Asterisk's configuration was not applied: %s", error)
        pending.failed = True
        _alert(services, active=True, reason=str(error))
    else:
        if pending.failed:
            pending.failed = False
            _alert(services, active=False)


async def _reload(services: Services, pending: Pending) -> None:
    """Without a link the files wait: they are read when it is back."""
    if not services.telephony.up:
        return
    files = sorted(pending.files)
    for command in apply.commands(files):
        await services.telephony.gateway.command(command)
    pending.files.difference_update(files)


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
