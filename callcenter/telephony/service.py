"""Telephony for the rest of the house: the link's state, commands that answer or time out, and the call journal."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from callcenter.core.bus import Bus
from callcenter.core.calls import Call
from callcenter.core.clock import Clock
from callcenter.core.directory import Directory
from callcenter.core.events import Alert, CallEnded, CallUpdated, DeviceChanged, Event, LinkChanged
from callcenter.telephony import link as links
from callcenter.telephony.canary import Canaries, is_canary
from callcenter.telephony.commands import Commands
from callcenter.telephony.gateway import Gateway
from callcenter.telephony.intents import outcome
from callcenter.telephony.journal import Alive, Journal, JournalPosition
from callcenter.telephony.link import Account, Link, LinkState, Timing
from callcenter.telephony.protocol import Fields
from callcenter.telephony.rescue import Rescue
from callcenter.telephony.resync import read_state
from callcenter.telephony.snapshot import Snapshot
from callcenter.telephony.spies import is_spy
from callcenter.telephony.stream import EventStream
from callcenter.telephony.talks import Talks
from callcenter.telephony.tracker import Tracker
from callcenter.telephony.translate import WANTED, is_nobody

__all__ = ["Account", "JournalPosition", "Telephony", "Timing"]

log = logging.getLogger(__name__)

# Reasons that people have to do something about; all others pass by themselves.
_SERIOUS = (links.REFUSED, links.NOT_BOOTED, links.UNREADABLE, links.OVERFLOW)
_OFF_LINE = ("UNAVAILABLE", "INVALID")


class Telephony(Commands):
    """The only door to Asterisk.

    All commands raise core.errors: Unavailable when Asterisk is away or does not answer in time (a command is never
    sent again), BadInput for values that may not go to Asterisk, Conflict or NotFound when Asterisk says no.
    """

    def __init__(
        self,
        account: Account,
        bus: Bus,
        clock: Clock,
        directory: Directory | None = None,
        *,
        journal: Path | None = None,
        timing: Timing | None = None,
        fallback: float = 12.0,
    ) -> None:
        """``journal`` is the CEL file that Asterisk writes; without it nothing can be completed after a break.

        ``fallback``: seconds after which an agent whose page is gone from a talk is rung at his other phone.
        """
        directory = directory or Directory()
        self.journal = Journal(journal, directory) if journal is not None else None
        self.tracker = Tracker(directory)
        self.stream = EventStream(self._consume, self._overflow)
        self.link = Link(
            account,
            WANTED | {"OriginateResponse"},
            events=self.stream.put,
            sync=self._sync,
            changed=self._link_changed,
            timing=timing,
        )
        super().__init__(Gateway(self.link), bus, clock, directory)
        self.snapshot: Snapshot | None = None
        self._told: tuple[bool, str] | None = None
        self._serious = False
        self.talks = Talks(self.gateway, self.tracker, clock)
        self.rescue = Rescue(self.gateway, clock, self.directory, self._calls, self._offline, wait=fallback)
        self.canaries = Canaries(self.gateway, clock)
        self._alive: Alive | None = None
        self._down_at: float | None = None
        self._journal_turn = asyncio.Lock()

    # --- life --------------------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        """Whether commands can be given and what is shown is fresh."""
        return self._up

    @property
    def state(self) -> LinkState:
        """What the link does right now; ``reason`` says why it is not up (a gettext key)."""
        return self.link.state

    @property
    def reason(self) -> str:
        """Why the link is not up, in words (a gettext key); '' when it is."""
        return self.link.reason

    async def start(self) -> None:
        """Begins to connect; returns at once. ``LinkChanged`` on the bus tells when Asterisk is there."""
        self.link.start()

    async def stop(self) -> None:
        """Ends the connection and everything that waits for it."""
        self.rescue.stop()
        self.talks.stop()
        await self.link.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def set_directory(self, directory: Directory) -> None:
        """Replaces what is known of agents, queues, numbers and trunks."""
        self.directory = self.rescue.directory = directory
        self.tracker.set_directory(directory)
        if self.journal is not None:
            self.journal.directory = directory

    # --- journal -----------------------------------------------------------------------------------

    async def journal_since(self, position: JournalPosition) -> tuple[list[Call], JournalPosition]:
        """Calls that ended in the CEL file since ``position``, and the position to go on from next time.

        Calls of an Asterisk that is gone are closed with a cause. Work is done in a thread; long files come in pieces:
        ask again until the position stays the same.
        """
        if self.journal is None:
            return [], position
        async with self._journal_turn:
            return await asyncio.to_thread(self.journal.since, position, self._alive, self.clock.epoch())

    # --- the way of an event -----------------------------------------------------------------------

    def _consume(self, fields: Fields) -> None:
        if fields["Event"] == "OriginateResponse":
            self._originated(fields)
            return
        if is_canary(fields.get("Linkedid", "")):
            self.canaries.feed(fields)
            return
        if is_spy(fields.get("Uniqueid", "")):
            for change in self.spies.feed(fields, self.clock.epoch()):
                self.bus.publish(change)
            return
        for event in self.tracker.feed(fields):
            self._publish(event)

    def _publish(self, event: Event) -> None:
        kind = type(event)
        if kind is CallUpdated:
            self._calls[event.call.id] = event.call  # type: ignore[attr-defined]
            self.rescue.moved(event.call)  # type: ignore[attr-defined]
            self.talks.moved(event.call)  # type: ignore[attr-defined]
        elif isinstance(event, CallEnded):
            self._calls.pop(event.call.id, None)
            self.pausing.ended(event.call.id)
        elif isinstance(event, DeviceChanged):
            (self._offline.discard if event.online else self._offline.add)(event.endpoint)
            self.rescue.device(event.endpoint, online=event.online)
        elif kind is LinkChanged:
            return
        self.bus.publish(event)
        if isinstance(event, CallEnded) and event.call.id in self._dials:
            dial = self._dials.pop(event.call.id)
            self._failed(dial, outcome(event.call))

    # --- the link ----------------------------------------------------------------------------------

    async def _sync(self, link: Link) -> None:
        """Reads the whole state, lets the tracker take it over, then lets go what came meanwhile."""
        snapshot = await read_state(link, self.clock.epoch, link.uptime)
        if any(is_canary(channel.call_id) for channel in snapshot.channels):
            real = tuple(channel for channel in snapshot.channels if not is_canary(channel.call_id))
            snapshot = msgspec.structs.replace(snapshot, channels=real)
        spies = {channel.id: channel.state == 6 for channel in snapshot.channels if is_spy(channel.id)}
        if spies:
            others = tuple(one for one in snapshot.channels if one.id not in spies and not is_nobody(one.name))
            snapshot = msgspec.structs.replace(snapshot, channels=others)
        there = frozenset(channel.call_id for channel in snapshot.channels)
        snapshot = await self._with_journal(snapshot, there - self._calls.keys())
        self.snapshot = snapshot
        self._alive = Alive(
            at=snapshot.at,
            ids=there | {channel.id for channel in snapshot.channels},
            started_at=snapshot.started_at,
            down_at=self._down_at,
        )
        self._offline.clear()
        self._offline.update(d.device.removeprefix("PJSIP/") for d in snapshot.devices if d.state in _OFF_LINE)
        for event in self.tracker.resync(snapshot):
            self._publish(event)
        for change in self.spies.resync(spies, snapshot.at):
            self.bus.publish(change)
        for endpoint in self._offline:
            self.rescue.device(endpoint, online=False)
        for call_id in [c for c in self._dials if c not in there]:
            self._dials.pop(call_id)
        self.stream.release()

    async def _with_journal(self, snapshot: Snapshot, unknown: frozenset[str]) -> Snapshot:
        """The snapshot with pictures of calls that began while nobody looked."""
        if self.journal is None or not unknown:
            return snapshot
        began_at = min(c.created_at for c in snapshot.channels if c.call_id in unknown)
        journal = Journal(self.journal.file, self.directory)
        try:
            calls = await asyncio.to_thread(journal.open_calls, unknown, began_at)
        except OSError as error:
            log.warning("the call journal cannot be read: %s", error)
            return snapshot
        return msgspec.structs.replace(snapshot, calls=tuple(calls))

    def _link_changed(self, state: LinkState, reason: str) -> None:
        now = self.clock.epoch()
        if state in ("connecting", "syncing"):
            # Events before the state is read tell nothing that the state does not hold.
            self.stream.clear()
            self.stream.hold()
        elif state == "up":
            self._up = True
            self._tell(now, True, "")
        elif state == "stopped":
            self._up = False
        elif state == "waiting":
            if self._up:
                # What had come before the break is true and comes first.
                self.stream.release()
                self.stream.hold()
                self._up, self._down_at = False, now
                for event in self.tracker.link_down(now):
                    self._publish(event)
            self._tell(now, False, reason)

    def _tell(self, now: float, up: bool, reason: str) -> None:
        if (up, reason) == self._told:
            return
        self._told = (up, reason)
        self.bus.publish(LinkChanged(at=now, up=up, reason=reason))
        serious = reason in _SERIOUS
        if serious or self._serious:
            self._serious = serious
            self.bus.publish(Alert(at=now, key="asterisk-link", active=serious, message=reason))

    def _overflow(self) -> None:
        self.link.drop(links.OVERFLOW)
