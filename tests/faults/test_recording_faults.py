"""No recording is lost, whatever breaks while it is made ready."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.core.events import Alert, RecordingReady
from callcenter.features.recordings import jobs
from callcenter.features.recordings.gateway.audio import Converter
from callcenter.features.recordings.usecases import converting
from callcenter.plugin import Services
from callcenter.storage import engine as engines
from callcenter.storage.scope import Database
from tests.support import house as houses
from tests.support.recordings import Studio, recorded_call
from tests.support.tones import decoded, strength, tone, wav

pytestmark = pytest.mark.fault

STEM = "1772442000.17"
WAIT = 30.0


@pytest.fixture
async def studio(services: Services, tmp_path: Path) -> Studio:
    return Studio(services, tmp_path)


@pytest.fixture
def people(house: houses.House) -> tuple[int, int]:
    operator = house.people["operator@a"]
    assert operator.agent_id
    return operator.business_id, operator.agent_id


def raw(studio: Studio) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in studio.raw.iterdir()}


async def is_whole(studio: Studio, stem: str = STEM) -> None:
    """The recording is ready with both voices, its raw files are gone, nothing half is left."""
    row = await studio.row(stem)
    assert (row.state, row.error) == ("ready", "")
    left, right = decoded(studio.file(row))
    assert strength(left, 1000) > 0.2
    assert strength(right, 440) > 0.2
    assert studio.left() == set()
    assert not list(studio.services.settings.recordings_dir.rglob("*.part"))


def stand_in(folder: Path, text: str) -> str:
    """A program in ffmpeg's place."""
    path = folder / "stand-in"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


async def until(check: object, seconds: float = WAIT) -> None:
    assert callable(check)
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - a file made by another process tells nobody
            await asyncio.sleep(0.02)


async def test_ffmpeg_is_missing_and_then_installed(studio: Studio, people: tuple[int, int]) -> None:
    await recorded_call(studio, *people, STEM)
    before = raw(studio)
    studio.pipe.converter.program = "no-such-ffmpeg"
    for attempt in range(1, 4):
        await studio.sweep()
        row = await studio.row(STEM)
        assert (row.state, row.attempts) == ("failed", attempt)
        assert "ffmpeg is not installed" in row.error
        assert raw(studio) == before
        # Not again before its time.
        await studio.sweep()
        assert (await studio.row(STEM)).attempts == attempt
        studio.services.clock.advance(600)  # type: ignore[attr-defined]
    studio.pipe.converter.program = "ffmpeg"
    await studio.sweep()
    await is_whole(studio)


async def test_a_failed_one_is_tried_again_after_a_restart(studio: Studio, people: tuple[int, int]) -> None:
    await recorded_call(studio, *people, STEM)
    studio.pipe.converter.program = "no-such-ffmpeg"
    await studio.sweep()
    studio.restarted()
    studio.services.clock.advance(3600)  # type: ignore[attr-defined]
    await studio.sweep()
    await is_whole(studio)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB, mounted where the recordings go."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Takes all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(bytes(4096))
    return filler


def make_room(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)


async def test_the_disk_is_full_and_then_has_room(small_disk: Path, studio: Studio, people: tuple[int, int]) -> None:
    studio.listen(Alert)
    await recorded_call(studio, *people, STEM)
    before = raw(studio)
    filler = fill(small_disk)
    await studio.sweep()
    row = await studio.row(STEM)
    assert row.state == "failed"
    assert raw(studio) == before
    await jobs.check_disk(studio.services)
    assert [(a.key, a.active) for a in studio.told] == [("recordings.disk", True)]  # type: ignore[attr-defined]
    filler.unlink()
    studio.services.clock.advance(3600)  # type: ignore[attr-defined]
    await studio.sweep()
    await is_whole(studio)


async def test_the_disk_fills_up_while_the_file_is_written(
    small_disk: Path, studio: Studio, people: tuple[int, int]
) -> None:
    # A minute needs about 400 kB.
    await recorded_call(studio, *people, STEM, sound=False)
    wav(studio.raw / f"{STEM}-client.wav", tone(440, 60))
    wav(studio.raw / f"{STEM}-agent.wav", tone(1000, 60))
    (studio.raw / f"{STEM}.done").touch()
    before = raw(studio)
    await studio.sweep()
    row = await studio.row(STEM)
    assert (row.state, row.attempts) == ("failed", 1)
    assert row.error
    assert raw(studio) == before
    assert not [path for path in small_disk.rglob("*") if path.is_file()]
    make_room(small_disk)
    studio.services.clock.advance(3600)  # type: ignore[attr-defined]
    await studio.sweep()
    await is_whole(studio)


async def test_files_that_cannot_be_read_stay(studio: Studio, people: tuple[int, int]) -> None:
    await recorded_call(studio, *people, STEM)
    (studio.raw / f"{STEM}-agent.wav").write_bytes(b"not a wave file at all, but nobody knows why")
    before = raw(studio)
    await studio.sweep()
    row = await studio.row(STEM)
    assert (row.state, "not a WAV file" in row.error) == ("failed", True)
    assert raw(studio) == before


