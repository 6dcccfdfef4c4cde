"""The outbox: letters that wait go to their mail servers, one after another for each server.

A letter is marked as being sent before it is given away, and as sent after the server took it. What was being sent when
this process died is sent again under the same Message-ID: better twice than never.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select, update

from callcenter.core.events import MemberNotice
from callcenter.core.i18n import N_
from callcenter.features.mail import queries
from callcenter.features.mail.gateway import files as disk
from callcenter.features.mail.gateway import smtp
from callcenter.features.mail.models import MailFile, MailServer, SentLetter
from callcenter.features.mail.rules import content
from callcenter.features.mail.rules import servers as rules
from callcenter.features.mail.rules.failing import Failure
from callcenter.features.mail.rules.message import Attached, Picture, Written, written
from callcenter.features.mail.usecases.servers import way
from callcenter.plugin import Services

log = logging.getLogger(__name__)

FAILED = N_("The letter “%(subject)s” to %(to)s was not sent.")
LOOK = 5.0
"""Seconds between looks for letters whose time has come; a new one is looked for at once."""


class Outbox:
    """One per process (``services.part(Outbox, Outbox)``)."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._busy: dict[int | None, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Begins; what a former process was sending is due again."""
        async with self._services.db.system() as session:
            await session.execute(
                update(SentLetter)
                .where(SentLetter.state == "sending")
                .values(state="waiting", next_at=self._services.clock.now())
            )
        self._task = asyncio.create_task(self._run(), name="outbox")

    async def stop(self) -> None:
        """Ends; what waits is sent after the next start."""
        tasks = [one for one in (self._task, *self._busy.values()) if one is not None]
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._task, self._busy = None, {}

    def wake(self) -> None:
        """There may be a letter to send."""
        self._event.set()

    async def settle(self) -> None:
        """Waits until every letter whose time has come was tried (tests)."""
        while await self._look() or any(not one.done() for one in self._busy.values()):
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._event.clear()
            try:
                await self._look()
            except Exception:
                log.exception("the outbox could not look for letters")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._event.wait()

    async def _look(self) -> bool:
        async with self._services.db.system() as session:
            due = await queries.due(session, self._services.clock.now())
        by_server: dict[int | None, list[tuple[int, int]]] = {}
        for business_id, server_id, letter_id in due:
            by_server.setdefault(server_id, []).append((business_id, letter_id))
        for server_id, letters in by_server.items():
            running = self._busy.get(server_id)
            if running is None or running.done():
                self._busy[server_id] = asyncio.create_task(self._serve(letters), name=f"outbox-{server_id}")
        return bool(due)

    async def _serve(self, letters: list[tuple[int, int]]) -> None:
        for business_id, letter_id in letters:
            try:
                await self._send(business_id, letter_id)
            except Exception:
                log.exception("letter %d could not be sent", letter_id)
                with suppress(Exception):
                    # A database that is away leaves «sending» behind, which the next start takes up.
                    await self._note(business_id, letter_id, Failure("broken"))
        self.wake()

    async def _send(self, business_id: int, letter_id: int) -> None:
        here = self._services
        async with here.db.business(business_id) as session:
            row = await session.scalar(select(SentLetter).where(SentLetter.id == letter_id).with_for_update())
            # Cancelled meanwhile, or taken by an earlier look.
            if row is None or row.state != "waiting":
                return
            server = await queries.server(session, row.server_id) if row.server_id is not None else None
            row.state, row.tries = "sending", row.tries + 1
            files = await queries.held(session, f"letter:{row.id}")
        failure = Failure("no_server") if server is None else await self._give(business_id, row, server, files)
        await self._note(business_id, letter_id, failure)

    async def _give(
        self, business_id: int, row: SentLetter, server: MailServer, files: list[MailFile]
    ) -> Failure | None:
        attached: list[Attached] = []
        pictures: list[Picture] = []
        try:
            for one in files:
                raw = await disk.read(self._services.settings.data, business_id, one.file)
                if one.picture:
                    pictures.append(Picture(content.picture_address(one.id), one.media, raw))
                else:
                    attached.append(Attached(one.name, one.media, raw))
        except OSError:
            return Failure("no_file")
        letter = Written(
            to=row.to_address, to_name=row.to_name, sender=server.from_address, sender_name=server.from_name,
            subject=row.subject, html=row.html, text=content.plain(row.html), message_id=row.message_id,
            files=tuple(attached), pictures=tuple(pictures),
        )  # fmt: skip
        try:
            await smtp.send(way(server), await asyncio.to_thread(written, letter))
        except smtp.NotSent as error:
            log.warning("letter %d was not sent: %s", row.id, error)
            return error.failure
        except ValueError as error:
            log.warning("letter %d cannot be built: %s", row.id, error)
            return Failure("address", answer=str(error)[:200])
        return None

    async def _note(self, business_id: int, letter_id: int, failure: Failure | None) -> None:
        here, notice = self._services, None
        async with here.db.business(business_id) as session:
            row = await queries.letter(session, letter_id)
            if row is None:
                # Erased with its client while it was being sent.
                return
            now = here.clock.now()
            pause = rules.pause(row.tries) if failure is not None and not failure.final else None
            row.failure = list(failure) if failure else None
            if failure is None:
                row.state, row.sent_at, row.next_at = "sent", now, None
            elif pause is not None:
                row.state, row.next_at = "waiting", now + timedelta(seconds=pause)
            else:
                row.state, row.next_at = "failed", None
                notice = row
        if notice is not None and notice.author_id is not None:
            here.bus.publish(
                MemberNotice(
                    at=here.clock.epoch(),
                    business_id=business_id,
                    membership_id=notice.author_id,
                    kind="error",
                    text=FAILED,
                    values={"subject": notice.subject, "to": notice.to_address},
                    link=f"/letters/{letter_id}",
                )
            )
