"""A new version of the routing, applied as a whole while calls go on: 200 numbers, 100 menus, 50 queues.

A real Asterisk, callers who wait in a queue. One number gets another target; then the draft is checked, rendered,
written, read by Asterisk and confirmed. The test call after it is told by itself: it hears a greeting to its end.
The floor is Asterisk alone reading the same files anew.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import update

from benchmarks.report import Row
from callcenter import migrations
from callcenter.core.bus import Bus
from callcenter.core.clock import SystemClock
from callcenter.features.dialplan.usecases import canary, rendering, staging
from callcenter.features.ivr import api as ivr
from callcenter.features.numbers import api as numbers
from callcenter.features.numbers.models import Number
from callcenter.features.queues import api as queues
from callcenter.live.service import Live
from callcenter.plugin import Services
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from callcenter.telephony.service import Account, Telephony
from tests.support import house as houses
from tests.support import line as lines
from tests.support.line import Line
from tests.support.wait import until

NUMBERS, MENUS, QUEUES, CALLS, TIMES = 200, 100, 50, 20, 5
LIMIT_SECONDS = 3.0


def run() -> list[Row]:
    """Measures; about a minute."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return asyncio.run(_run(Path(folder)))


async def _run(folder: Path) -> list[Row]:
    line = lines.prepare(folder / "line")
    url = f"sqlite+aiosqlite:///{folder / 'bench.sqlite3'}"
    await migrations.upgrade(url)
    db = Database(create_engine(url))
    try:
        await line.runner.start()
        return await _measure(line, db)
    finally:
        for phone in line.phones:
            await phone.stop()
        await line.runner.stop()
        lines.remove(line)
        await db.close()


async def _measure(line: Line, db: Database) -> list[Row]:
    bus, clock = Bus(), SystemClock()
    telephony = Telephony(Account(port=line.settings.ami_port, secret=line.instance.ami_password), bus, clock)
    services = Services(settings=line.settings, db=db, bus=bus, clock=clock, live=Live(bus, clock), telephony=telephony)
    business, first, queue_ids = await _furnish(line, db)
    await telephony.start()
    try:
        await until(lambda: telephony.up, timeout=30, what="the link is up")
        await rendering.apply_changes(services)
        calls = await _call(line)
        took: list[float] = []
        tried: list[float] = []
        plain = canary.call

        async def timed(*given: Any) -> dict[str, Any]:
            began = time.monotonic()
            try:
                return await plain(*given)
            finally:
                tried.append(time.monotonic() - began)

        canary.call = timed
        try:
            for turn in range(TIMES):
                async with db.business(business) as session:
                    target = queue_ids[1 + turn]
                    await session.execute(update(Number).where(Number.id == first).values(target_id=target))
                began = time.monotonic()
                await staging.apply_draft(services, business, user_id=None, by="")
                took.append(time.monotonic() - began - tried[-1])
        finally:
            canary.call = plain
        dropped = sum(call.states["ended"].is_set() for call in calls)
        floor = await _floor(line)
    finally:
        await telephony.stop()
    middle, test = statistics.median(took), statistics.median(tried)
    name = f"routing applied and confirmed: {NUMBERS} numbers, {MENUS} menus, {QUEUES} queues"
    return [
        Row(name, middle, "s", floor, middle / floor, f"≤ {LIMIT_SECONDS:g} s", middle <= LIMIT_SECONDS),
        Row(f"the same: longest of {TIMES}", max(took), "s", floor, max(took) / floor, "told", True),
        Row("the test call after it", test, "s", None, None, "told", True),
        Row(f"calls dropped by that, of {CALLS}", float(dropped), "", None, None, "0", dropped == 0),
    ]


async def _furnish(line: Line, db: Database) -> tuple[int, int, list[int]]:
    """The business, its first number (where callers come in) and its queues."""
    found = await houses.furnish(db)
    business, now = found.businesses["a"], SystemClock().now()
    async with db.business(business) as session:
        await numbers.create_trunk(
            session, business_id=business, name="T", host="127.0.0.1", port=line.settings.demo_carrier_port, at=now
        )
        there = [await queues.create(session, business_id=business, name=f"Q{n}", at=now) for n in range(QUEUES)]
        keys = {str(key): ("queue", there[key].id) for key in range(10)}
        menus = [
            await ivr.create_menu(session, business_id=business, name=f"M{n}", prompt="test-menu", at=now, keys=keys)
            for n in range(MENUS)
        ]
        made = [
            await numbers.create_number(
                session,
                business_id=business,
                e164=f"+7495100{n:04d}",
                target_kind="menu" if n % 2 else "queue",
                target_id=menus[n // 2].id if n % 2 else there[n % QUEUES].id,
                greeting="test-greeting",
                at=now,
            )
            for n in range(NUMBERS)
        ]
    return business, made[0].id, [one.id for one in there]


async def _call(line: Line) -> list[Any]:
    calls = []
    for n in range(CALLS):
        phone = await line.client(f"7916200{n:04d}")
        calls.append(phone.call("+74951000000"))
    for call in calls:
        await call.until("answered")
    return calls


async def _floor(line: Line) -> float:
    """Seconds that Asterisk needs for the same files: over its own command line, one command after the other."""
    commands = ("dialplan reload", "queue reload all")
    took = []
    for _ in range(TIMES):
        file = line.instance.etc / "extensions.conf"
        file.write_text(file.read_text("utf-8") + "\n; again\n", "utf-8")
        began = time.monotonic()
        for command in commands:
            await line.rx(command)
        took.append(time.monotonic() - began)
    return statistics.median(took)
