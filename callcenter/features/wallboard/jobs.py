"""Timed work of the wallboard."""

from __future__ import annotations

from callcenter.features.wallboard import usecases
from callcenter.features.wallboard.usecases import limits
from callcenter.plugin import Services


async def watch(services: Services) -> None:
    """Looks for what must be said aloud: Asterisk away, callers whom nobody serves, limits that are passed."""
    usecases.check_link(services, services.telephony.up)
    usecases.check_queues(services)
    await limits.limits(services).check()


async def prime(services: Services) -> None:
    """Keeps the day's counters in line with the call log."""
    await usecases.prime(services)
