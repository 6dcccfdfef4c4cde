"""From raw files to finished recordings, on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from callcenter.core.errors import NotFound
from callcenter.core.events import Alert, CallEnded, CallLogged, RecordingReady
from callcenter.features.recordings import api, handlers, jobs
from callcenter.features.recordings.gateway.spool import Spool
from callcenter.features.recordings.usecases import converting
from callcenter.features.recordings.usecases.converting import Pipeline
from callcenter.plugin import Services
from tests.support import call_log, house
from tests.support.recordings import Studio, log_call, recorded_call
from tests.support.tones import decoded, raw_call, strength, tone

STEM = "1772442000.17"


@pytest.fixture
async def studio(services: Services, tmp_path: Path) -> Studio:
    return Studio(services, tmp_path)


@pytest.fixture
def people(house: house.House) -> tuple[int, int]:
    """Business a and its operator's agent id."""
    operator = house.people["operator@a"]
    assert operator.agent_id
    return operator.business_id, operator.agent_id


class TestTheWayOfARecording:
    async def test_raw_files_become_one_file_and_go(self, studio: Studio, people: tuple[int, int]) -> None:
        business, agent = people
        studio.listen(RecordingReady)
        call = await recorded_call(studio, business, agent, STEM)
        assert (await studio.row(STEM)).state == "waiting"
        await studio.sweep()
        row = await studio.row(STEM)
        assert (row.state, row.error, row.duration) == ("ready", "", 1.0)
        assert row.file == f"{business}/2026/03/02/{STEM}.opus"
        assert studio.file(row).stat().st_size == row.size
        left, right = decoded(studio.file(row))
        assert strength(left, 1000) > 0.2
        assert strength(right, 440) > 0.2
        assert studio.left() == set()
        assert studio.told == [
            RecordingReady(at=studio.services.clock.epoch(), business_id=business, call_id=call.id, recording_id=row.id)
        ]

    async def test_what_other_features_see(self, studio: Studio, people: tuple[int, int]) -> None:
        business, agent = people
        call = await recorded_call(studio, business, agent, STEM)
        async with studio.services.db.business(business) as session:
            before = (await api.players(session, [call.id]))[call.id]
            assert (before.state, before.client_wave) == ("waiting", "")
        await studio.sweep()
        async with studio.services.db.business(business) as session:
            brief = (await api.briefs(session, [call.id, "another"]))[call.id]
            player = (await api.players(session, [call.id]))[call.id]
        assert (brief.state, brief.duration) == ("ready", 1.0)
        assert brief.url == f"/api/v1/recordings/{brief.id}/audio"
        assert (player.agent_share, player.client_share) == (50, 50)
        assert player.client_wave.startswith("M")

    async def test_another_business_sees_none(
        self, studio: Studio, people: tuple[int, int], house: house.House
    ) -> None:
        call = await recorded_call(studio, *people, STEM)
        async with studio.services.db.business(house.businesses["b"]) as session:
            assert await api.briefs(session, [call.id]) == {}

    async def test_a_call_that_goes_on_is_left_alone(self, studio: Studio, people: tuple[int, int]) -> None:
        raw_call(studio.raw, STEM, done=False)
        await studio.sweep()
        assert len(studio.left()) == 2

    async def test_without_a_done_mark_a_quiet_file_is_whole(
        self, studio: Studio, people: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Asterisk was killed: the mark never comes. The files' time is the machine's, so the clock must be too.
        await recorded_call(studio, *people, STEM)
        (studio.raw / f"{STEM}.done").unlink()
        newest = max(path.stat().st_mtime for path in studio.raw.iterdir())
        monkeypatch.setattr(studio.services.clock, "epoch", lambda: newest + converting.QUIET_SECONDS - 1)
        await studio.sweep()
        assert (await studio.row(STEM)).state == "waiting"
        monkeypatch.setattr(studio.services.clock, "epoch", lambda: newest + converting.QUIET_SECONDS)
        await studio.sweep()
        assert (await studio.row(STEM)).state == "ready"

    async def test_many_at_once_all_become_ready(self, studio: Studio, people: tuple[int, int]) -> None:
        stems = [f"1772442000.{n}" for n in range(12)]
        for stem in stems:
            await recorded_call(studio, *people, stem)
        studio.pipe.start()
        try:
            await converting.sweep(studio.pipe)
            # A second look while they are worked on must not begin them twice.
            await converting.sweep(studio.pipe)
            assert len(studio.pipe.busy) <= 12
            async with asyncio.timeout(60):
                await studio.pipe.idle()
        finally:
            await studio.pipe.stop()
        assert {(await studio.row(stem)).state for stem in stems} == {"ready"}
        assert studio.left() == set()


class TestBindingToACall:
    async def test_the_call_log_need_not_be_first(self, studio: Studio, people: tuple[int, int]) -> None:
        business, agent = people
        raw_call(studio.raw, STEM)
        call = call_log.answered(business, agent, STEM, recording=STEM)
        await handlers.on_ended(studio.services, CallEnded(at=call_log.AT, call=call))
        await studio.sweep()
        assert len(studio.left()) == 3
        # The log was told of the call, but not of its recording.
        await log_call(studio.services, msgspec.structs.replace(call, recording=None))
        await studio.sweep()
        assert (await studio.row(STEM)).state == "ready"
        assert studio.pipe.ended == {}

    async def test_a_call_that_the_log_never_gets_is_forgotten_but_not_its_files(
        self, studio: Studio, people: tuple[int, int]
    ) -> None:
        raw_call(studio.raw, STEM)
        call = call_log.answered(*people, STEM, recording=STEM, ended_at=call_log.AT - converting.PENDING_SECONDS - 1)
        await handlers.on_ended(studio.services, CallEnded(at=call_log.AT, call=call))
        await studio.sweep()
        assert studio.pipe.ended == {}
        assert len(studio.left()) == 3

    async def test_the_call_log_binds_it_by_itself(self, studio: Studio, people: tuple[int, int]) -> None:
        raw_call(studio.raw, STEM)
        call = call_log.answered(*people, STEM, recording=STEM)
        await handlers.on_ended(studio.services, CallEnded(at=call_log.AT, call=call))
        await log_call(studio.services, call)
        # Nobody asks for it in every sweep once the log has told.
        logged = CallLogged(at=call_log.AT, business_id=call.business_id, call_id=call.id, ended=False)
        await handlers.on_logged(studio.services, logged)
        assert list(studio.pipe.ended) == [call.id]
        await handlers.on_logged(studio.services, msgspec.structs.replace(logged, ended=True))
        assert studio.pipe.ended == {}
        await studio.sweep()
        assert (await studio.row(STEM)).state == "ready"

    async def test_a_call_that_goes_on_is_not_bound_yet(self, studio: Studio, people: tuple[int, int]) -> None:
        running = call_log.answered(*people, STEM, recording=STEM, state="talking", result=None, ended_at=None)
        await log_call(studio.services, running)
        async with studio.services.db.business(people[0]) as session:
            assert await api.briefs(session, [STEM]) == {}

    async def test_files_without_a_sound_and_a_call_are_cleared_away(
        self, studio: Studio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # So Asterisk leaves it when nobody took the call.
        raw_call(studio.raw, STEM, client=b"", agent=b"")
        raw_call(studio.raw, "1772442000.18", client=b"", agent=tone(440, 0.1))
        newest = max(path.stat().st_mtime for path in studio.raw.iterdir())
        monkeypatch.setattr(studio.services.clock, "epoch", lambda: newest + converting.QUIET_SECONDS - 1)
        await studio.sweep()
        assert len(studio.left()) == 6
        monkeypatch.setattr(studio.services.clock, "epoch", lambda: newest + converting.QUIET_SECONDS)
        await studio.sweep()
        assert {name.partition("-")[0].removesuffix(".done") for name in studio.left()} == {"1772442000.18"}

    async def test_but_not_while_a_caller_still_waits(
        self, studio: Studio, people: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # His files are there and empty: what he will say when he is answered goes into them.
        raw_call(studio.raw, STEM, client=b"", agent=b"", done=False)
        newest = max(path.stat().st_mtime for path in studio.raw.iterdir())
        for waited in (60, 3600, converting.EMPTY_SECONDS - 1):
            monkeypatch.setattr(studio.services.clock, "epoch", lambda waited=waited: newest + waited)
            await studio.sweep()
            assert len(studio.left()) == 2
        monkeypatch.setattr(studio.services.clock, "epoch", lambda: newest + converting.EMPTY_SECONDS)
        await studio.sweep()
        assert studio.left() == set()

    async def test_and_not_while_a_file_is_open(
        self, studio: Studio, people: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A long hold writes nothing, and the log may have lost the call meanwhile.
        await recorded_call(studio, *people, STEM)
        (studio.raw / f"{STEM}.done").unlink()
        newest = max(path.stat().st_mtime for path in studio.raw.iterdir())
        monkeypatch.setattr(studio.services.clock, "epoch", lambda: newest + 600)
        with (studio.raw / f"{STEM}-client.wav").open("ab"):
            await studio.sweep()
            assert (await studio.row(STEM)).state == "waiting"
        await studio.sweep()
        assert (await studio.row(STEM)).state == "ready"

    async def test_registering_needs_the_call(self, studio: Studio, people: tuple[int, int]) -> None:
        call = call_log.answered(*people, STEM, recording=STEM)
        with pytest.raises((NotFound, IntegrityError)):
            async with studio.services.db.business(people[0]) as session:
                await api.register(session, [call])

    async def test_twice_is_once_and_adds_who_talked(
        self, studio: Studio, people: tuple[int, int], house: house.House
    ) -> None:
        business, agent = people
        other = house.people["supervisor@a"].agent_id
        assert other
        call = await recorded_call(studio, business, agent, STEM)
        await studio.sweep()
        again = call_log.answered(business, agent, call.id, recording=STEM, agents=(other,))
        async with studio.services.db.business(business) as session:
            await api.register(session, [again])
        row = await studio.row(STEM)
        assert row.state == "ready"
        assert sorted(row.agents) == sorted([agent, other])

    @pytest.mark.parametrize("stem", ["../../etc/cron.d/x", "/etc/passwd", "a b", ""])
    async def test_a_name_that_is_none_is_refused(self, studio: Studio, people: tuple[int, int], stem: str) -> None:
        call = call_log.answered(*people, "1.1", recording=stem)
        await log_call(studio.services, call)
        async with studio.services.db.business(people[0]) as session:
            assert await api.register(session, [call]) == {}

    async def test_another_calls_recording_is_not_taken(self, studio: Studio, people: tuple[int, int]) -> None:
        await recorded_call(studio, *people, STEM)
        thief = call_log.answered(*people, "1772442000.99", recording=STEM)
        await log_call(studio.services, thief)
        async with studio.services.db.business(people[0]) as session:
            assert await api.register(session, [thief]) == {}
        assert (await studio.row(STEM)).call_id == STEM

    async def test_a_call_that_nobody_answered_has_none(self, studio: Studio, people: tuple[int, int]) -> None:
        call = call_log.missed(people[0], call_id="1.1", recording=STEM)
        await log_call(studio.services, call)
        async with studio.services.db.business(people[0]) as session:
            assert await api.register(session, [call]) == {}
            assert await api.briefs(session, [call.id]) == {}


class TestAlerts:
    async def test_failing_again_and_again_is_told_and_taken_back(
        self, studio: Studio, people: tuple[int, int]
    ) -> None:
        studio.listen(Alert)
        await recorded_call(studio, *people, STEM)
        studio.pipe.converter.program = "no-such-ffmpeg"
        for _ in range(5):
            assert studio.told == []
            await studio.sweep()
            await jobs.check_work(studio.services)
            studio.services.clock.advance(3600)  # type: ignore[attr-defined]
        assert [(a.key, a.active, a.business_id) for a in studio.told] == [  # type: ignore[attr-defined]
            (f"recordings.failed.{people[0]}", True, people[0])
        ]
        await jobs.check_work(studio.services)
        assert len(studio.told) == 1
        studio.pipe.converter.program = "ffmpeg"
        await studio.sweep()
        await jobs.check_work(studio.services)
        assert [a.active for a in studio.told] == [True, False]  # type: ignore[attr-defined]

    async def test_files_that_never_came_are_said_on_the_recording(
        self, studio: Studio, people: tuple[int, int]
    ) -> None:
        await recorded_call(studio, *people, STEM, sound=False)
        await jobs.check_work(studio.services)
        assert (await studio.row(STEM)).state == "waiting"
        studio.services.clock.advance(600)  # type: ignore[attr-defined]
        await jobs.check_work(studio.services)
        row = await studio.row(STEM)
        assert (row.state, row.error) == ("failed", converting.RAW_MISSING)
        # They come after all (the folder was not mounted).
        raw_call(studio.raw, STEM)
        await studio.sweep()
        assert (await studio.row(STEM)).state == "ready"

    async def test_old_files_of_no_call_are_told(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        studio.listen(Alert)
        raw_call(studio.raw, STEM)
        newest = max(path.stat().st_mtime for path in studio.raw.iterdir())
        monkeypatch.setattr(studio.services.clock, "epoch", lambda: newest + 60)
        await studio.sweep()
        await jobs.check_work(studio.services)
        assert studio.told == []
        monkeypatch.setattr(studio.services.clock, "epoch", lambda: newest + jobs.UNKNOWN_AFTER + 1)
        await studio.sweep()
        await jobs.check_work(studio.services)
        assert [a.key for a in studio.told] == ["recordings.unknown"]  # type: ignore[attr-defined]
        assert len(studio.left()) == 3

    async def test_little_room_and_none(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        studio.listen(Alert)
        for free in (900, 480, 470, 10, 900):
            monkeypatch.setattr(jobs, "free_bytes", lambda folders, f=free: {folders[0]: f * jobs.MEGABYTE})
            await jobs.check_disk(studio.services)
        told = [(a.active, a.values, "not recorded" in a.message) for a in studio.told]  # type: ignore[attr-defined]
        assert told == [(True, {"free": 450}, False), (True, {}, True), (False, {}, False)]


async def test_the_folder_of_raw_files_may_be_away(services: Services, tmp_path: Path) -> None:
    services.parts[Pipeline] = Pipeline(services, Spool(tmp_path / "not-mounted"))
    await jobs.sweep(services)
    await jobs.check_work(services)
    await jobs.check_disk(services)


async def test_silence_for_a_whole_call_is_still_a_recording(studio: Studio, people: tuple[int, int]) -> None:
    await recorded_call(studio, *people, STEM, sound=False)
    raw_call(studio.raw, STEM, client=tone(0, 2), agent=tone(0, 2))
    await studio.sweep()
    row = await studio.row(STEM)
    assert (row.state, row.duration) == ("ready", 2.0)
