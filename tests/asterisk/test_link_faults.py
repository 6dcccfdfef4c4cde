"""The link broken on purpose: cut, frozen, Asterisk killed, our server away. No call is lost, none is a ghost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from callcenter.core.errors import Unavailable
from callcenter.core.events import CallEnded, CallUpdated, DeviceChanged, LinkChanged
from callcenter.telephony import link as links
from callcenter.telephony.link import Timing
from tests.support import line as lines
from tests.support.desk import desk_at, queue_call
from tests.support.line import SALES_NUMBER, Line
from tests.support.proxy import Proxy
from tests.support.wait import until

QUICK = Timing(keepalive=0.5)
# So long the link is away: the fault itself, not a wait for something.
CUT_SECONDS = 30.0


@pytest_asyncio.fixture
async def mortal(tmp_path: Path) -> AsyncIterator[Line]:
    """An Asterisk of this test's own, that may be killed."""
    line = lines.prepare(tmp_path)
    try:
        await line.runner.start()
        yield line
    finally:
        for phone in line.phones:
            await phone.stop()
        await line.runner.stop()
        lines.remove(line)


def _joined(line: Line, call_id: str) -> int:
    """How often a channel of the call entered a bridge, by Asterisk's journal."""
    rows = line.instance.journal.read_text().splitlines()
    return sum('"BRIDGE_ENTER"' in row and call_id in row for row in rows)


@pytest.mark.fault
async def test_a_link_that_is_cut_loses_no_call(line: Line) -> None:
    proxy = Proxy(line.settings.ami_port)
    await proxy.start()
    try:
        async with desk_at(line, port=proxy.port) as desk:
            calling, ringing = await queue_call(line)
            first = await desk.state("talking")
            cut_at = asyncio.get_running_loop().time()
            await proxy.cut()
            down = await desk.until(LinkChanged, lambda e: not e.up)
            assert down.reason == links.LOST
            with pytest.raises(Unavailable):
                await desk.telephony.hangup(first.id)
            # One call ends, one begins and ends, one begins and goes on while nobody looks.
            calling.bye()
            await ringing.until("ended")
            second = await short_call(line)
            third, _ = await queue_call(line)
            at = len(desk.events)
            await asyncio.sleep(cut_at + CUT_SECONDS - asyncio.get_running_loop().time())
            await proxy.start()
            await desk.until(LinkChanged, lambda e: e.up, since=at)
            assert desk.ended()[first.id].result == "answered"
            going_on = [e.call for e in desk.of(CallUpdated, at) if e.call.state == "talking"]
            assert len({call.id for call in going_on}) == 1
            told = await desk.journal(since=first.started_at)
            assert told[first.id].result == "answered"
            (missed,) = [call for call in told.values() if call.id not in desk.ended()]
            assert (missed.result, missed.from_number) == ("missed", second)
            third.bye()
            ended = await desk.until(CallEnded, lambda e: e.call.id == going_on[0].id)
            assert ended.call.result == "answered"
    finally:
        await proxy.cut()


async def short_call(line: Line) -> str:
    """A caller who hangs up during the greeting; his number."""
    client = await line.client("79169999999")
    calling = client.call(SALES_NUMBER)
    await calling.until("answered")
    await asyncio.sleep(0.5)
    calling.bye()
    await calling.until("ended")
    return "+79169999999"


@pytest.mark.fault
async def test_a_line_that_carries_nothing_any_more_is_noticed(line: Line) -> None:
    proxy = Proxy(line.settings.ami_port)
    await proxy.start()
    try:
        async with desk_at(line, port=proxy.port, timing=QUICK) as desk:
            at = len(desk.events)
            proxy.freeze()
            down = await desk.until(LinkChanged, lambda e: not e.up, timeout=5)
            assert down.reason == links.SILENT
            proxy.freeze(False)
            await desk.until(LinkChanged, lambda e: e.up, since=at)
    finally:
        proxy.freeze(False)
        await proxy.cut()


@pytest.mark.fault
async def test_a_killed_asterisk_ends_its_calls_and_comes_back(mortal: Line) -> None:
    async with desk_at(mortal) as desk:
        calling, _ = await queue_call(mortal)
        talking = await desk.state("talking")
        at = len(desk.events)
        await mortal.runner.kill()
        down = await desk.until(LinkChanged, lambda e: not e.up, since=at)
        await mortal.runner.start()
        await desk.until(LinkChanged, lambda e: e.up, since=at, timeout=30)
        ended = desk.ended()[talking.id]
        assert (ended.result, ended.hangup_by) == ("answered", "system")
        assert ended.cause
        assert ended.ended_at == pytest.approx(down.at, abs=0.5)
        told = await desk.told(talking.id)
        assert (told.result, told.cause, told.agents) == (ended.result, ended.cause, ended.agents)
        assert told.talk_seconds == pytest.approx(ended.talk_seconds, abs=0.1)
        # Nothing of it is left anywhere.
        since = len(desk.events)
        phone = await mortal.agent(12)
        await desk.until(DeviceChanged, lambda e: e.endpoint == "a12s" and e.online, since=since)
        assert not desk.of(CallUpdated, since)
        assert not desk.telephony.tracker.calls
        assert phone.calls == {}
        calling.states["ended"].set()


@pytest.mark.fault
async def test_a_server_that_was_away_when_asterisk_died_sees_no_ghosts(mortal: Line) -> None:
    async with desk_at(mortal) as before:
        await queue_call(mortal)
        talking = await before.state("talking")
    # The journal is written a moment after the event is told; what is killed before that, nobody can know.
    await until(lambda: _joined(mortal, talking.id) == 2, what="both sides' joining stands in the journal")
    await mortal.runner.kill()
    await mortal.runner.start()
    async with desk_at(mortal) as after:
        assert not after.of(CallUpdated)
        told = await after.told(talking.id)
        assert (told.result, told.hangup_by) == ("answered", "system")
        assert told.cause
        assert told.ended_at == pytest.approx(talking.answered_at, abs=0.1)
