"""CPU per AMI event through framing, translate, tracker and live state, over the full event mix of real calls.

Floors, in the same run over the same bytes: every event parsed into a dict, and panoramisk's own dispatch to one
callback. Memory is looked at over a million events.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from benchmarks import material
from benchmarks.report import Row, at_most
from callcenter.core.bus import Bus
from callcenter.core.clock import SystemClock
from callcenter.core.events import LinkChanged
from callcenter.live.service import Live
from callcenter.telephony.protocol import EventProtocol, Fields, parse
from callcenter.telephony.tracker import Tracker
from callcenter.telephony.translate import WANTED
from tests.traces import replay

COPIES = 12
ROUNDS = 5
MILLION = 1_000_000
# At 20 calls a second some fifty events come within the 25 ms of one delta.
EVENTS_A_FLUSH = 50


class _Wire:
    """Stands in for a socket."""

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def write(self, data: bytes) -> None: ...


class Pipeline:
    """The product's own way of an event, from bytes to the live picture."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.live = Live(self.bus, SystemClock())
        self.live.set_directory(replay.DIRECTORY)
        self.tracker = Tracker(replay.DIRECTORY)
        self.bus.publish(LinkChanged(at=1.0, up=True))
        self.protocol = EventProtocol(WANTED, self.deliver, lambda _reason: None)
        self.protocol.connection_made(_Wire())
        self.seen = 0

    def deliver(self, events: list[Fields]) -> None:
        for fields in events:
            for event in self.tracker.feed(fields):
                self.bus.publish(event)

    def take(self, data: bytes) -> None:
        """Takes bytes as they come, and sends a delta as often as the clockwork would."""
        self.protocol.data_received(data)
        if self.protocol.received - self.seen >= EVENTS_A_FLUSH:
            self.seen = self.protocol.received
            self.live.flush()


def parse_all(pieces: list[bytes]) -> int:
    """The first floor: framing, and every event as a dict."""
    rest, count = b"", 0
    for piece in pieces:
        frames = (rest + piece).split(b"\r\n\r\n")
        rest = frames.pop()
        for frame in frames:
            parse(frame)
        count += len(frames)
    return count


def plain_panoramisk(pieces: list[bytes], loop: asyncio.AbstractEventLoop) -> int:
    """The second floor: panoramisk as it comes, with one callback for all events."""
    seen = 0

    def callback(_manager: Any, _message: Any) -> None:
        nonlocal seen
        seen += 1

    manager = Manager(loop=loop, encoding="utf8")
    manager.register_event("*", callback)
    protocol = AMIProtocol()
    protocol.connection_made(_Wire())
    protocol.factory = manager
    protocol.encoding = "utf8"
    for piece in pieces:
        protocol.data_received(piece)
    return seen


def ours(pieces: list[bytes]) -> int:
    """The product."""
    pipeline = Pipeline()
    for piece in pieces:
        pipeline.take(piece)
    return pipeline.protocol.received


def _timed(work: Callable[[], int]) -> float:
    """CPU microseconds per event."""
    gc.collect()
    begun = time.process_time()
    count = work()
    return (time.process_time() - begun) / count * 1e6


def resident() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def memory() -> tuple[float, float, int]:
    """Megabytes before and after a million events, and how many calls were left open."""
    pipeline = Pipeline()
    events = material.template()[1]
    number, fed = 1_000_000, 0
    # Until every bounded memory is full.
    while fed < MILLION * 6 // 10:
        for piece in material.chunks(material.copy(number)):
            pipeline.take(piece)
        number, fed = number + 1, fed + events
    gc.collect()
    before, fed = resident(), 0
    while fed < MILLION:
        for piece in material.chunks(material.copy(number)):
            pipeline.take(piece)
        number, fed = number + 1, fed + events
    gc.collect()
    return before, resident(), len(pipeline.tracker.calls)


def _memory_alone() -> tuple[float, float, int]:
    async def run() -> tuple[float, float, int]:
        return memory()

    return asyncio.run(run())


async def _measure() -> list[Row]:
    loop = asyncio.get_running_loop()
    # 4 kB is what a busy Asterisk gives at a time.
    pieces = [piece for number in range(COPIES) for piece in material.chunks(material.copy(number), 4096)]
    times: dict[str, list[float]] = {"dict": [], "panoramisk": [], "ours": []}
    for _ in range(ROUNDS):
        times["dict"].append(_timed(lambda: parse_all(pieces)))
        times["ours"].append(_timed(lambda: ours(pieces)))
        times["panoramisk"].append(_timed(lambda: plain_panoramisk(pieces, loop)))
    cost = {name: median(values) for name, values in times.items()}
    # In a process of its own, where nothing else comes and goes in the same memory.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        before, after, left = await loop.run_in_executor(alone, _memory_alone)
    return [
        at_most("AMI event to live state ÷ parsing all into dicts", cost["ours"], "µs CPU", cost["dict"], 1.0),
        at_most("AMI event to live state ÷ panoramisk's dispatch", cost["ours"], "µs CPU", cost["panoramisk"], 0.25),
        Row(
            "memory after a million AMI events",
            after,
            "MB",
            before,
            after / before,
            "flat (≤ 1.05 × before)",
            after <= before * 1.05 and left == 0,
        ),
    ]


def run() -> list[Row]:
    """Measures; about a minute."""
    logging.getLogger("panoramisk").setLevel(logging.WARNING)
    return asyncio.run(_measure())
