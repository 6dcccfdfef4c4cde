"""Five hundred agents who change their states, and fifty calls a second, on the real server for a minute.

The calls are recorded AMI events with new ids, people, numbers and times, as Asterisk would send them (what its filter
holds back is left out), so that everything of the server works: parser, tracker, live picture, thirty pages' streams,
and every handler that writes the log, the cards, the states and the queues' members into SQLite.

The floor is what nobody can do without: each event parsed into a dict, and one row in SQLite for each call and each
change of a state, in CPU for the same minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import os
import random
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec

from benchmarks.house import House, Person, gathered, house
from benchmarks.pages import open_pages
from benchmarks.report import Row
from callcenter.core.clock import SystemClock
from callcenter.telephony.protocol import parse
from callcenter.telephony.translate import WANTED
from tests.support.wait import until
from tests.traces import replay

AGENTS, PAGES, SUPERVISORS = 500, 30, 3
CALLS_A_SECOND, CHANGES_A_SECOND = 50, 25
SECONDS = float(os.environ.get("CALLCENTER_BENCH_SURGE_SECONDS", "60"))
WARM_UP = 10.0
LOOKS, HALF = 6, 2
"""So many looks at log and memory; the third one is after half of the time."""
# A recorded call takes one and a half seconds; people talk longer.
SLOWER = 4.0
TRACES = ("queue_answered", "queue_answered", "outgoing_answered", "queue_abandoned")
PEOPLE_OUTSIDE = 5_000

_NAME = re.compile(rb"^Event: (\w+)", re.M)
_TIME = re.compile(rb"^Timestamp: (\d+\.\d+)", re.M)
_IDS = re.compile(rb"^[A-Za-z]*(?:Uniqueid|Linkedid): ([^\r\n]+)", re.M)
_OPEN = re.compile(rb"@[A-Z]+\d*@")
_DELTA = b"event: delta\ndata: "


# When it is due; call and place, for the order; the bytes; the id of the call that begins or ends with it, or ''.
Event = tuple[float, int, int, bytes, str, str]


class Recorded:
    """A recorded call whose names and times are left open. ``frames``: seconds since its beginning, and the event."""

    def __init__(self, name: str, there: House) -> None:
        raw = replay.raw(name)
        ids = sorted(set(_IDS.findall(raw)), key=len, reverse=True)
        known = {one: b"@ID%d@" % number for number, one in enumerate(ids)}
        self.first = known[next(one for one in _IDS.findall(raw))].strip(b"@")
        pattern = re.compile(b"|".join(re.escape(one) for one in ids))
        self.frames: list[tuple[float, bytes]] = []
        for frame in raw.split(b"\r\n\r\n"):
            frame, event, stamp = frame.lstrip(b"\r\n"), _NAME.search(frame), _TIME.search(frame)
            if not event or not stamp or event[1].decode() not in WANTED or event[1] == b"QueueMemberAdded":
                continue
            if event[1] == b"VarSet" and not re.search(rb"^Variable: (__)?CC_", frame, re.M):
                continue
            frame = pattern.sub(lambda found: known[found[0]], frame)
            frame = re.sub(rb"(PJSIP/\w+-)[0-9a-f]{8}", rb"\1@CALL@", frame)
            frame = re.sub(rb"\ba11(?=s)", b"a@AGENT@", frame).replace(b"Value: 11\r", b"Value: @AGENT@\r")
            frame = re.sub(rb"\bq1\b", b"q@QUEUE@", frame)
            frame = re.sub(rb"(?<=79160)00000[12]", b"@OUTSIDE@", frame)
            frame = frame.replace(b"PJSIP/t1-", b"PJSIP/t%d-" % there.trunk)
            if b"Variable: CC_BUSINESS" in frame:
                frame = re.sub(rb"^Value: 1$", b"Value: %d" % there.business, frame.replace(b"\r", b""), flags=re.M)
                frame = frame.replace(b"\n", b"\r\n")
            if b"Variable: CC_NUMBER" in frame:
                frame = re.sub(rb"^Value: 1$", b"Value: %d" % there.number[0], frame.replace(b"\r", b""), flags=re.M)
                frame = frame.replace(b"\n", b"\r\n")
            frame = _TIME.sub(b"Timestamp: @NOW@", frame)
            self.frames.append((float(stamp[1]), frame + b"\r\n\r\n"))
        begin = self.frames[0][0]
        self.frames = [((at - begin) * SLOWER, frame) for at, frame in self.frames]
        self.ids = len(ids)
        self.end = max(place for place, (_, frame) in enumerate(self.frames) if frame.startswith(b"Event: Hangup\r"))


@dataclass
class Seen:
    """When each call was first told to Asterisk's listener and seen on a page, and the same of its end."""

    told: dict[str, float] = field(default_factory=dict)
    over: dict[str, float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    open: bool = False

    def frame(self, data: bytes, at: float) -> None:
        """Takes a frame of a supervisor's stream."""
        if not data.startswith(_DELTA):
            self.open = self.open or data.startswith(b"event: snapshot")
            return
        for call_id, call in (_decode(data[len(_DELTA) :]).calls or {}).items():
            asked = (self.over if call == msgspec.Raw(b"null") else self.told).pop(call_id, None)
            if asked is not None:
                self.delays.append(at - asked)


class _Delta(msgspec.Struct):
    calls: dict[str, msgspec.Raw] | None = None


_decode = msgspec.json.Decoder(_Delta).decode


class Surge:
    """The calls and the changes of one run."""

    def __init__(self, there: House) -> None:
        self.there = there
        self.seen = Seen()
        self.recorded = [Recorded(name, there) for name in TRACES]
        self.sent = bytearray()
        self.calls = self.ended = self.changes = self.refused = self.events = 0
        self.dice = random.Random(7)

    async def page(self, http: aiohttp.ClientSession, person: Person) -> None:
        """Reads a supervisor's stream and looks at it."""
        async with http.get(f"{self.there.base}/api/v1/events", headers=self.there.headers(person)) as answer:
            answer.raise_for_status()
            rest = b""
            while data := await answer.content.readany():
                at = time.perf_counter()
                *frames, rest = (rest + data).split(b"\n\n")
                for frame in frames:
                    self.seen.frame(frame, at)

    async def ring(self, seconds: float) -> None:
        """Lets calls begin at their pace for ``seconds`` and plays each to its end."""
        loop = asyncio.get_running_loop()
        begun, begun_calls = loop.time(), 0
        pending: list[Event] = []
        while (now := loop.time() - begun) < seconds or pending:
            while begun_calls < min(now, seconds) * CALLS_A_SECOND:
                for event in self._call(begun_calls / CALLS_A_SECOND):
                    heapq.heappush(pending, event)
                begun_calls += 1
            due = []
            while pending and pending[0][0] <= now:
                due.append(heapq.heappop(pending))
            if due:
                self._send(due)
            await asyncio.sleep(0.005)

    def _call(self, start: float) -> Iterator[Event]:
        self.calls += 1
        one = self.recorded[self.calls % len(self.recorded)]
        person = self.there.agents[self.calls * 7 % len(self.there.agents)]
        unique = b"%d.%d" % (int(time.time()), self.calls)
        names = {
            b"@CALL@": b"%08x" % self.calls,
            b"@AGENT@": b"%d" % person.agent_id,
            b"@QUEUE@": b"%d" % person.queue_id,
            b"@OUTSIDE@": b"%06d" % self.dice.randrange(PEOPLE_OUTSIDE),
            **{b"@ID%d@" % number: b"l%d.%s" % (number, unique) for number in range(one.ids)},
            b"@" + one.first + b"@": b"c" + unique,
        }
        call_id = f"c{unique.decode()}"
        for place, (at, frame) in enumerate(one.frames):
            frame = _OPEN.sub(lambda found: names.get(found[0], found[0]), frame)
            yield (
                start + at,
                self.calls,
                place,
                frame,
                call_id if place == 0 else "",
                call_id if place == one.end else "",
            )

    def _send(self, due: list[Event]) -> None:
        now, stamp = time.perf_counter(), b"%.6f" % time.time()
        data = b"".join(event[3] for event in due).replace(b"@NOW@", stamp)
        for *_, begins, ends in due:
            if begins:
                self.seen.told[begins] = now
            if ends:
                self.ended += 1
                self.seen.over[ends] = now
        self.events += len(due)
        self.sent += data
        self.there.switch.last.send(data)

    async def choose(self, http: aiohttp.ClientSession) -> None:
        """Lets agents choose states, one after the other, at their pace, until cancelled."""
        loop = asyncio.get_running_loop()
        begun, number, orders = loop.time(), 0, set()
        while True:
            await asyncio.sleep(max(0.0, begun + number / CHANGES_A_SECOND - loop.time()))
            number += 1
            person = self.there.agents[number * 13 % len(self.there.agents)]
            wish = ("paused", "ready")[number // len(self.there.agents) % 2]
            order = asyncio.create_task(self._choose(http, person, wish))
            orders.add(order)
            order.add_done_callback(orders.discard)

    async def _choose(self, http: aiohttp.ClientSession, person: Person, wish: str) -> None:
        try:
            async with http.put(
                f"{self.there.base}/api/v1/me/state",
                json={"state": wish, "reason": ""},
                headers=self.there.headers(person),
            ) as answer:
                self.changes += 1
                self.refused += answer.status != 200
        except (aiohttp.ClientError, TimeoutError):
            self.refused += 1

    def logged(self) -> tuple[int, int]:
        """How many of the calls are in the log, and how many of them have their end."""
        with sqlite3.connect(f"file:{self.there.database}?mode=ro", uri=True) as db:
            query = "SELECT count(*), count(ended_at) FROM calls WHERE id LIKE 'c%.%'"
            whole, ended = db.execute(query).fetchone()
            return int(whole), int(ended)


def run() -> list[Row]:
    """Measures; two minutes."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    async with house(AGENTS, SUPERVISORS) as there:
        surge = Surge(there)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as http:
            cookies = [there.headers(one)["Cookie"] for one in (*there.supervisors, *there.agents[: PAGES // 2])]
            with open_pages(there.settings.http_port, [f"Cookie: {one}" for one in cookies], PAGES - 1) as pages:
                tasks = [asyncio.create_task(surge.page(http, there.supervisors[0]))]
                try:
                    await until(lambda: surge.seen.open, what="the supervisor's stream is open")
                    tasks.append(asyncio.create_task(surge.choose(http)))
                    rows = await _measure(surge)
                finally:
                    await gathered(tasks)
            print(f"pages: {pages.seen}", file=sys.stderr)
    return rows


async def _measure(surge: Surge) -> list[Row]:
    there = surge.there
    calling = asyncio.create_task(surge.ring(WARM_UP + SECONDS))
    await asyncio.sleep(WARM_UP)
    surge.seen.delays.clear()
    cpu, begun, first = there.cpu(), time.monotonic(), there.memory()
    behind, held = [], []
    while time.monotonic() - begun < SECONDS:
        await asyncio.sleep(SECONDS / LOOKS)
        behind.append(await asyncio.to_thread(_behind, surge))
        held.append(there.memory())
    share = (there.cpu() - cpu) / (time.monotonic() - begun)
    delays = sorted(surge.seen.delays)
    await calling
    begun = time.monotonic()
    with contextlib.suppress(AssertionError):
        await until(lambda: surge.logged()[1] >= surge.calls, timeout=SECONDS / 2)
    missing, caught_up = surge.calls - surge.logged()[1], time.monotonic() - begun
    floor = await asyncio.to_thread(_floor, bytes(surge.sent), surge.calls, surge.changes) / (WARM_UP + SECONDS)
    told = (
        f"{surge.calls} calls, {surge.events} events, {surge.changes} changes ({surge.refused} refused)",
        f"ended calls not in the log: {behind}, {missing} at the end ({caught_up:.1f} s after)",
        f"MB: {first:.0f}, then {[round(one) for one in held]}",
    )
    print("; ".join(told), file=sys.stderr)
    title = f"{AGENTS} agents, {CALLS_A_SECOND} calls/s, {CHANGES_A_SECOND} states/s"
    late = 1000 * delays[int(0.99 * len(delays))]
    return [
        Row(f"{title}: server", share, "cores", floor, share / floor, "< 1 core", share < 1.0 and not surge.refused),
        Row(f"{title}: event to stream, 99 %", late, "ms", None, None, "≤ 250 ms", late <= 250),
        Row(
            f"{title}: calls that the log lags behind",
            float(max(behind)),
            "calls",
            None,
            None,
            f"≤ {2 * CALLS_A_SECOND}",
            max(behind) <= 2 * CALLS_A_SECOND and not missing,
        ),
        Row(
            # What is kept has limits (the latest calls, moments, statements), which are reached in the first half.
            f"{title}: memory at the end ÷ after half of it",
            held[-1],
            "MB",
            held[HALF],
            held[-1] / held[HALF],
            "flat (≤ 1.1 × before)",
            held[-1] <= 1.1 * held[HALF],
        ),
    ]


def _behind(surge: Surge) -> int:
    """Calls that have ended and whose end is not in the log."""
    return max(0, surge.ended - surge.logged()[1])


def _floor(sent: bytes, calls: int, changes: int) -> float:
    """Seconds of CPU for parsing all events and writing one row for each call and change, each in a transaction."""
    frames = [frame for frame in sent.split(b"\r\n\r\n") if frame]
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "floor.sqlite3", isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, what TEXT, at TEXT)")
        begun = time.process_time()
        for frame in frames:
            parse(frame)
        for number in range(calls + changes):
            db.execute("INSERT INTO rows (what, at) VALUES (?, ?)", (f"call {number}", SystemClock().now().isoformat()))
        took = time.process_time() - begun
        db.close()
    return took
