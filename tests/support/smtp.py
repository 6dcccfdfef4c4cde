"""A mail server for tests: it takes every letter and keeps it."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import cast


class SmtpSink:
    """Speaks enough of SMTP for a client without encryption. ``letters`` are (recipient, message).

    ``refuse`` = so many letters are put off; ``no_such`` are addresses that it does not know; a ``login`` (user and
    password) is checked. ``held`` waits before it takes a letter.
    """

    def __init__(self) -> None:
        self.letters: list[tuple[str, EmailMessage]] = []
        self.refuse = 0
        self.no_such: set[str] = set()
        self.login: tuple[str, str] | None = None
        self.held: asyncio.Event | None = None
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens on a free port of the loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 sink")
        to = ""
        while line := (await reader.readline()).decode("utf-8", "replace").strip():
            word = line.upper()
            if word.startswith("EHLO"):
                writer.write(b"250-sink\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")
            elif word.startswith("AUTH PLAIN"):
                given = base64.b64decode(line.split()[-1]).decode().split("\0")[1:]
                say("235 welcome" if tuple(given) == self.login else "535 5.7.8 Error: authentication failed")
            elif word.startswith("RCPT"):
                to = line.partition("<")[2].partition(">")[0]
                say("550 5.1.1 No such user here" if to in self.no_such else "250 ok")
            elif word.startswith("MAIL") and self.refuse:
                self.refuse -= 1
                say("451 later")
            elif word == "DATA":
                say("354 go on")
                if self.held is not None:
                    await self.held.wait()
                raw = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n")
                found = email.message_from_bytes(raw, policy=email.policy.default)
                self.letters.append((to, cast(EmailMessage, found)))
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 ok")
        writer.close()


@asynccontextmanager
async def smtp_sink() -> AsyncIterator[SmtpSink]:
    """A running mail server."""
    sink = SmtpSink()
    await sink.start()
    try:
        yield sink
    finally:
        await sink.stop()
