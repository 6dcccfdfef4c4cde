"""A state chosen on one page until it is on all others: a real PUT with the page's cookie, and fifty open streams.

The floor is a bare aiohttp server in a process of its own that hands the same bytes of each change on to the same
number of streams, measured by the same reader in the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp

from benchmarks.house import House, gathered, house
from benchmarks.report import Row
from tests.support.line import free_ports
from tests.support.wait import until

AGENTS, SUPERVISORS = 40, 10
CHANGES = 500
CHANGES_A_SECOND = 20
MOST_MS = 100.0
_AGENT = re.compile(rb'"id":(\d+),"name":"crowd[^{}]*?"wanted":"(\w+)"')

Change = Callable[[aiohttp.ClientSession, int, str], Awaitable[None]]
"""Chooses a wish for an agent."""

_BARE = """
import asyncio, sys
from aiohttp import web
streams = set()
async def events(request):
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    queue = asyncio.Queue()
    streams.add(queue)
    await response.write(b"event: snapshot\\ndata: {}\\n\\n")
    while True:
        await response.write(await queue.get())
async def change(request):
    frame = await request.read()
    for queue in streams:
        queue.put_nowait(frame)
    return web.json_response({})
app = web.Application()
app.router.add_get("/api/v1/events", events)
app.router.add_put("/api/v1/me/state", change)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""


@dataclass
class Streams:
    """Open streams: when each of them showed each agent's new wish, and the bytes of the last delta."""

    seen: dict[int, list[list[float]]] = field(default_factory=dict)
    open: int = 0
    last: bytes = b""

    async def read(self, http: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> None:
        """Reads one stream until it is cancelled; raises when it ends."""
        async with http.get(url, headers=headers) as answer:
            answer.raise_for_status()
            rest, wishes = b"", {}
            turns: dict[int, int] = {}
            while data := await answer.content.readany():
                now = time.perf_counter()
                *frames, rest = (rest + data).split(b"\n\n")
                for frame in frames:
                    if frame.startswith(b"event: snapshot"):
                        self.open += 1
                    for found in _AGENT.finditer(frame):
                        agent = int(found[1])
                        if wishes.get(agent, b"ready") == found[2]:
                            continue
                        # His wishes alternate: the n-th that this page shows is the n-th that he chose.
                        wishes[agent], self.last = found[2], frame
                        turn = turns[agent] = turns.get(agent, -1) + 1
                        moments = self.seen.setdefault(agent, [])
                        if turn == len(moments):
                            moments.append([])
                        moments[turn].append(now)
        raise RuntimeError("a stream ended")


def run() -> list[Row]:
    """Measures; a minute and a half."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    async with house(AGENTS, SUPERVISORS) as there:
        ours, last = await _ours(there)
    floor = await _floor(last)
    rows = []
    for name, at in (("median", 0.5), ("95 %", 0.95), ("99 %", 0.99), ("longest", 1.0)):
        value, bare = _share(ours, at), _share(floor, at)
        wanted = at == 0.99
        rows.append(
            Row(
                f"state chosen on one page until on 50 others: {name}",
                value,
                "ms",
                bare,
                value / bare,
                f"≤ {MOST_MS:g} ms" if wanted else "told",
                value <= MOST_MS or not wanted,
            )
        )
    return rows


def _share(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def _ours(there: House) -> tuple[list[float], bytes]:
    people = {one.agent_id: one for one in there.agents}
    async with _streams(there.base, [there.headers(one) for one in (*there.agents, *there.supervisors)]) as streams:

        async def change(http: aiohttp.ClientSession, agent: int, wish: str) -> None:
            person, body = people[agent], {"state": wish, "reason": ""}
            async with http.put(f"{there.base}/api/v1/me/state", json=body, headers=there.headers(person)) as answer:
                answer.raise_for_status()

        return await _measure(streams, list(people), change), streams.last


async def _floor(frame: bytes) -> list[float]:
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _BARE, str(port))
    base = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as http:
            await until(lambda: _answers(http, base), what="the bare server answers")
        async with _streams(base, [{}] * (AGENTS + SUPERVISORS)) as streams:

            async def change(http: aiohttp.ClientSession, agent: int, wish: str) -> None:
                new = b'"id":%d,"name":"crowd","wanted":"%s"' % (agent, wish.encode())
                body = _AGENT.sub(new, frame, count=1) + b"\n\n"
                async with http.put(f"{base}/api/v1/me/state", data=body) as answer:
                    answer.raise_for_status()

            return await _measure(streams, list(range(AGENTS)), change)
    finally:
        process.terminate()
        await process.wait()


async def _answers(http: aiohttp.ClientSession, base: str) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        async with http.get(base):
            return True
    return False


@contextlib.asynccontextmanager
async def _streams(base: str, headers: list[dict[str, str]]) -> AsyncIterator[Streams]:
    streams = Streams()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as http:
        tasks = [asyncio.create_task(streams.read(http, f"{base}/api/v1/events", one)) for one in headers]
        try:
            await until(lambda: streams.open >= len(headers), timeout=30, what="all streams are open")
            yield streams
        finally:
            await gathered(tasks)


async def _measure(streams: Streams, agents: list[int], change: Change) -> list[float]:
    """Seconds from the choice until it was on each page, for each change and page."""
    asked: dict[int, list[float]] = {agent: [] for agent in agents}
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as http:

        async def one(number: int) -> None:
            agent = agents[number % AGENTS]
            wish = ("paused", "ready")[number // AGENTS % 2]
            asked[agent].append(time.perf_counter())
            await change(http, agent, wish)

        begun, orders = loop.time(), []
        for number in range(CHANGES):
            await asyncio.sleep(max(0.0, begun + number / CHANGES_A_SECOND - loop.time()))
            orders.append(asyncio.create_task(one(number)))
        await asyncio.gather(*orders)

        def whole() -> bool:
            seen = sum(len(moments) for turns in streams.seen.values() for moments in turns)
            return seen >= CHANGES * (AGENTS + SUPERVISORS)

        await until(whole, what="every change is on every page")
    return [
        at - asked[agent][turn]
        for agent, turns in streams.seen.items()
        for turn, moments in enumerate(turns)
        for at in moments
    ]
