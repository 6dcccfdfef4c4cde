"""Who may listen to what, that it is written down, and that the sound comes in any piece and format."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from callcenter.core.errors import Unavailable
from callcenter.features.accounts.models import AuditEntry
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.usecases import listening as listening_module
from callcenter.features.recordings.usecases.listening import AUDIT_EVERY, Listening
from callcenter.plugin import Services
from tests.support import house as houses
from tests.support.recordings import Studio, recorded_call
from tests.support.tones import decoded, probe, strength

STEM = "1772442000.17"
Client = TestClient[Any, Any]


@pytest.fixture
async def studio(services: Services, tmp_path: Path) -> Studio:
    return Studio(services, tmp_path)


@pytest.fixture
async def recording(studio: Studio, house: houses.House) -> Recording:
    """A finished recording of a talk of operator@a."""
    operator = house.people["operator@a"]
    assert operator.agent_id
    await recorded_call(studio, operator.business_id, operator.agent_id, STEM)
    await studio.sweep()
    return await studio.row(STEM)


@pytest.fixture
async def web(studio: Studio, recording: Recording, services: Services) -> AsyncIterator[Client]:
    """The running server (its jobs look into the test's folder)."""
    client = await houses.serve(services)
    yield client
    await client.close()


async def entries(services: Services) -> list[tuple[str, int | None, str]]:
    async with services.db.system() as session:
        rows = await session.scalars(
            select(AuditEntry).where(AuditEntry.object_type == "recording").order_by(AuditEntry.id)
        )
        return [(row.action, row.user_id, row.object_id) for row in rows]


def url(recording: Recording, **query: str) -> str:
    more = "&".join(f"{k}={v}" for k, v in query.items())
    return f"/api/v1/recordings/{recording.id}/audio" + (f"?{more}" if more else "")


class TestWhoMayListen:
    @pytest.mark.rule("REC-01")
    @pytest.mark.parametrize(
        ("who", "status"),
        [
            ("owner@a", 200),
            ("administrator@a", 200),
            ("supervisor@a", 200),
            ("operator@a", 200),
            ("guest@a", 403),
            ("owner@b", 404),
            ("administrator@b", 404),
            ("supervisor@b", 404),
            ("operator@b", 404),
        ],
    )
    async def test_all_for_those_above_own_for_operators(
        self, web: Client, house: houses.House, recording: Recording, who: str, status: int
    ) -> None:
        page = f"/recordings/{recording.id}/player"
        for address in (url(recording), f"/api/v1/recordings/{recording.id}", url(recording, format="mp3"), page):
            answer = await web.get(address, headers=house.headers(who))
            assert answer.status == (403 if who == "guest@a" else status), address
            if status != 200:
                assert b"OggS" not in await answer.read()

    @pytest.mark.rule("REC-01")
    async def test_a_colleagues_talk_is_not_an_operators_own(
        self, web: Client, house: houses.House, studio: Studio, services: Services
    ) -> None:
        boss, operator = house.people["supervisor@a"], house.people["operator@a"]
        assert boss.agent_id
        # He was rung, but the supervisor took the call.
        await recorded_call(studio, boss.business_id, boss.agent_id, "1772442000.18", rung=(operator.agent_id,))
        await studio.sweep()
        other = await studio.row("1772442000.18")
        for address in (url(other), f"/api/v1/recordings/{other.id}", f"/recordings/{other.id}/player"):
            assert (await web.get(address, headers=house.headers("operator@a"))).status == 403
            assert (await web.get(address, headers=house.headers("supervisor@a"))).status == 200
        assert ("recording.listen", operator.user_id, str(other.id)) not in await entries(services)

    @pytest.mark.rule("REC-01")
    async def test_everybody_who_talked_may_listen(self, web: Client, house: houses.House, studio: Studio) -> None:
        operator, boss = house.people["operator@a"], house.people["supervisor@a"]
        talked = (boss.agent_id, operator.agent_id)
        await recorded_call(studio, boss.business_id, talked[0] or 0, "1772442000.19", agents=talked)
        await studio.sweep()
        shared = await studio.row("1772442000.19")
        assert (await web.get(url(shared), headers=house.headers("operator@a"))).status == 200

    async def test_nobody_without_signing_in(self, web: Client, recording: Recording) -> None:
        assert (await web.get(url(recording))).status == 401

    @pytest.mark.parametrize("number", ["0", "999999", "2147483648", "999999999999999999"])
    async def test_ids_that_are_none(self, web: Client, house: houses.House, number: str) -> None:
        answer = await web.get(f"/api/v1/recordings/{number}/audio", headers=house.headers("owner@a"))
        assert answer.status == 404

    @pytest.mark.parametrize("number", ["1/../../../etc/passwd", "-1", "1%00", "..%2f..%2fetc%2fpasswd"])
    async def test_a_request_never_names_a_file(self, web: Client, house: houses.House, number: str) -> None:
        answer = await web.get(f"/api/v1/recordings/{number}/audio", headers=house.headers("owner@a"))
        assert answer.status == 404
        assert b"root:" not in await answer.read()

    async def test_a_stored_path_outside_the_folder_is_not_followed(
        self, web: Client, house: houses.House, recording: Recording, services: Services, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("secret")
        async with services.db.system() as session:
            row = await session.get(Recording, recording.id)
            assert row
            row.file = "../secret"
        answer = await web.get(url(recording), headers=house.headers("owner@a"))
        assert answer.status == 404
        assert await answer.read() != b"secret"


class TestTheAuditLog:
    async def test_one_entry_for_a_listening_of_many_pieces(
        self, web: Client, house: houses.House, recording: Recording, services: Services
    ) -> None:
        someone = house.people["supervisor@a"]
        headers = house.headers("supervisor@a")

        async def piece(first: int) -> int:
            answer = await web.get(url(recording), headers=headers | {"Range": f"bytes={first}-{first + 99}"})
            return answer.status

        assert set(await asyncio.gather(*(piece(n * 100) for n in range(10)))) == {206}
        one = ("recording.listen", someone.user_id, str(recording.id))
        assert await entries(services) == [one]
        services.clock.advance(AUDIT_EVERY)  # type: ignore[attr-defined]
        await piece(0)
        assert await entries(services) == [one, one]
        await web.get(url(recording), headers=house.headers("operator@a"))
        assert len(await entries(services)) == 3

    async def test_a_download_is_its_own_deed_and_looking_is_none(
        self, web: Client, house: houses.House, recording: Recording, services: Services
    ) -> None:
        headers = house.headers("supervisor@a")
        await web.head(url(recording), headers=headers)
        await web.get(f"/api/v1/recordings/{recording.id}", headers=headers)
        assert await entries(services) == []
        await web.get(url(recording, download="1", format="wav"), headers=headers)
        assert [entry[0] for entry in await entries(services)] == ["recording.download"]

    async def test_what_cannot_be_written_down_is_not_played(
        self,
        web: Client,
        house: houses.House,
        recording: Recording,
        services: Services,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        whole = listening_module.accounts.audit

        async def broken(*_: Any, **__: Any) -> None:
            raise Unavailable("The database is locked")

        monkeypatch.setattr(listening_module.accounts, "audit", broken)
        answer = await web.get(url(recording), headers=house.headers("supervisor@a"))
        assert answer.status == 503
        assert b"OggS" not in await answer.read()
        monkeypatch.setattr(listening_module.accounts, "audit", whole)
        assert (await web.get(url(recording), headers=house.headers("supervisor@a"))).status == 200
        assert len(await entries(services)) == 1


class TestTheSound:
    @pytest.fixture
    def headers(self, house: houses.House) -> dict[str, str]:
        return house.headers("supervisor@a")

    async def test_whole(self, web: Client, headers: dict[str, str], recording: Recording, studio: Studio) -> None:
        answer = await web.get(url(recording), headers=headers)
        content = await answer.read()
        assert content == studio.file(recording).read_bytes()
        assert answer.headers["Content-Type"] == "audio/ogg"
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Content-Length"] == str(len(content)) == str(recording.size)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Disposition"] == (
            'inline; filename="2026-03-02 12-00 +79031182740.opus"; '
            "filename*=UTF-8''%D0%97%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA%202026-03-02%2012-00%20%2B79031182740.opus"
        )

    @pytest.mark.parametrize(
        ("wanted", "first", "last"),
        [("0-0", 0, 0), ("100-199", 100, 199), ("500-", 500, None), ("-500", -500, None), ("200-999999999", 200, None)],
    )
    async def test_pieces(
        self,
        web: Client,
        headers: dict[str, str],
        recording: Recording,
        studio: Studio,
        wanted: str,
        first: int,
        last: int | None,
    ) -> None:
        whole = studio.file(recording).read_bytes()
        begin = first if first >= 0 else len(whole) + first
        end = len(whole) - 1 if last is None else last
        answer = await web.get(url(recording), headers=headers | {"Range": f"bytes={wanted}"})
        assert answer.status == 206
        assert await answer.read() == whole[begin : end + 1]
        assert answer.headers["Content-Range"] == f"bytes {begin}-{end}/{len(whole)}"
        assert answer.headers["Content-Length"] == str(end - begin + 1)

    async def test_what_is_not_there(self, web: Client, headers: dict[str, str], recording: Recording) -> None:
        answer = await web.get(url(recording), headers=headers | {"Range": f"bytes={recording.size}-"})
        assert answer.status == 416
        assert answer.headers["Content-Range"] == f"bytes */{recording.size}"
        assert await answer.read() == b""

    async def test_several_ranges_or_nonsense_give_the_whole(
        self, web: Client, headers: dict[str, str], recording: Recording
    ) -> None:
        for text in ("bytes=0-1,5-6", "bytes=z", "seconds=1-2"):
            answer = await web.get(url(recording), headers=headers | {"Range": text})
            assert answer.status == 200
            assert len(await answer.read()) == recording.size

    async def test_if_range(self, web: Client, headers: dict[str, str], recording: Recording) -> None:
        etag = (await web.head(url(recording), headers=headers)).headers["ETag"]
        piece = headers | {"Range": "bytes=0-9"}
        assert (await web.get(url(recording), headers=piece | {"If-Range": etag})).status == 206
        assert (await web.get(url(recording), headers=piece | {"If-Range": '"older"'})).status == 200
        assert (await web.get(url(recording), headers=piece | {"If-Range": f"W/{etag}"})).status == 200

    async def test_if_none_match(self, web: Client, headers: dict[str, str], recording: Recording) -> None:
        etag = (await web.get(url(recording), headers=headers)).headers["ETag"]
        for text in (etag, f'"x", W/{etag}', "*"):
            answer = await web.get(url(recording), headers=headers | {"If-None-Match": text})
            assert answer.status == 304
            assert await answer.read() == b""
        assert (await web.get(url(recording), headers=headers | {"If-None-Match": '"x"'})).status == 200

    async def test_head(self, web: Client, headers: dict[str, str], recording: Recording) -> None:
        answer = await web.head(url(recording), headers=headers)
        assert answer.status == 200
        assert answer.headers["Content-Length"] == str(recording.size)
        assert await answer.read() == b""

    @pytest.mark.parametrize(
        ("form", "kind", "codec"), [("mp3", "audio/mpeg", "mp3"), ("wav", "audio/wav", "pcm_s16le")]
    )
    async def test_other_formats(
        self,
        web: Client,
        headers: dict[str, str],
        recording: Recording,
        tmp_path: Path,
        form: str,
        kind: str,
        codec: str,
    ) -> None:
        answer = await web.get(url(recording, format=form, download="1"), headers=headers)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
        copy = tmp_path / f"got.{form}"
        copy.write_bytes(await answer.read())
        assert probe(copy)["codec_name"] == codec
        left, right = decoded(copy)
        assert strength(left, 1000) > 0.2
        assert strength(right, 440) > 0.2
        piece = await web.get(url(recording, format=form), headers=headers | {"Range": "bytes=-64"})
        assert await piece.read() == copy.read_bytes()[-64:]

    async def test_a_format_that_there_is_not(self, web: Client, headers: dict[str, str], recording: Recording) -> None:
        assert (await web.get(url(recording, format="exe"), headers=headers)).status == 422

    async def test_what_is_known_of_it(self, web: Client, headers: dict[str, str], recording: Recording) -> None:
        known = await (await web.get(f"/api/v1/recordings/{recording.id}", headers=headers)).json()
        assert known["state"] == "ready"
        assert known["duration"] == 1.0
        assert (known["agent_share"], known["client_share"]) == (50, 50)
        assert len(known["peaks"]["agent"]) == len(known["peaks"]["client"]) == 20
        assert (await web.get(known["url"], headers=headers)).status == 200

    async def test_one_that_is_not_ready(
        self, web: Client, house: houses.House, headers: dict[str, str], studio: Studio
    ) -> None:
        operator = house.people["operator@a"]
        await recorded_call(studio, operator.business_id, operator.agent_id or 0, "1772442000.20", sound=False)
        waiting = await studio.row("1772442000.20")
        answer = await web.get(url(waiting), headers=headers)
        assert answer.status == 409
        assert (await answer.json())["error"]["code"] == "recording_not_ready"
        page = await (await web.get(f"/recordings/{waiting.id}/player", headers=headers)).text()
        assert "Запись готовится" in page

    async def test_a_file_that_was_lost(
        self, web: Client, headers: dict[str, str], recording: Recording, studio: Studio
    ) -> None:
        studio.file(recording).unlink()
        answer = await web.get(url(recording), headers=headers)
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "recording_file_missing")

    async def test_without_ffmpeg_opus_still_plays(
        self, web: Client, headers: dict[str, str], recording: Recording, services: Services
    ) -> None:
        services.part(Listening, Listening).converter.program = "no-such-ffmpeg"
        assert (await web.get(url(recording, format="mp3"), headers=headers)).status == 503
        assert (await web.get(url(recording), headers=headers)).status == 200

    async def test_the_player_is_drawn(self, web: Client, headers: dict[str, str], recording: Recording) -> None:
        page = await (await web.get(f"/recordings/{recording.id}/player", headers=headers)).text()
        assert f'data-recording="{recording.id}"' in page
        assert 'role="slider"' in page
        assert page.count("<path") == 4


async def test_copies_are_made_once_and_the_oldest_go(studio: Studio, house: houses.House, services: Services) -> None:
    operator = house.people["operator@a"]
    rows = []
    for number in range(4):
        await recorded_call(studio, operator.business_id, operator.agent_id or 0, f"1772442000.3{number}")
        await studio.sweep()
        rows.append(await studio.row(f"1772442000.3{number}"))
    part = services.part(Listening, Listening)
    copies = part.copies
    copies.limit = 40_000

    async def get(n: int) -> Path:
        return await copies.get(rows[n].id, studio.file(rows[n]), "wav", 8000)

    first = await asyncio.gather(*(get(0) for _ in range(5)))
    assert len(set(first)) == 1
    made = hashlib.sha256(first[0].read_bytes()).hexdigest()
    # A second of two channels at 8 kHz takes 32 kB: there is room for one only.
    assert (await get(1)).exists()
    assert not first[0].exists()
    again = await get(0)
    assert hashlib.sha256(again.read_bytes()).hexdigest() == made
    assert [path.name for path in copies.folder.iterdir()] == [again.name]
    await part.stop()
