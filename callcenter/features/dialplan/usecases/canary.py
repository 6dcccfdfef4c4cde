"""The test call after an apply."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from callcenter.core.errors import ProductError
from callcenter.plugin import Services
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config import trial as rules
from callcenter.telephony.config.model import Model
from callcenter.telephony.config.simulate import Step

# Beside what is heard: so long Asterisk may take to lead a call on and to ring, in seconds.
PATIENCE, LONGEST, UNKNOWN_PROMPT = 10.0, 60.0, 8.0
_BYTES_A_SECOND = 8000


async def call(
    services: Services, instance: Instance, model: Model, business_id: int, changed: Collection[int]
) -> dict[str, Any]:
    """Makes it and says what it met: ``number``, ``steps`` and, when it is not as expected, ``fault`` (text values).

    {} when there is no number to call.
    """
    found = await asyncio.to_thread(rules.plan, model, business_id, services.clock.now(), changed)
    if found is None or not found.steps:
        return {}
    number = next(one for one in model.numbers if one.id == found.number_id)
    said: dict[str, Any] = {
        "number": number.title or number.e164,
        "at": found.at.isoformat(),
        "keys": list(found.keys),
        "steps": [list(step) for step in found.steps],
    }
    language = next((one.language for one in model.businesses if one.id == business_id), "ru")
    seconds = await asyncio.to_thread(_seconds, instance.sounds, language, found.steps)
    try:
        report = await services.telephony.canaries.call(
            found.number_id, now=found.at.timestamp(), keys=found.keys, wanted=len(found.steps), timeout=seconds
        )
    except ProductError as error:
        said["fault"] = {"_reason": rules.NOT_CALLED, "why": str(error)[:200]}
        return said
    fault = rules.fault(found.steps, report.steps, silent=report.failed == "silent", seconds=seconds)
    if fault is not None:
        said["fault"] = {
            "_reason": fault.text,
            "met": word(model, fault.met),
            "wanted": word(model, fault.wanted),
            **fault.values,
        }
    return said


def word(model: Model, step: tuple[str, str] | Step | None) -> dict[str, Any]:
    """A step as a gettext key with values."""
    if step is None:
        return {"key": rules.NOTHING}
    kind, text = step
    names = {f"q{one.id}": one.name for one in model.queues} | {f"a{one.id}": one.name for one in model.agents}
    names |= {str(one.id): one.name for one in model.menus} if kind == "menu" else {}
    return {"key": rules.STEP_WORDS.get(kind, "%(kind)s"), "kind": kind, "text": text, "name": names.get(text, text)}


def _seconds(folder: Path, language: str, steps: Sequence[Step]) -> float:
    total = PATIENCE
    for kind, text in steps:
        if kind == "prompt":
            total += next((s for s in (_length(f / text) for f in (folder / language, folder)) if s), UNKNOWN_PROMPT)
    return min(total, LONGEST)


def _length(prompt: Path) -> float:
    for ending in (".ulaw", ".alaw"):
        try:
            return prompt.with_name(prompt.name + ending).stat().st_size / _BYTES_A_SECOND
        except OSError:
            continue
    return 0.0
