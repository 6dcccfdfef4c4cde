"""The product's own side of a real telephone line: Telephony with everything that it told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from callcenter.core.bus import Bus
from callcenter.core.calls import Call
from callcenter.core.clock import SystemClock
from callcenter.core.directory import AgentRef, BusinessRef, Directory, NumberRef, QueueRef, TrunkRef
from callcenter.core.events import (
    Alert,
    CallEnded,
    CallFailed,
    CallUpdated,
    DeviceChanged,
    Event,
    LinkChanged,
    MemberChanged,
)
from callcenter.telephony.service import Account, JournalPosition, Telephony, Timing
from tests.support import line as lines
from tests.support.line import Line
from tests.traces.phone import Call as PhoneCall

E = TypeVar("E", bound=Event)

DIRECTORY = Directory(
    agents={
        n: AgentRef(id=n, business_id=lines.BUSINESS, name=f"Agent {n}", short_number=f"1{n}") for n in lines.AGENTS
    },
    queues={
        lines.SALES: QueueRef(id=lines.SALES, business_id=lines.BUSINESS, name="Продажи", members=lines.AGENTS),
        lines.SUPPORT: QueueRef(id=lines.SUPPORT, business_id=lines.BUSINESS, name="Поддержка"),
    },
    numbers={
        5: NumberRef(id=5, business_id=lines.BUSINESS, e164=lines.SALES_NUMBER, title="Продажи"),
        6: NumberRef(id=6, business_id=lines.BUSINESS, e164=lines.SUPPORT_NUMBER, title="Поддержка"),
        9: NumberRef(id=9, business_id=lines.BUSINESS, e164=lines.PERSONAL_NUMBER, kind="personal", agent_id=11),
    },
    trunks={lines.TRUNK: TrunkRef(id=lines.TRUNK, business_id=lines.BUSINESS, name="Carrier")},
    businesses={lines.BUSINESS: BusinessRef(id=lines.BUSINESS, name="Test")},
)


class Desk:
    """Collects every event; ``until`` waits for one (those that came already count too)."""

    KINDS = (Alert, CallEnded, CallFailed, CallUpdated, DeviceChanged, LinkChanged, MemberChanged)

    def __init__(self, line: Line, *, port: int | None = None, timing: Timing | None = None) -> None:
        self.events: list[Event] = []
        self.bus = Bus()
        for kind in self.KINDS:
            self.bus.listen(kind, self._take)
        self._news = asyncio.Event()
        self.telephony = Telephony(
            Account(
                port=port or line.settings.ami_port,
                username=line.model.system.ami_user,
                secret=line.model.system.ami_password,
            ),
            self.bus,
            SystemClock(),
            DIRECTORY,
            journal=line.instance.journal,
            timing=timing,
        )

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def until(
        self, kind: type[E], matches: Callable[[E], bool] = lambda _: True, *, timeout: float = 15.0, since: int = 0
    ) -> E:
        """The first event of ``kind`` that ``matches``; AssertionError when none comes."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    for event in self.events[since:]:
                        if isinstance(event, kind) and matches(event):
                            return event
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no such {kind.__name__}; there came {self.events[since:]}") from None

    def of(self, kind: type[E], since: int = 0) -> list[E]:
        """All events of ``kind`` so far."""
        return [event for event in self.events[since:] if isinstance(event, kind)]

    def ended(self) -> dict[str, Call]:
        """The calls that ended, by id."""
        return {event.call.id: event.call for event in self.of(CallEnded)}

    async def state(self, state: str, *, since: int = 0, timeout: float = 15.0) -> Call:
        """The first picture of a call in ``state``."""
        found = await self.until(CallUpdated, lambda e: e.call.state == state, since=since, timeout=timeout)
        return found.call

    async def journal(self, since: float = 0.0) -> dict[str, Call]:
        """All calls of the journal that began at ``since`` or later, by id."""
        calls: dict[str, Call] = {}
        here = JournalPosition()
        while True:
            found, there = await self.telephony.journal_since(here)
            calls |= {call.id: call for call in found if call.started_at > since - 0.1}
            if there == here:
                return calls
            here = there

    async def told(self, call_id: str, timeout: float = 10.0) -> Call:
        """The journal's picture of a call, as soon as it has it."""
        async with asyncio.timeout(timeout):
            while call_id not in (calls := await self.journal()):  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.2)
        return calls[call_id]


@asynccontextmanager
async def desk_at(line: Line, *, port: int | None = None, timing: Timing | None = None) -> AsyncIterator[Desk]:
    """A desk whose link is up, and which is closed afterwards."""
    desk = Desk(line, port=port, timing=timing)
    await desk.telephony.start()
    try:
        await desk.until(LinkChanged, lambda e: e.up, timeout=30)
        yield desk
    finally:
        await desk.telephony.stop()


async def queue_call(line: Line) -> tuple[PhoneCall, PhoneCall]:
    """A caller and an agent who talk."""
    agent = await line.agent(11, queues=[lines.SALES])
    client = await line.client()
    calling = client.call(lines.SALES_NUMBER)
    ringing = await agent.incoming()
    ringing.ring()
    ringing.answer()
    await calling.until("answered")
    return calling, ringing