class TestTheServerEndsInTheMiddle:
    async def test_while_ffmpeg_runs(
        self, studio: Studio, people: tuple[int, int], tmp_path: Path, house: houses.House
    ) -> None:
        """A real process, really killed."""
        await recorded_call(studio, *people, STEM)
        before = raw(studio)
        begun = tmp_path / "begun"
        slow = stand_in(tmp_path, f'exec ffmpeg "$@" & cat >/dev/null; touch {begun}; sleep 60')
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, str(tmp_path), str(studio.raw), slow, start_new_session=True
        )
        try:
            await until(begun.exists)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
        assert raw(studio) == before
        row = await studio.row(STEM)
        assert (row.state, row.attempts) == ("waiting", 0)
        studio.restarted()
        await studio.sweep()
        await is_whole(studio)

    async def test_when_it_is_stopped_nothing_counts_as_a_failure(
        self, studio: Studio, people: tuple[int, int], tmp_path: Path
    ) -> None:
        await recorded_call(studio, *people, STEM)
        begun = tmp_path / "begun"
        pipe = studio.restarted(Converter(stand_in(tmp_path, f"touch {begun}; exec sleep 60")))
        pipe.start()
        await converting.sweep(pipe)
        await until(begun.exists)
        async with asyncio.timeout(5):
            await pipe.stop()
        row = await studio.row(STEM)
        assert (row.state, row.attempts) == ("waiting", 0)
        assert len(studio.left()) == 3
        studio.restarted()
        await studio.sweep()
        await is_whole(studio)

    async def test_before_the_database_knows(
        self, studio: Studio, people: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await recorded_call(studio, *people, STEM)

        async def killed(*_: object) -> bool:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(converting, "_keep", killed)
            with pytest.raises(KeyboardInterrupt):
                await studio.sweep()
        assert len(studio.left()) == 3
        studio.restarted()
        await studio.sweep()
        await is_whole(studio)

    async def test_before_the_raw_files_are_gone(
        self, studio: Studio, people: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        studio.listen(RecordingReady)
        await recorded_call(studio, *people, STEM)

        def killed(_: str) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(studio.pipe.spool, "remove", killed)
            with pytest.raises(KeyboardInterrupt):
                await studio.sweep()
        row = await studio.row(STEM)
        assert row.state == "ready"
        when = studio.file(row).stat().st_mtime_ns
        studio.restarted()
        await studio.sweep()
        await is_whole(studio)
        # It was not made a second time.
        assert studio.file(row).stat().st_mtime_ns == when

    async def test_and_the_finished_file_is_damaged(
        self, studio: Studio, people: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await recorded_call(studio, *people, STEM)
        with monkeypatch.context() as patch:
            patch.setattr(studio.pipe.spool, "remove", lambda stem: None)
            await studio.sweep()
        row = await studio.row(STEM)
        studio.file(row).write_bytes(b"torn")
        studio.restarted()
        await studio.sweep()
        await is_whole(studio)


async def test_the_database_is_locked(
    tmp_path: Path, services: Services, house: houses.House, people: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0)
    whole = services.db
    services.db = Database(engines.create_engine(f"sqlite+aiosqlite:///{tmp_path / 'callcenter.sqlite3'}"))
    studio = Studio(services, tmp_path)
    studio.listen(RecordingReady)
    await recorded_call(studio, *people, STEM)
    before = raw(studio)
    locker = sqlite3.connect(tmp_path / "callcenter.sqlite3", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    pipe = studio.pipe
    pipe.start()
    try:
        await converting.sweep(pipe)
        async with asyncio.timeout(WAIT):
            await pipe.idle()
        assert raw(studio) == before
        assert studio.told == []
        assert (await studio.row(STEM)).state == "waiting"
        # At once again would be of no use.
        await converting.sweep(pipe)
        assert pipe.queue.empty()
        locker.execute("COMMIT")
        services.clock.advance(10)  # type: ignore[attr-defined]
        await converting.sweep(pipe)
        async with asyncio.timeout(WAIT):
            await pipe.idle()
    finally:
        locker.close()
        await pipe.stop()
    await is_whole(studio)
    assert len(studio.told) == 1
    await services.db.close()
    services.db = whole


async def test_a_call_deleted_meanwhile_leaves_no_sound(
    studio: Studio, people: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorded_call(studio, *people, STEM)
    row = await studio.row(STEM)
    join = studio.pipe.converter.join

    def deleting(**paths: Path) -> object:
        made = join(**paths)
        with sqlite3.connect(studio.services.settings.data / "callcenter.sqlite3") as other:
            other.execute("DELETE FROM recordings WHERE id = ?", (row.id,))
        return made

    monkeypatch.setattr(studio.pipe.converter, "join", deleting)
    await studio.sweep()
    assert not [path for path in studio.services.settings.recordings_dir.rglob("*") if path.is_file()]


async def test_asterisk_died_in_the_middle_of_a_call(studio: Studio, people: tuple[int, int]) -> None:
    await recorded_call(studio, *people, STEM, sound=False)
    # No mark, headers that say nothing, one side some frames ahead of the other.
    wav(studio.raw / f"{STEM}-client.wav", tone(440, 2), finished=False)
    wav(studio.raw / f"{STEM}-agent.wav", tone(1000, 1.9), finished=False)
    (studio.raw / f"{STEM}.done").touch()
    await studio.sweep()
    await is_whole(studio)
    assert (await studio.row(STEM)).duration == 2.0


_CHILD = """
import asyncio, sys
from pathlib import Path
from callcenter.features.recordings.gateway.audio import Converter
from callcenter.features.recordings.gateway.spool import Spool
from callcenter.features.recordings.usecases import converting
from callcenter.features.recordings.usecases.converting import Pipeline
from callcenter.storage.engine import create_engine
from callcenter.storage.scope import Database
from tests.support.house import make_services

async def main(folder, raw, program):
    db = Database(create_engine(f"sqlite+aiosqlite:///{folder}/callcenter.sqlite3"))
    pipe = Pipeline(make_services(db, Path(folder)), Spool(Path(raw)), Converter(program))
    pipe.start()
    await converting.sweep(pipe)
    await pipe.idle()

asyncio.run(main(*sys.argv[1:]))
"""
