"""200 pages on the wallboard stream at 20 calls a second: the CPU that the server's process takes, of one core.

Pages are real HTTP connections to a process of their own that reads and throws away. What Asterisk would send for the
calls is fed as bytes, so that the whole way is measured: framing, tracker, live state, deltas, Server-Sent Events.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import time
from contextlib import suppress

from aiohttp import web

from benchmarks.events import Pipeline
from benchmarks.report import Row
from callcenter.core.events import AgentWanted, DeviceChanged
from callcenter.live.audience import Audience
from tests.traces import replay

PAGES = 200
OPERATORS = 50
CALLS_A_SECOND = 20
SECONDS = 15.0
TRACES = ("queue_answered", "click_answered", "queue_abandoned", "outgoing_answered")
_TIME = re.compile(rb"^Timestamp: (\d+\.\d+)", re.M)
_ID = re.compile(rb"^([A-Za-z]*(?:Uniqueid|Linkedid)): ([^\r\n]+)", re.M)

_READER = """
import asyncio, sys
async def page(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode())
    while await reader.read(65536):
        pass
async def main(port, pages, operators):
    paths = [f"/?agent={11 + n % 3}" if n < operators else "/" for n in range(pages)]
    await asyncio.gather(*(page(port, path) for path in paths))
asyncio.run(main(*map(int, sys.argv[1:])))
"""


def timeline(name: str) -> list[tuple[float, bytes]]:
    """A trace's events with their seconds since its beginning; ids carry a mark that makes them new."""
    found: list[tuple[float, bytes]] = []
    for frame in replay.raw(name).split(b"\r\n\r\n"):
        stamp = _TIME.search(frame)
        if stamp:
            found.append((float(stamp[1]), _ID.sub(rb"\1: \2@@", frame.lstrip(b"\r\n")) + b"\r\n\r\n"))
    begin = found[0][0]
    return [(at - begin, frame) for at, frame in found]


async def _serve(pipeline: Pipeline) -> tuple[web.AppRunner, int]:
    async def events(request: web.Request) -> web.StreamResponse:
        agent = request.query.get("agent")
        audience = Audience(1, int(agent) if agent else None, sees_all=agent is None, language="ru")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with suppress(ConnectionResetError), pipeline.live.subscribe(audience) as subscription:
            async for frame in subscription:
                await response.write(frame)
        return response

    app = web.Application()
    app.router.add_get("/", events)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, runner.addresses[0][1]


async def _calls(pipeline: Pipeline, seconds: float) -> int:
    """Lets calls begin at the wanted pace, each with its own timing; how many AMI events that were."""
    loop = asyncio.get_running_loop()
    lines = [timeline(name) for name in TRACES]
    begun, fed = loop.time(), 0
    pending: list[tuple[float, bytes]] = []
    number = 0
    while loop.time() - begun < seconds:
        now = loop.time() - begun
        while number < now * CALLS_A_SECOND:
            mark = b"%d" % (random.randrange(10**6) * 10**6 + number)
            start = number / CALLS_A_SECOND
            pending += [(start + at, frame.replace(b"@@", mark)) for at, frame in lines[number % len(lines)]]
            number += 1
        due = [frame for at, frame in pending if at <= now]
        pending = [one for one in pending if one[0] > now]
        if due:
            pipeline.protocol.data_received(b"".join(due))
            fed += len(due)
        await asyncio.sleep(0.005)
    return fed


async def _measure() -> list[Row]:
    pipeline = Pipeline()
    await pipeline.live.start()
    for agent_id in (11, 12, 13):
        pipeline.bus.publish(DeviceChanged(at=time.time(), endpoint=f"a{agent_id}w", agent_id=agent_id, online=True))
        pipeline.bus.publish(AgentWanted(at=time.time(), business_id=1, agent_id=agent_id, wanted="ready"))
    runner, port = await _serve(pipeline)
    reader = await asyncio.create_subprocess_exec(sys.executable, "-c", _READER, str(port), str(PAGES), str(OPERATORS))
    try:
        async with asyncio.timeout(30):
            while pipeline.live.subscribers < PAGES:  # noqa: ASYNC110 - connections have no event
                await asyncio.sleep(0.05)
        begun, wall = time.process_time(), time.perf_counter()
        await _calls(pipeline, SECONDS)
        share = (time.process_time() - begun) / (time.perf_counter() - wall)
        still = pipeline.live.subscribers
    finally:
        reader.terminate()
        await reader.wait()
        await pipeline.live.stop()
        await runner.cleanup()
    # The same calls with nobody looking are the floor: the difference is what the pages themselves cost.
    alone = Pipeline()
    await alone.live.start()
    begun, wall = time.process_time(), time.perf_counter()
    await _calls(alone, SECONDS / 3)
    floor = (time.process_time() - begun) / (time.perf_counter() - wall)
    await alone.live.stop()
    return [
        Row(
            f"{PAGES} pages on the stream at {CALLS_A_SECOND} calls/s",
            share,
            "cores",
            floor,
            share / floor,
            "< 1 core",
            share < 1.0 and still == PAGES,
        )
    ]


def run() -> list[Row]:
    """Measures; half a minute."""
    if not os.environ.get("PYTHONHASHSEED"):
        random.seed(7)
    return asyncio.run(_measure())
