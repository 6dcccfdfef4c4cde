"""The checks of a draft: its model, its own dialplan, what is there of prompts and people."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.core.i18n import N_
from callcenter.features.dialplan.rules import own
from callcenter.features.queues import api as queues
from callcenter.features.skills import api as skills
from callcenter.telephony.asterisk import prompts
from callcenter.telephony.config import checks
from callcenter.telephony.config.findings import Finding
from callcenter.telephony.config.model import Model

OWN_FAULT = N_("Line %(line)s: %(what)s")
SOUNDS = ("ulaw", "alaw", "gsm", "wav", "sln", "g722")


async def check(session: AsyncSession, model: Model, business_id: int, text: str, folder: Path) -> list[Finding]:
    """What is wrong with a business's draft, errors first. ``folder`` is where the prompts' sound files are."""
    serves = {one.id: one.members for one in await queues.all_queues(session) if one.business_id == business_id}
    asked = {one.id: one.asked for one in model.queues if one.asked is not None and one.business_id == business_id}
    has = await skills.levels(session, {one.skill_id for one in asked.values()}) if asked else {}
    found = checks.check(
        model,
        business_id,
        prompts=known_prompts(folder, _language(model, business_id)),
        members={key: len(there) for key, there in serves.items()},
        skills=await skills.names(session) if asked else {},
        levels={
            key: [has.get(one.agent_id, {}).get(ask.skill_id, 0) for one in serves.get(key, ())]
            for key, ask in asked.items()
        },
    )
    return [*own_findings(model, business_id, text, folder), *found]


def own_findings(model: Model, business_id: int, text: str, folder: Path) -> list[Finding]:
    """What is wrong with the own dialplan."""
    known = known_prompts(folder, _language(model, business_id)) or frozenset()
    return [
        Finding(
            severity="error",
            section="own",
            id=fault.line,
            title="",
            text=OWN_FAULT,
            values={"line": fault.line, "_what": fault.text, **fault.values},
        )
        for fault in own.faults(text, business_id, places(model, business_id), known)
    ]


def places(model: Model, business_id: int) -> frozenset[str]:
    """The contexts of a business to which its own dialplan may lead calls."""
    return frozenset(
        f"{name}-{one.id}"
        for name, rows in (
            ("queue", model.queues),
            ("menu", model.menus),
            ("agent", model.agents),
            ("number", model.numbers),
        )
        for one in rows
        if one.business_id == business_id
    )


def known_prompts(folder: Path, language: str) -> frozenset[str]:
    """The names of prompts: those that are spoken at the next start, and the files in the folder; slow, but short."""
    spoken = {name for named in prompts.texts().values() for name in named}
    there = (folder, folder / language)
    return frozenset(
        spoken | {f.name.rsplit(".", 1)[0] for where in there if where.is_dir() for f in where.iterdir() if _sound(f)}
    )


def _sound(file: Path) -> bool:
    return not file.name.startswith(".") and file.suffix.removeprefix(".") in SOUNDS


def _language(model: Model, business_id: int) -> str:
    return next((one.language for one in model.businesses if one.id == business_id), "ru")
