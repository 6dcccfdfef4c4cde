"""A stand-in for Asterisk's AMI that can be made to misbehave: a real wire, and the test chooses what is said on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Action = dict[str, list[str]]
# Returns what to send: bytes, '' for «say nothing», or None for the usual answer.
Reply = Callable[["Connection", Action], bytes | None]

LISTS = {
    "status": "StatusComplete",
    "bridgelist": "BridgeListComplete",
    "queuestatus": "QueueStatusComplete",
    "pjsipshowcontacts": "ContactListComplete",
    "devicestatelist": "DeviceStateListComplete",
    "coreshowchannels": "CoreShowChannelsComplete",
}


def message(**fields: object) -> bytes:
    """One AMI message; a list as value makes one line for each item."""
    lines = []
    for key, value in fields.items():
        lines += [f"{key}: {one}" for one in (value if isinstance(value, list) else [value])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Connection:
    """One client of the fake; ``actions`` is what it said."""

    def __init__(self, server: FakeAmi, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.writer = writer
        self.actions: list[Action] = []
        self.signed_in = False

    def send(self, data: bytes) -> None:
        """Writes at once what is given, whole or half."""
        if not self.writer.is_closing():
            self.writer.write(data)

    def cut(self) -> None:
        """Ends the connection without a word."""
        self.writer.transport.abort()


class FakeAmi:
    """Listens on a free port of the loopback.

    ``replies`` overrides the answer to an action (by its name in small letters); ``items`` adds events to a list
    action; ``silent`` makes it hear and say nothing; ``booted`` False = FullyBooted never comes.
    """

    def __init__(self, secret: str = "right") -> None:
        self.secret = secret
        self.port = 0
        self.replies: dict[str, Reply] = {}
        self.items: dict[str, list[dict[str, object]]] = {}
        self.silent = False
        self.booted = True
        self.connections: list[Connection] = []
        self.connected_at: list[float] = []
        self._server: asyncio.Server | None = None
        self._news = asyncio.Condition()

    @property
    def last(self) -> Connection:
        """The newest connection."""
        return self.connections[-1]

    def said(self, name: str) -> list[Action]:
        """All actions of this name, over all connections."""
        wanted = name.lower()
        return [a for c in self.connections for a in c.actions if a.get("action", [""])[0].lower() == wanted]

    async def start(self, port: int = 0) -> None:
        """Opens the port (again)."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port or self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Closes the port and cuts everybody."""
        if self._server is not None:
            self._server.close()
            for connection in self.connections:
                connection.cut()
            await self._server.wait_closed()
            self._server = None

    async def until(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        """Waits until ``condition`` holds; it is looked at after each action and each new connection."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(condition)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, writer)
        self.connections.append(connection)
        self.connected_at.append(asyncio.get_running_loop().time())
        await self._tell()
        if not self.silent:
            connection.send(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                action: Action = {}
                for line in raw.decode().strip().split("\r\n"):
                    key, _, value = line.partition(": ")
                    action.setdefault(key.lower(), []).append(value)
                connection.actions.append(action)
                if not self.silent:
                    connection.send(self._answer(connection, action))
                await self._tell()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, connection: Connection, action: Action) -> bytes:
        name = action.get("action", [""])[0].lower()
        ident = action.get("actionid", [""])[0]
        if name in self.replies:
            reply = self.replies[name](connection, action)
            if reply is not None:
                return reply
        if name == "login":
            if action["secret"][0] != self.secret:
                return message(Response="Error", ActionID=ident, Message="Authentication failed")
            connection.signed_in = True
            booted = message(
                Event="FullyBooted", Privilege="system,all", Uptime=100, Lastreload=100, Status="Fully Booted"
            )
            return message(Response="Success", ActionID=ident, Message="Authentication accepted") + (
                booted if self.booted else b""
            )
        if name == "ping":
            return message(Response="Success", ActionID=ident, Ping="Pong", Timestamp="1.0")
        if name in LISTS:
            return self.listing(ident, name)
        return message(Response="Success", ActionID=ident, Message="done")

    def listing(self, ident: str, name: str) -> bytes:
        """A whole list answer with this fake's ``items``."""
        items = self.items.get(name, [])
        out = message(Response="Success", ActionID=ident, EventList="start", Message="A list will follow")
        for item in items:
            out += message(**item, ActionID=ident)
        return out + message(Event=LISTS[name], ActionID=ident, EventList="Complete", ListItems=len(items))


@asynccontextmanager
async def fake_ami(secret: str = "right") -> AsyncIterator[FakeAmi]:
    """A fake that listens, and is gone afterwards."""
    server = FakeAmi(secret)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
