"""The running product for measurements: the demo without robots on free ports, a bare AMI connection, telephones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.support import stack as stacks
from tests.support.stack import Stack
from tests.support.telephone import Telephone

OPERATORS = tuple(f"operator{n}@demo.example" for n in (1, 2, 3, 4, 5, 6))


@contextlib.asynccontextmanager
async def product() -> AsyncIterator[Stack]:
    """The whole product in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        stack = await asyncio.to_thread(stacks.start, Path(folder) / "data")
        try:
            yield stack
        finally:
            await asyncio.to_thread(stacks.stop, stack)


class Api:
    """One person's connection to the API, kept open as a page keeps it."""

    def __init__(self, http: aiohttp.ClientSession, base: str, token: str) -> None:
        self.http, self.base, self.token = http, base, token

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, stack: Stack, email: str) -> AsyncIterator[Api]:
        """Signs ``email`` in with a token."""
        token = await asyncio.to_thread(stack.token, email)
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
            yield cls(http, stack.base_url, token)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request; raises on any answer that is not a success."""
        async with self.http.request(method, self.base + "/api/v1" + path, json=body) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json(content_type=None)

    async def phone(self, stack: Stack) -> Telephone:
        """The person's own SIP phone, registered."""
        devices = (await self.ask("GET", "/me/devices"))["devices"]
        sip = next(device for device in devices if device["kind"] == "sip")
        phone = await Telephone.start(sip["login"], stack.settings.sip_port, password=sip["password"])
        await phone.register()
        return phone


class Wire:
    """One kept connection to the API with nothing between, so that a request costs as little as a bare AMI action."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self.reader, self.writer, self.head = reader, writer, head

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, stack: Stack, api: Api) -> AsyncIterator[Wire]:
        """Connects as the person of ``api``."""
        host = api.base.removeprefix("http://")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        head = f"Host: {host}\r\nAuthorization: Bearer {api.token}\r\nContent-Type: application/json\r\n"
        try:
            yield cls(reader, writer, head)
        finally:
            writer.close()

    def send(self, method: str, path: str, body: Any = None) -> None:
        """Sends a request."""
        content = "" if body is None else json.dumps(body)
        self.writer.write(
            f"{method} /api/v1{path} HTTP/1.1\r\n{self.head}Content-Length: {len(content)}\r\n\r\n{content}".encode()
        )

    async def answered(self, status: int) -> None:
        """Reads the whole answer; raises when it is another than ``status``."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = next(line for line in head.splitlines() if line.lower().startswith("content-length:"))
        content = await self.reader.readexactly(int(length.partition(":")[2]))
        if head.split(" ", 2)[1] != str(status):
            raise RuntimeError(f"{head.splitlines()[0]}: {content.decode()[:200]}")


class BareAmi:
    """AMI without anything between: what an Originate costs by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.drain = asyncio.create_task(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, stack: Stack) -> AsyncIterator[BareAmi]:
        """Signs in with the server's own account."""
        secrets = tomllib.loads(stack.settings.secrets_file.read_text())
        password = next(value for name, value in secrets.items() if "ami" in name)
        reader, writer = await asyncio.open_connection("127.0.0.1", stack.settings.ami_port)
        ami = cls(reader, writer)
        try:
            ami.send(Action="Login", Username="callcenter", Secret=password, Events="off")
            await asyncio.sleep(0.5)
            yield ami
        finally:
            ami.drain.cancel()
            writer.close()

    def send(self, *more: tuple[str, str], **fields: str) -> None:
        """Sends an action."""
        lines = [f"{name}: {value}" for name, value in (*fields.items(), *more)]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def _read(self) -> None:
        while await self.reader.read(65536):
            pass
