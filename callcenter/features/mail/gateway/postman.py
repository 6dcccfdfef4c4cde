"""Letters that the service itself writes wait in memory and are given to its mail server one after another."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from callcenter.config import Settings
from callcenter.features.mail.gateway import smtp
from callcenter.features.mail.rules import message as rules
from callcenter.features.mail.rules.message import Letter
from callcenter.plugin import Services

log = logging.getLogger(__name__)

LIMIT = 1000


class Postman:
    """One per process (``services.part(Postman, Postman)``)."""

    def __init__(self, services: Services) -> None:
        self._settings = services.settings
        self._waiting: deque[Letter] = deque()
        self._task: asyncio.Task[None] | None = None
        self.pauses = rules.PAUSES

    @property
    def works(self) -> bool:
        """Whether e-mail is set up at all."""
        return bool(self._settings.smtp_host)

    def post(self, letter: Letter) -> bool:
        """Takes a letter; False when e-mail is not set up, or too many letters wait."""
        if not self.works or len(self._waiting) >= LIMIT:
            return False
        self._waiting.append(letter)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="mail")
        return True

    async def settle(self) -> None:
        """Waits until nothing is left to send."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def stop(self) -> None:
        """Ends; letters that wait are lost, as what they tell stands in the service."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while self._waiting:
            letter = self._waiting[0]
            for pause in (*self.pauses, None):
                try:
                    await smtp.send(_way(self._settings), rules.message(letter, self._settings.smtp_from))
                    break
                except smtp.NotSent as error:
                    log.warning("a letter was not sent: %s", error)
                    if error.failure.kind == "address":
                        break
                except ValueError as error:
                    log.warning("a letter cannot be built: %s", error)
                    break
                if pause is None:
                    log.error("a letter is given up")
                else:
                    await asyncio.sleep(pause)
            self._waiting.popleft()


def _way(settings: Settings) -> smtp.Way:
    return smtp.Way(
        settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_username, settings.smtp_password
    )
