"""Telephony for the rest of the house: the state of the link, commands that answer or time out, and the call journal."""

from __future__ import annotations

from pathlib import Path

import msgspec

from callcenter.core.bus import Bus
from callcenter.core.calls import Call
from callcenter.core.clock import Clock
from callcenter.core.directory import DeviceKind, Directory
from callcenter.telephony.snapshot import MemberNow


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Where Asterisk's AMI is and how to sign in."""

    host: str = "127.0.0.1"
    port: int = 5038
    username: str = "callcenter"
    secret: str = ""


class JournalPosition(msgspec.Struct, frozen=True, kw_only=True):
    """How far the CEL file was read: the file's inode and the byte offset of the first unread line."""

    inode: int = 0
    offset: int = 0


class Telephony:
    """The only door to Asterisk.

    All commands raise core.errors: Unavailable when Asterisk is away or does not answer in time (a command is never sent
    again), BadInput for values that may not go to Asterisk, Conflict or NotFound when Asterisk says no.
    """

    def __init__(
        self,
        account: Account,
        bus: Bus,
        clock: Clock,
        directory: Directory | None = None,
        *,
        journal: Path | None = None,
    ) -> None:
        """``journal`` is the CEL file that Asterisk writes; without it nothing can be completed after a break."""
        self.account = account
        self.bus = bus
        self.clock = clock
        self.directory = directory or Directory()
        self.journal = journal
        self.up = False

    async def start(self) -> None:
        """Begins to connect; returns at once. ``LinkChanged`` on the bus tells when Asterisk is there."""

    async def stop(self) -> None:
        """Ends the connection and everything that waits for it."""

    def set_directory(self, directory: Directory) -> None:
        """Replaces what is known of agents, queues, numbers and trunks."""
        self.directory = directory

    async def dial(
        self,
        *,
        agent_id: int,
        to: str,
        business_id: int,
        device: DeviceKind | None = None,
        caller_id: str = "",
        number_id: int | None = None,
        timeout: float = 30.0,
    ) -> str:
        """Click-to-dial: rings the agent's phone, then calls ``to``. Returns the call's id as soon as Asterisk has taken it.

        ``device`` None = the phone that is on line, the browser first. ``caller_id`` (E.164) is shown to the client.
        ``timeout`` is how long the agent's phone rings, in seconds. What fails later comes as CallFailed on the bus.
        """
        raise NotImplementedError

    async def hangup(self, call_id: str) -> None:
        """Ends a call with all its legs; NotFound when it is over already."""
        raise NotImplementedError

    async def add_member(
        self,
        queue_id: int,
        agent_id: int,
        device: DeviceKind,
        *,
        name: str = "",
        penalty: int = 0,
        paused: bool = False,
        reason: str = "",
    ) -> None:
        """Makes an agent's phone a member of a queue; being one already is fine."""
        raise NotImplementedError

    async def remove_member(self, queue_id: int, agent_id: int, device: DeviceKind) -> None:
        """Takes an agent's phone out of a queue; not being in it is fine."""
        raise NotImplementedError

    async def pause_member(
        self, agent_id: int, device: DeviceKind, paused: bool, *, reason: str = "", queue_id: int | None = None
    ) -> None:
        """Pauses or unpauses a member in one queue or (None) in all; being in none is fine."""
        raise NotImplementedError

    async def members(self) -> tuple[MemberNow, ...]:
        """Asks Asterisk for all members of all queues."""
        raise NotImplementedError

    async def device_online(self, agent_id: int) -> set[DeviceKind]:
        """Asks Asterisk which of the agent's phones are on line."""
        raise NotImplementedError

    async def journal_since(self, position: JournalPosition) -> tuple[list[Call], JournalPosition]:
        """All calls that ended in the CEL file since ``position``, and the position to go on from next time."""
        raise NotImplementedError
