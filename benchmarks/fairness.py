"""Two thousand calls to twenty agents, longest idle first: nobody is passed over out of turn (INB-05).

The real app_queue gives the calls out to telephones that answer at once; the callers are robots who talk for half a
second to a second and a half. For every ring AMI's events say who was free then and whose talk had ended how long ago;
it is out of turn when somebody else was free who had been idle for longer. Asterisk keeps the end of a talk in whole
seconds: two ends in one second, or in neighbouring ones while the clock ticks over, are equal. An agent whose talk
ended within the last second is not counted among the free: his telephone may not have been seen free yet.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from pathlib import Path

from benchmarks.report import Row
from callcenter.telephony.config.model import Queue
from tests.support import floor as floors
from tests.support.floor import Floor, number_of
from tests.support.line import BUSINESS

CALLS = int(os.environ.get("CALLCENTER_BENCH_FAIRNESS_CALLS", "2000"))
AGENTS = 20
QUEUE = 31
A_SECOND = 10.0
LIMIT = 600.0
"""Seconds after which it is given up."""
SETTLED = 1.0
"""Seconds after which a telephone that has hung up is surely seen as free."""


class Watch:
    """Who is free since when, by AMI's own times; every ring is judged by it."""

    def __init__(self, agents: list[int]) -> None:
        self.ended: dict[int, float] = dict.fromkeys(agents, 0.0)
        self.busy: dict[int, str] = {}
        self.rings = self.wrong = self.judged = 0
        self.gap = 0.0
        self.taken: dict[int, int] = dict.fromkeys(agents, 0)

    def event(self, fields: dict[str, str]) -> None:
        """One AMI event."""
        kind = fields.get("Event")
        if kind == "DialBegin":
            agent = floors.agent_of(fields.get("DestChannel", ""))
            if agent:
                self._rung(agent, float(fields["Timestamp"]))
                self.busy[agent] = fields["DestUniqueid"]
        elif kind == "DialEnd" and fields.get("DialStatus") == "ANSWER":
            agent = floors.agent_of(fields.get("DestChannel", ""))
            if agent:
                self.taken[agent] += 1
        elif kind == "Hangup":
            agent = floors.agent_of(fields.get("Channel", ""))
            if agent and self.busy.get(agent) == fields.get("Uniqueid"):
                del self.busy[agent]
                self.ended[agent] = float(fields["Timestamp"])

    def _rung(self, agent: int, at: float) -> None:
        self.rings += 1
        mine = self.ended[agent]
        free = [end for one, end in self.ended.items() if one not in self.busy and one != agent and end < at - SETTLED]
        if not free:
            return
        self.judged += 1
        longest = min(free)
        # Whole seconds, and a tick of the clock between the talk's end and the event of it.
        if int(mine) - int(longest) > 1:
            self.wrong += 1
            self.gap = max(self.gap, mine - longest)


async def _one(floor: Floor, dice: random.Random) -> bool:
    heard = floor.call(number_of(QUEUE))
    try:
        async with asyncio.timeout(60):
            await heard.answered.wait()
        await asyncio.sleep(dice.uniform(0.5, 1.5))
        await floor.finish(heard)
    except TimeoutError:
        return False
    return True


async def _measure() -> tuple[Watch, int, float]:
    queue = Queue(id=QUEUE, business_id=BUSINESS, name="Q", strategy="leastrecent", ring_seconds=10, wrapup_seconds=0)
    dice = random.Random(20261126)
    with tempfile.TemporaryDirectory() as folder:
        async with floors.floor(Path(folder), [queue], answers=AGENTS) as floor:
            await floor.members(QUEUE, floor.agents)
            watch = Watch(floor.agents)
            floor.listen = watch.event
            began = time.monotonic()
            calls: list[asyncio.Task[bool]] = []
            async with asyncio.timeout(LIMIT):
                for number in range(CALLS):
                    await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
                    calls.append(asyncio.create_task(_one(floor, dice)))
                done = await asyncio.gather(*calls)
            return watch, sum(done), time.monotonic() - began


def run() -> list[Row]:
    """0 rings out of turn; all calls answered."""
    watch, done, seconds = asyncio.run(_measure())
    taken = sorted(watch.taken.values())
    answered = f"calls answered in {seconds:.0f} s, {taken[0]} to {taken[-1]} an agent"
    good = watch.wrong == 0 and watch.judged > CALLS / 2
    text = f"longest idle: rings out of turn, {watch.judged} of {watch.rings} rings judged"
    return [
        Row(text, float(watch.wrong), "rings", None, None, "0", good),
        Row(answered, float(done), "calls", None, None, f"{CALLS}", done == CALLS),
    ]  # fmt: skip
