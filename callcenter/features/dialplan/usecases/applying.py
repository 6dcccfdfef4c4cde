"""A version is applied as a whole: rendered, written, read by Asterisk, confirmed, tried by a call; or rolled back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callcenter.core.errors import ProductError, Unavailable
from callcenter.core.i18n import N_
from callcenter.features.dialplan import queries
from callcenter.features.dialplan.rules import own as rules_own
from callcenter.features.dialplan.rules import versions
from callcenter.features.dialplan.usecases import canary, drafts, rendering
from callcenter.plugin import Services
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config import apply, proof
from callcenter.telephony.config.model import Model, ModelError

log = logging.getLogger(__name__)

# Asterisk's log is written by a thread of its own.
_LOG_LAG = 0.2
STEPS: dict[str, str] = {
    "checking": N_("Checking"),
    "writing": N_("Writing the files"),
    "reading": N_("Asterisk reads them"),
    "confirming": N_("Asking Asterisk what it works with"),
    "canary": N_("Making a test call"),
    "back": N_("Putting the former version back"),
}
OWN_LINE = N_("Asterisk does not understand line %(line)s of the own dialplan: %(said)s")
MARK_MISSING = N_("the new dialplan is not there")
QUEUES_MISSING = N_("queues are missing: %(names)s")
TRUNKS_MISSING = N_("lines are missing: %(names)s")


@dataclass
class Failure:
    """Why a version did not become the live one: a state, and a gettext key with values."""

    state: str
    text: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass
class Progress:
    """What is being done right now, by business; '' = nothing."""

    step: dict[int, str] = field(default_factory=dict)


def progress(services: Services) -> Progress:
    """The process's one."""
    return services.part(Progress, lambda _: Progress())


class _Back(Exception):
    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self.text, self.values = text, values


async def carry(
    services: Services,
    business_id: int,
    document: drafts.Document,
    *,
    proven: bool,
    changed: Collection[int] = (),
) -> tuple[Failure | None, dict[str, Any]]:
    """Brings a document to Asterisk, or puts back what was there.

    The caller has the turn (``rendering.pending``), and ends the step once the tables say what became of it.
    ``proven``: Asterisk is asked whether it works with it, and a test call is made; else it is only written and read,
    now or when Asterisk is there. Returns why not, and what the test call said.
    """
    waiting, now = rendering.pending(services), progress(services)
    now.step[business_id] = "writing"
    try:
        instance = Instance.from_settings(services.settings)
        async with services.db.system() as session:
            model, own = await rendering.gather_now(
                services, session, apply.system_of(services.settings, instance), instead={business_id: document}
            )
        files = await asyncio.to_thread(rendering.rendered, model, own)
    except (ModelError, AsteriskError) as error:
        return Failure(versions.FAILED, versions.NOT_RENDERED, {"reason": str(error)[:250]}), {}
    before = await asyncio.to_thread(_read, instance.etc)
    since = proof.log_size(instance.log_file)
    try:
        waiting.files.update(await asyncio.to_thread(rendering.write_files, instance, files))
    except (OSError, AsteriskError) as error:
        await _restore(services, instance, before)
        return Failure(versions.FAILED, versions.NOT_WRITTEN, {"reason": str(error)[:250]}), {}
    try:
        now.step[business_id] = "reading"
        await _reload(services)
        if not proven:
            return None, {}
        now.step[business_id] = "confirming"
        await _confirm(services, instance, files, model, business_id, since)
        now.step[business_id] = "canary"
        said = await canary.call(services, instance, model, business_id, changed)
        if said.get("fault"):
            raise _Back(versions.CANARY_FAILED, **said["fault"])
        return None, said
    except _Back as back:
        now.step[business_id] = "back"
        await _restore(services, instance, before)
        return Failure(versions.ROLLED_BACK, back.text, back.values), {}
    except BaseException:
        await asyncio.shield(_restore(services, instance, before))
        raise


async def _reload(services: Services) -> None:
    try:
        await rendering.reload(services)
    except ProductError as error:
        raise _Back(versions.NOT_READ, reason=str(error)[:250]) from error


async def _confirm(
    services: Services, instance: Instance, files: Mapping[str, str], model: Model, business_id: int, since: int
) -> None:
    """Asks Asterisk for the mark, the queues and the lines."""
    gateway = services.telephony.gateway
    if not services.telephony.up:
        raise _Back(versions.NOT_READ, reason=str(Unavailable(AWAY)))
    try:
        shown = await gateway.command(f"dialplan show {proof.MARK_CONTEXT}")
        there = proof.queues_in(await gateway.command("queue show"))
        mine = [trunk for trunk in model.trunks if trunk.business_id == business_id]
        states = {one.name: await gateway.variable(f"DEVICE_STATE(PJSIP/{one.endpoint})") for one in mine}
    except ProductError as error:
        raise _Back(versions.NOT_READ, reason=str(error)[:250]) from error
    piece = _own_lines(files["extensions.conf"], business_id)
    await asyncio.sleep(_LOG_LAG)
    lost = await asyncio.to_thread(proof.refused, instance.log_file, since)
    if piece:
        for name, line, said in await asyncio.to_thread(proof.complaints, instance.log_file, since):
            if name == "extensions.conf" and piece[0] <= line <= piece[1]:
                raise _Back(OWN_LINE, line=line - piece[0] + 1, said=said)
    if not any(proof.marked(files) in line for line in shown):
        raise _Back(versions.NOT_CONFIRMED, _reason=MARK_MISSING)
    gone = [one.name for one in model.queues if one.asterisk_name not in there]
    if gone:
        raise _Back(versions.NOT_CONFIRMED, _reason=QUEUES_MISSING, names=", ".join(gone)[:200])
    gone = [name for name, state in states.items() if state == "INVALID"]
    gone += [one.name for one in mine if one.endpoint in lost and one.name not in gone]
    if gone:
        raise _Back(versions.NOT_CONFIRMED, _reason=TRUNKS_MISSING, names=", ".join(gone)[:200])


AWAY = N_("Asterisk is not there right now. Apply the changes when it is back.")


def _own_lines(text: str, business_id: int) -> tuple[int, int] | None:
    """The first and the last line of a business's own dialplan in the file."""
    lines = text.split("\n")
    head = rules_own.head(business_id)
    if head not in lines:
        return None
    first = lines.index(head) + 2
    last = next((n for n in range(first, len(lines)) if lines[n - 1].startswith(rules_own.HEAD_BEGIN)), len(lines))
    return first, last


def _read(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in folder.glob("*.conf")} if folder.is_dir() else {}


async def _restore(services: Services, instance: Instance, before: Mapping[str, str]) -> None:
    """Writes the former files and has them read; a failure is an alert, and tried again when Asterisk is back."""
    if not before:
        return
    waiting = rendering.pending(services)
    try:
        waiting.files.update(await asyncio.to_thread(apply.write, instance, before))
        await rendering.reload(services)
    except (OSError, ProductError) as error:
        log.warning("the former configuration could not be put back: %s", error)
        rendering.complain(services, str(error))


async def recover(services: Services) -> None:
    """Ends what a server that died in an apply has left: it was never confirmed, so the former version is live."""
    async with services.db.system() as session:
        for version in await queries.unfinished(session):
            version.state, version.reason = versions.ROLLED_BACK, versions.DIED
