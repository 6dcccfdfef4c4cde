"""Asterisk's life: two beside each other, killed, left behind, reloaded with calls up, without rights and traces."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import pickle
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import ASTERISK_ID
from callcenter.telephony.asterisk.runner import Runner
from callcenter.telephony.config import apply
from callcenter.telephony.config.model import Number, Queue, Target
from callcenter.telephony.config.render import render
from tests.support import line as lines
from tests.support.line import BUSINESS, SALES, SALES_NUMBER, Line
from tests.support.wait import until


@pytest.fixture
async def second(tmp_path: Path) -> AsyncIterator[Line]:
    """Another installation on the same root, not started."""
    line = lines.prepare(tmp_path / "second")
    yield line
    await line.runner.kill()
    await line.runner.end_left_behind()
    lines.remove(line)


def _processes(pid: int) -> dict[str, str]:
    rows = (row.partition(":") for row in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: value.strip() for name, _, value in rows}


async def test_two_run_side_by_side_and_leave_nothing_behind(line: Line, second: Line) -> None:
    await second.runner.start()
    pid = second.runner.pid
    assert pid
    assert "0 active channels" in await second.rx("core show channels count")
    assert "0 active channels" in await line.rx("core show channels count")
    await second.runner.stop()
    assert second.runner.pid is None
    assert not Path(f"/proc/{pid}").exists()
    assert not second.instance.socket.exists()
    assert not second.instance.pid_file.exists()
    assert "0 active channels" in await line.rx("core show channels count")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give away")
async def test_it_runs_without_roots_rights(second: Line) -> None:
    await second.runner.start()
    assert second.runner.pid
    status = _processes(second.runner.pid)
    assert set(status["Uid"].split()) == {str(ASTERISK_ID)}
    assert set(status["Gid"].split()) == {str(ASTERISK_ID)}
    assert status.get("Groups", "") in ("", str(ASTERISK_ID))
    assert int(status["CapEff"], 16) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="the folder's owner may pass anyway")
async def test_it_runs_in_a_private_folder(second: Line) -> None:
    """A clone made by `mktemp -d` is closed to Asterisk's user; the root is entered before rights are given away."""
    (second.settings.data).mkdir(exist_ok=True)
    second.settings.data.chmod(0o700)
    assert not second.instance.folder.stat().st_mode & 0o077
    await second.runner.start()
    file = second.instance.recordings / "probe.wav"
    file.write_bytes(b"")
    file.unlink()


async def test_it_is_reached_on_the_loopback_only(line: Line) -> None:
    assert line.runner.process
    pid = line.runner.process.pid
    names = (str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink())
    inodes = {name[8:-1] for name in names if name.startswith("socket:[")}
    bound = []
    for table in ("tcp", "udp", "tcp6", "udp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            address, _, port = fields[1].rpartition(":")
            if fields[9] in inodes:
                bound.append((table, address, int(port, 16)))
    served = {port for _, _, port in bound}
    assert {line.sip_port, line.settings.ami_port, line.settings.asterisk_http_port} <= served
    first, last = line.settings.rtp_range
    for table, address, port in bound:
        # A resolver's own socket, on a port that nobody knows, may have any address.
        known = table.startswith("tcp") or port == line.sip_port or first <= port <= last
        assert address == "0100007F" or not known, (table, address, port)


async def test_a_killed_one_comes_back_with_its_queue_members(second: Line) -> None:
    await second.runner.start()
    await second.rx(f"queue add member PJSIP/a11s to q{SALES}")
    # Asterisk writes its little database once a second.
    await until(lambda: _kept(second, f"q{SALES}"), what="the member is on disk")
    assert second.runner.pid
    os.kill(second.runner.pid, signal.SIGKILL)
    assert await second.runner.wait() == -signal.SIGKILL
    await second.runner.start()
    assert "PJSIP/a11s" in await second.rx(f"queue show q{SALES}")


async def test_it_ends_when_whoever_started_it_is_killed(second: Line) -> None:
    code = (
        "import asyncio, sys, pickle\n"
        "runner = pickle.loads(sys.stdin.buffer.read())\n"
        "async def main():\n"
        "    await runner.start()\n"
        "    print(runner.pid, flush=True)\n"
        "    await runner.wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdin
    assert parent.stdout
    parent.stdin.write(pickle.dumps(Runner(second.instance)))
    parent.stdin.close()
    async with asyncio.timeout(30):
        pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    await until(lambda: not Path(f"/proc/{pid}").exists(), what="Asterisk has ended")


async def test_one_that_was_left_behind_is_ended_before_a_new_one_starts(second: Line) -> None:
    await second.runner.start()
    left = second.runner.pid
    assert left
    fresh = Runner(second.instance)
    assert fresh.left_behind() == [left]
    await fresh.start()
    try:
        assert fresh.pid != left
        assert "0 active channels" in await fresh.rx("core show channels count")
        assert fresh.left_behind() == []
    finally:
        await fresh.stop()


async def test_a_configuration_that_cannot_work_says_so(second: Line) -> None:
    (second.instance.etc / "modules.conf").write_text("[modules]\nautoload = no\nrequire = chan_nonsense.so\n")
    with pytest.raises(AsteriskError, match="chan_nonsense"):
        await second.runner.start(timeout=20)
    assert second.runner.pid is None
    assert second.runner.left_behind() == []


async def test_stop_ends_one_that_does_not_listen(second: Line) -> None:
    await second.runner.start()
    assert second.runner.pid
    os.kill(second.runner.pid, signal.SIGSTOP)
    await second.runner.stop(timeout=1.0)
    assert second.runner.pid is None


async def test_changes_reach_a_running_one_and_calls_go_on(line: Line) -> None:
    agent = await line.agent(11, queues=[SALES])
    client = await line.client()
    call = client.call(SALES_NUMBER)
    ringing = await agent.incoming()
    ringing.answer()
    await call.until("answered")
    number = Number(id=20, business_id=BUSINESS, e164="+74950000020", target=Target(kind="queue", id=20))
    changed = dataclasses.replace(
        line.model,
        numbers=(*line.model.numbers, number),
        queues=(*line.model.queues, Queue(id=20, business_id=BUSINESS, name="New")),
    )
    try:
        files = apply.write(line.instance, render(changed))
        assert sorted(files) == ["extensions.conf", "queues.conf"]
        await apply.reload(line.rx, files)
        second = await line.client("79160000002")
        second.call("+74950000020")
        await until(lambda: _waits_in(line, "q20"), what="the new number leads into the new queue")
        assert not call.states["ended"].is_set()
        assert "PJSIP/a11s" in await line.rx(f"queue show q{SALES}")
    finally:
        await apply.reload(line.rx, apply.write(line.instance, render(line.model)))


def _kept(line: Line, queue: str) -> bool:
    with sqlite3.connect(line.instance.folder / "db" / "astdb.sqlite3") as kept:
        key = f"/Queue/PersistentMembers/{queue}"
        return "PJSIP/" in str(kept.execute("SELECT value FROM astdb WHERE key = ?", (key,)).fetchone())


async def _waits_in(line: Line, queue: str) -> bool:
    return "has 1 calls" in await line.rx(f"queue show {queue}")
