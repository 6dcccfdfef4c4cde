"""What comes in a rush is done together, in its order, for each business by itself."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest

from callcenter.core import bus as buses
from callcenter.core.bus import Bus, Gathering


class Thing(NamedTuple):
    """Something of a business."""

    business_id: int
    name: str


async def test_one_round_does_what_came_meanwhile_business_by_business(caplog: pytest.LogCaptureFixture) -> None:
    bus, done = Bus(), list[tuple[int, str]]()

    async def work(business_id: int, some: list[Thing]) -> None:
        if business_id == 2:
            raise RuntimeError("away")
        done.append((business_id, "".join(one.name for one in some)))

    found: Gathering[Thing] = Gathering(bus, "things", 0.01, work)
    for business_id, name in ((1, "a"), (2, "b"), (1, "c"), (3, "d"), (1, "e")):
        found.put(Thing(business_id, name))
    assert bus.backlog() == {"things": 5}
    await bus.settle()
    # What failed is told, and keeps nobody else.
    assert done == [(1, "ace"), (3, "d")]
    assert "things: 1 were not done" in caplog.text
    assert bus.backlog() == {"things": 0}
    found.put(Thing(1, "f"))
    await bus.settle()
    assert done[-1] == (1, "f")


async def test_what_comes_while_others_are_done_waits_for_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buses, "BATCH", 2)
    bus, rounds, begun, go = Bus(), list[int](), asyncio.Event(), asyncio.Event()

    async def work(_business_id: int, some: list[Thing]) -> None:
        rounds.append(len(some))
        begun.set()
        await go.wait()

    found: Gathering[Thing] = Gathering(bus, "things", 0.0, work)
    for name in "abc":
        found.put(Thing(1, name))
    await begun.wait()
    found.put(Thing(1, "d"))
    assert bus.backlog() == {"things": 4}
    go.set()
    await bus.settle()
    assert rounds == [2, 2]
