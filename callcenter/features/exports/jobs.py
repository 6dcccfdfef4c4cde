"""Timed work: files that nobody may fetch any more are deleted."""

from __future__ import annotations

import asyncio

from callcenter.features.exports import gateway, rules
from callcenter.features.exports.usecases import running
from callcenter.plugin import Services


async def clean(services: Services) -> None:
    """Deletes exports that are older than a day."""
    before = services.clock.epoch() - rules.KEPT_SECONDS
    await asyncio.to_thread(gateway.remove_old, running.folder(services), before)
