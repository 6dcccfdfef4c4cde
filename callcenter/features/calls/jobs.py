"""Timed work of the call log."""

from __future__ import annotations

from callcenter.features.calls.usecases.journal import Completer
from callcenter.plugin import Services
from callcenter.storage.engine import refresh_statistics

# What began this long ago and is nowhere to be found cannot be just on its way to us.
GRACE = 60.0


async def complete_from_journal(services: Services) -> None:
    """Every minute: what the journal knows and the log does not."""
    await services.part(Completer, Completer).now(before=services.clock.epoch() - GRACE)


async def keep_statistics(services: Services) -> None:
    """Every hour: the log is the table that grows, and a database that does not know it looks through all of it."""
    await refresh_statistics(services.db.engine)
