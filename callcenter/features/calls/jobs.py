"""Timed work of the call log."""

from __future__ import annotations

from callcenter.features.calls.usecases.journal import Completer
from callcenter.plugin import Services

# What began this long ago and is nowhere to be found cannot be just on its way to us.
GRACE = 60.0


async def complete_from_journal(services: Services) -> None:
    """Every minute: what the journal knows and the log does not."""
    await services.part(Completer, Completer).now(before=services.clock.epoch() - GRACE)
