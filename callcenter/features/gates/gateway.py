"""Asterisk's own database, kept as ours says: compared whole when the link comes up, and after each change.

Asterisk keeps it on disk, so that callers are refused or told while our server is away.
"""

from __future__ import annotations

import asyncio
import logging

from callcenter.features.gates import queries, rules
from callcenter.plugin import Services

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class Gates:
    """One per process (``services.part(Gates, Gates)``). Call ``touch`` when something changed."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # What Asterisk holds; None = it must be asked.
        self._there: dict[str, frozenset[str]] | None = None
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self.commands = 0

    async def start(self) -> None:
        """Begins to look after it."""
        self._task = asyncio.create_task(self._run(), name="gates")

    async def stop(self) -> None:
        """Stops looking; what Asterisk holds stays."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def settle(self) -> None:
        """Waits until nothing is left to look at."""
        await self._idle.wait()

    @property
    def settled(self) -> bool:
        """Whether Asterisk holds what it should, as far as is known."""
        return self._idle.is_set()

    def touch(self, *, read: bool = False) -> None:
        """Says that something may differ; ``read`` asks Asterisk what it holds."""
        if read:
            self._there = None
        self._idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self._services.telephony.up:
                # The link's return touches anew.
                self._there = None
                continue
            try:
                await self._look()
            except Exception as error:
                log.warning("Asterisk's database is not as it should be; trying again in %.1f s: %s", pause, error)
                self._there = None
                asyncio.get_running_loop().call_later(pause, self._wake.set)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE
                if not self._wake.is_set():
                    self._idle.set()

    async def _look(self) -> None:
        gateway = self._services.telephony.gateway
        async with self._services.db.system() as session:
            wish = await queries.wanted(session)
        there = self._there or {}
        for family in wish:
            if family not in there:
                there[family] = frozenset(await gateway.database_keys(family))
        self._there = there
        for command in rules.plan(wish, there):
            self.commands += 1
            if command.kind == "put":
                await gateway.database_put(command.family, command.key, "1")
                there[command.family] |= {command.key}
            else:
                await gateway.database_delete(command.family, command.key)
                there[command.family] -= {command.key}
