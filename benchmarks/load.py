"""What the server costs under load: Asterisk's calls per second with and without it, and its CPU under many pages.

The first lets a fixed number of callers ring again as soon as their call has ended: that finds the rate at which the
machine is full, without the coarse steps of an offered rate. Windows with the server (which writes the log and joins
the recordings) and without it take turns on the same Asterisk with the same queue, agents, recording and telephones;
all of them, and SIPp itself, share the machine. The second offers 20 queue calls a second while 200 pages read.
"""

from __future__ import annotations

import asyncio
import statistics
import sys

from benchmarks.crowd import Crowd, Rate, crowd
from benchmarks.pages import open_pages
from benchmarks.report import Row

AT_ONCE = 90
PAIRS, SECONDS = 3, 12.0
PAGES, CALLS_A_SECOND = 200, 20
SHARE = 0.9


def run() -> list[Row]:
    """Measures; three minutes."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    async with crowd() as all_there:
        # Asterisk keeps the queue's members while the server is away, as in production.
        await all_there.serve()
        pages = await _pages(all_there)
        alone, attached = await _pairs(all_there)
    return [_capacity(alone, attached), pages]


async def _pairs(people: Crowd) -> tuple[list[Rate], list[Rate]]:
    alone, attached = [], []
    for turn in range(PAIRS):
        if turn:
            await people.serve()
        attached.append(await people.call(SECONDS, rate=200, at_once=AT_ONCE))
        await people.server.stop()
        alone.append(await people.call(SECONDS, rate=200, at_once=AT_ONCE))
    return alone, attached


def _capacity(alone: list[Rate], attached: list[Rate]) -> Row:
    print(f"attached: {attached}\nalone: {alone}", file=sys.stderr)
    ours, floor = (statistics.median(one.per_second for one in rates) for rates in (attached, alone))
    return Row(
        "calls/s of Asterisk, recorded, with the server ÷ without",
        ours,
        "calls/s",
        floor,
        ours / floor,
        f"≥ {SHARE:g} × floor",
        ours >= SHARE * floor,
    )


async def _pages(people: Crowd) -> Row:
    quiet = await people.call(SECONDS, rate=CALLS_A_SECOND, at_once=AT_ONCE)
    with open_pages(people.settings.http_port, people.tokens, PAGES) as pages:
        busy = await people.call(SECONDS * 1.5, rate=CALLS_A_SECOND, at_once=AT_ONCE)
    whole = pages.seen["open"] == PAGES and not pages.seen["lost"] and busy.per_second > 0.95 * CALLS_A_SECOND
    return Row(
        f"server with {PAGES} pages at {busy.per_second:.1f} calls/s",
        busy.cores,
        "cores",
        quiet.cores,
        busy.cores / quiet.cores,
        f"< 1 core at {CALLS_A_SECOND} calls/s",
        busy.cores < 1.0 and whole,
    )
