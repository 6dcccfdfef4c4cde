"""Prompts: what may be uploaded, what is refused and why, who uses one, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import io
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from sqlalchemy import select, update

from callcenter.app import translate
from callcenter.core.errors import BadInput
from callcenter.core.events import MemberNotice, SpyChanged
from callcenter.features.accounts.models import AuditEntry
from callcenter.features.agents import api as agents
from callcenter.features.numbers.models import Number
from callcenter.features.prompts import api, rules
from callcenter.features.prompts.gateway import audio, files
from callcenter.features.prompts.models import Prompt
from callcenter.features.prompts.usecases import keeping
from callcenter.http.permissions import ROLES
from callcenter.plugin import Services
from callcenter.telephony.asterisk import prompts
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.provision import Installation
from tests.support import tones
from tests.support.call_log import line
from tests.support.house import House

Client = TestClient[Any, Any]
HZ = 700.0
ADMIN = "administrator@a"
PATH = "/api/v1/prompts"


def sound(folder: Path, name: str, *arguments: str, seconds: float = 1.0, hz: float = HZ) -> Path:
    """A sound file of a tone, in the format that the ending of ``name`` says."""
    path = folder / name
    source = ("-f", "lavfi", "-i", f"sine=frequency={hz}:duration={seconds}")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *source, *arguments, str(path)], check=True)
    return path


@pytest.fixture
def asterisk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """The folders of an Asterisk that is not there: where sounds go can be seen."""
    found = Instance(
        name="x",
        installation=Installation(kind="external", binary="", version=(22, 0, 0), modules_dir="/m", data_dir="/d"),
        folder=tmp_path / "asterisk",
        inside=str(tmp_path / "asterisk"),
        secrets_file=tmp_path / "secrets",
    )
    found.folder.mkdir()
    monkeypatch.setattr(files, "instance_of", lambda settings: found)
    return found


def as_asterisk_plays(path: Path, muxer: str) -> Any:
    """The samples of a file of Asterisk's."""
    back = path.with_suffix(".back.wav")
    command = ["ffmpeg", "-v", "error", "-y", "-f", muxer, "-ar", "8000", "-i", str(path), str(back)]
    subprocess.run(command, check=True)
    return tones.decoded(back)[0]


async def send(
    client: Client, house: House, path: str, content: bytes, name: str, who: str = ADMIN
) -> tuple[int, dict[str, Any]]:
    form = FormData(quote_fields=False)
    form.add_field("file", io.BytesIO(content), filename=name)
    answer = await client.post(path, data=form, headers=house.headers(who))
    return answer.status, await answer.json()


async def upload(client: Client, house: House, file: Path, query: str = "", who: str = ADMIN) -> dict[str, Any]:
    status, found = await send(client, house, PATH + query, file.read_bytes(), file.name, who)
    assert status == 201, found
    return found


def left(services: Services) -> list[Path]:
    """All files of prompts on our own disk."""
    return sorted(one for one in (services.settings.data / "prompts").rglob("*") if one.is_file())


@pytest.mark.rule("INB-20")
@pytest.mark.rule("INB-28")
@pytest.mark.rule("DPL-08")
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("hello.mp3", ("-c:a", "libmp3lame")),
        ("hello.wav", ("-ar", "44100", "-ac", "2")),
        ("hello.wma", ("-c:a", "wmav2")),
        ("hello.ogg", ()),
        ("hello.m4a", ()),
        ("hello.flac", ()),
    ],
)
async def test_any_sound_file_becomes_what_asterisk_plays(
    client: Client,
    services: Services,
    house: House,
    tmp_path: Path,
    asterisk: Instance,
    name: str,
    codec: tuple[str, ...],
) -> None:
    made = await upload(client, house, sound(tmp_path, name, *codec), "?title=Привет")
    assert rules.NAME.match(made["name"])
    assert (made["title"], made["kind"]) == ("Привет", "upload")
    assert 0.9 <= made["seconds"] <= 1.2
    for language in ("ru", "en"):
        for ending, muxer in (("ulaw", "mulaw"), ("alaw", "alaw")):
            path = asterisk.sounds / language / f"{made['name']}.{ending}"
            heard = as_asterisk_plays(path, muxer)
            assert tones.strength(heard, HZ) > 0.05
    heard_on_page = await client.get(made["audio_url"], headers=house.headers(ADMIN) | {"Range": "bytes=0-99"})
    assert heard_on_page.status == 206
    assert (await heard_on_page.read())[:4] == b"RIFF"


@pytest.mark.rule("DPL-08")
async def test_loud_and_soft_files_come_out_equally_loud(tmp_path: Path) -> None:
    levels = []
    for number, volume in enumerate(("0dB", "-30dB")):
        source = sound(tmp_path, f"{number}.wav", "-af", f"volume={volume}", seconds=5)
        audio.convert(source, tmp_path / f"{number}.out.wav")
        (samples,) = tones.decoded(tmp_path / f"{number}.out.wav")
        levels.append(tones.strength(samples[8000:32000], HZ))
    assert levels[0] == pytest.approx(levels[1], rel=0.35)


@pytest.mark.rule("INB-20")
@pytest.mark.rule("INB-28")
async def test_what_is_no_usable_sound_is_refused_in_words(
    client: Client, services: Services, house: House, tmp_path: Path
) -> None:
    film = sound(tmp_path, "film.mp4", "-f", "lavfi", "-i", "color=c=red:s=64x64:d=1", "-map", "1:v")
    silent = tmp_path / "silent.wav"
    tones.wav(silent, tones.tone(0, 2))
    long = tmp_path / "long.wav"
    tones.wav(long, tones.tone(440, 1) * 605)
    empty = tmp_path / "empty.wav"
    tones.wav(empty, b"")
    cases = [
        (b"Hello, this is a text. " * 200, "text.mp3", audio.NOT_AUDIO),
        (film.read_bytes(), "film.mp3", audio.NO_SOUND),
        (silent.read_bytes(), "silent.wav", audio.EMPTY),
        (long.read_bytes(), "long.wav", audio.TOO_LONG),
        (empty.read_bytes(), "none.wav", audio.EMPTY),
        (b"", "zero.mp3", files.EMPTY_FILE),
    ]
    for content, name, message in cases:
        status, answer = await send(client, house, PATH, content, name)
        assert (status, answer["error"]["message"]) == (422, translate("ru", message, {})), name
    assert left(services) == []
    async with services.db.business(house.businesses["a"]) as session:
        assert await api.all_prompts(session) == []


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{file}\n#EXT-X-ENDLIST\n",
    "hls-address": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:1/secret.wav\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile {file}\n",
    "concat-list": "file '{file}'\n",
    # By its name alone it lies beside the list, which ffmpeg takes for safe.
    "concat-beside": "ffconcat version 1.0\nfile secret.wav\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="audio/mp4"><Representation id="0"><BaseURL>{file}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
}


@pytest.mark.rule("DPL-08")
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_cannot_make_ffmpeg_read_another_file(tmp_path: Path, kind: str) -> None:
    secret = sound(tmp_path, "secret.wav")
    crafted = tmp_path / "crafted.mp3"
    crafted.write_text(PLAYLISTS[kind].format(file=secret))
    with pytest.raises(BadInput) as caught:
        audio.convert(crafted, tmp_path / "out.wav")
    assert caught.value.message == audio.NOT_AUDIO
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.rule("INB-20")
async def test_a_file_of_fifty_megabytes_is_refused_early(client: Client, services: Services, house: House) -> None:
    came = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal came
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="big.wav"\r\n\r\n'
        for _ in range(800):
            came += 65536
            yield bytes(65536)
            await asyncio.sleep(0)
        yield b"\r\n--x--\r\n"

    headers = house.headers(ADMIN) | {"Content-Type": "multipart/form-data; boundary=x"}
    # Its length is not told: it is cut off at the limit.
    try:
        answer = await client.post(PATH, data=endless(), headers=headers)
        assert answer.status == 422
        assert (await answer.json())["error"]["message"] == translate("ru", files.TOO_LARGE, {})
    except (ConnectionError, OSError):
        assert came < 800 * 65536
    assert left(services) == []
    # Its length is told: nothing of it is read.
    host, port = client.host, client.port
    reader, writer = await asyncio.open_connection(host, port)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 52428800\r\n\r\n"
    )
    writer.write(head.encode())
    async with asyncio.timeout(5):
        assert b" 422 " in await reader.readline()
    writer.close()
    assert left(services) == []


@pytest.mark.rule("INB-20", "INB-28")
async def test_ten_megabytes_pass_and_one_byte_more_does_not(services: Services, tmp_path: Path) -> None:
    async def chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 65536):
            yield bytes(65536)
        yield bytes(size % 65536)

    assert await files.take_in(tmp_path / "one", chunks(rules.MAX_BYTES)) == 10 * 1024 * 1024
    with pytest.raises(BadInput):
        await files.take_in(tmp_path / "two", chunks(rules.MAX_BYTES + 1))
    assert not (tmp_path / "two").exists()


@pytest.mark.rule("INB-20")
async def test_a_company_has_twenty_own_files_and_not_one_more(
    client: Client, services: Services, house: House, tmp_path: Path
) -> None:
    file = sound(tmp_path, "hello.wav")
    first = await upload(client, house, file)
    async with services.db.business(house.businesses["a"]) as session:
        row = (await session.scalars(select(Prompt))).one()
        for number in range(1, 19):
            fields = {"title": "x", "kind": "recorded" if number % 2 else "upload", "name": f"b1-{number:08x}"}
            now = row.created_at
            session.add(Prompt(**fields, digest="0", seconds=1, bytes=1, created_at=now, changed_at=now))
    # Two at once for the last place: one gets it.
    both = await asyncio.gather(*(send(client, house, PATH, file.read_bytes(), "a.wav") for _ in range(2)))
    assert sorted(status for status, _ in both) == [201, 409]
    refused = next(answer for status, answer in both if status == 409)
    assert refused["error"]["code"] == "too_many_prompts"
    # A spoken text does not count, another company has its own twenty, and replacing needs no place.
    said = await client.post(PATH + "/speech", json={"text": "Hello", "language": "en"}, headers=house.headers(ADMIN))
    assert said.status == 201, await said.text()
    await upload(client, house, file, who="administrator@b")
    status, _ = await send(client, house, f"{PATH}/{first['id']}/file", file.read_bytes(), "b.wav")
    assert status == 200
    # What was deleted makes room, but does not come back when its place is taken.
    await client.delete(f"{PATH}/{first['id']}", headers=house.headers(ADMIN))
    await upload(client, house, file)
    back = await client.post(f"{PATH}/{first['id']}/restore", headers=house.headers(ADMIN))
    assert back.status == 409


async def test_a_prompt_is_renamed_replaced_deleted_and_brought_back(
    client: Client, services: Services, house: House, tmp_path: Path, asterisk: Instance
) -> None:
    made = await upload(client, house, sound(tmp_path, "день_открытых.mp3"))
    assert made["title"] == "день открытых"
    one, headers = f"{PATH}/{made['id']}", house.headers(ADMIN)
    assert (await client.patch(one, json={"title": "  "}, headers=headers)).status == 422
    renamed = await (await client.patch(one, json={"title": "Новое"}, headers=headers)).json()
    assert (renamed["title"], renamed["name"]) == ("Новое", made["name"])
    played = asterisk.sounds / "ru" / f"{made['name']}.ulaw"
    before = played.read_bytes()
    status, replaced = await send(client, house, f"{one}/file", sound(tmp_path, "n.wav", hz=1500).read_bytes(), "n.wav")
    assert (status, replaced["name"], replaced["title"]) == (200, made["name"], "Новое")
    assert played.read_bytes() != before
    assert len(left(services)) == 2
    # It is made anew in a new folder of Asterisk.
    played.unlink()
    assert await api.ensure_sounds(services) == 1
    assert played.is_file()
    assert await api.ensure_sounds(services) == 0
    assert (await client.delete(one, headers=headers)).status == 204
    assert (await client.delete(one, headers=headers)).status == 404
    assert (await client.get(made["audio_url"], headers=headers)).status == 404
    assert (await client.post(f"{one}/restore", headers=headers)).status == 200
    assert (await client.get(made["audio_url"], headers=headers)).status == 200
    async with services.db.business(house.businesses["a"]) as session:
        actions = list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert await api.exists(session, made["name"])
        assert (await api.names(session))[made["name"]] == "Новое"
        assert [c.stock for c in await api.choices(session)][:2] == [False, True]
    assert [a for a in actions if a.startswith("prompt.")] == [
        "prompt.create",
        "prompt.rename",
        "prompt.replace",
        "prompt.delete",
        "prompt.restore",
    ]


async def test_a_prompt_that_is_used_is_not_deleted(
    client: Client, services: Services, house: House, tmp_path: Path
) -> None:
    made = await upload(client, house, sound(tmp_path, "hello.wav"))
    business = house.businesses["a"]
    number_id = await line(services.db, business, title="Продажи")
    async with services.db.business(business) as session:
        await session.execute(update(Number).where(Number.id == number_id).values(greeting=made["name"]))
    answer = await client.delete(f"{PATH}/{made['id']}", headers=house.headers(ADMIN))
    assert answer.status == 409
    error = (await answer.json())["error"]
    assert error["code"] == "prompt_used"
    assert "Продажи" in error["message"]


async def test_what_was_deleted_long_ago_leaves_no_files(
    client: Client, services: Services, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEPT_DELETED", 1)
    file = sound(tmp_path, "hello.wav")
    for _ in range(3):
        made = await upload(client, house, file)
        assert (await client.delete(f"{PATH}/{made['id']}", headers=house.headers(ADMIN))).status == 204
    assert len(left(services)) == 2


@pytest.mark.rule("DPL-08")
@pytest.mark.parametrize("language", ["ru", "en"])
async def test_a_text_is_heard_before_it_is_kept(
    client: Client, services: Services, house: House, language: str, asterisk: Instance
) -> None:
    headers = house.headers(ADMIN)
    # A text is no option of a program, whatever it begins with.
    text = "-f /etc/passwd Здравствуйте" if language == "ru" else "--help is what we offer"
    heard = await client.post(f"{PATH}/preview", json={"text": text, "language": language}, headers=headers)
    assert heard.status == 200, await heard.text()
    address = (await heard.json())["audio_url"]
    first = await (await client.get(address, headers=headers)).read()
    assert first[:4] == b"RIFF"
    assert len(first) > 8000
    assert (await client.get(address, headers=house.headers("administrator@b"))).status == 404
    body = {"text": text, "language": language, "title": "Текст"}
    made = await (await client.post(f"{PATH}/speech", json=body, headers=headers)).json()
    assert (made["kind"], made["text"], made["language"]) == ("speech", text, language)
    assert await (await client.get(made["audio_url"], headers=headers)).read() == first
    assert (asterisk.sounds / "en" / f"{made['name']}.ulaw").is_file()
    for wrong in ({"text": " … ", "language": "ru"}, {"text": "x" * 1001}, {"text": "x", "language": "xx"}):
        assert (await client.post(f"{PATH}/preview", json=wrong, headers=headers)).status == 422


@pytest.mark.rule("DPL-08")
def test_russian_and_english_are_spoken_by_voices_of_their_own(tmp_path: Path) -> None:
    spoken = {language: audio.speak("12", language, tmp_path / f"{language}.wav") for language in rules.LANGUAGES}
    assert spoken["ru"].digest != spoken["en"].digest


async def test_the_standard_set_is_there_in_both_languages_and_can_be_heard(client: Client, house: House) -> None:
    found = await (await client.get(PATH, headers=house.headers(ADMIN))).json()
    assert [one["name"] for one in found["prompts"]] == list(rules.STOCK)
    assert all(one["text"] for one in found["prompts"])
    assert set(prompts.texts()["ru"]) == set(prompts.texts()["en"]) == set(rules.STOCK)
    url = "/api/v1/prompts/audio/standard-thanks?language="
    ru, en = [await (await client.get(url + c, headers=house.headers(ADMIN))).read() for c in ("ru", "en")]
    assert ru[:4] == en[:4] == b"RIFF"
    assert ru != en


@pytest.mark.rule("DPL-08")
async def test_what_is_said_into_the_phone_becomes_a_prompt(
    client: Client, services: Services, house: House, asterisk: Instance
) -> None:
    headers, business = house.headers(ADMIN), house.businesses["a"]
    body = {"title": "Праздники", "language": "ru"}
    refused = await client.post(f"{PATH}/record", json=body, headers=house.headers("owner@a"))
    assert (await refused.json())["error"]["code"] == "no_phone"
    person = house.people[ADMIN]
    async with services.db.system() as session:
        await agents.create_agent(
            session,
            business_id=business,
            membership_id=person.membership_id,
            name="Admin",
            at=services.clock.now(),
            short_number="190",
        )
    asked: list[dict[str, Any]] = []

    async def ring(**arguments: Any) -> str:
        asked.append(arguments)
        return f"s177244200000{len(asked)}.aaaaaaaa"

    services.telephony.record_prompt = ring  # type: ignore[method-assign]
    told: asyncio.Queue[MemberNotice] = asyncio.Queue()
    services.bus.listen(MemberNotice, told.put_nowait)

    async def end(leg: str) -> MemberNotice:
        services.bus.publish(SpyChanged(at=1.0, spy_id=leg, state="ended"))
        async with asyncio.timeout(20):
            return await told.get()

    answer = await client.post(f"{PATH}/record", json=body, headers=headers)
    assert answer.status == 202, await answer.text()
    leg = (await answer.json())["id"]
    assert (await client.post(f"{PATH}/record", json=body, headers=headers)).status == 409
    tones.wav(files.spool(asterisk, asked[0]["stem"]), tones.tone(HZ, 2))
    notice = await end(leg)
    assert (notice.kind, notice.membership_id) == ("prompt", person.membership_id)
    async with services.db.business(business) as session:
        (row,) = await api.all_prompts(session)
    assert (row.title, row.kind, row.language) == ("Праздники", "recorded", "ru")
    assert not files.spool(asterisk, asked[0]["stem"]).exists()
    # Nobody answered: it is said, and one may try again.
    leg = (await (await client.post(f"{PATH}/record", json=body, headers=headers)).json())["id"]
    assert (await end(leg)).kind == "error"


@pytest.mark.parametrize("role", ROLES)
async def test_only_administrators_change_what_callers_hear(
    client: Client, house: House, tmp_path: Path, role: str
) -> None:
    may = role in ("owner", "administrator")
    for path in ("/prompts", PATH, "/api/v1/prompts/audio/standard-thanks"):
        assert (await client.get(path, headers=house.headers(f"{role}@a"))).status == (200 if may else 403)


async def test_another_company_neither_hears_nor_changes_a_prompt(
    client: Client, services: Services, house: House, tmp_path: Path
) -> None:
    made = await upload(client, house, sound(tmp_path, "hello.wav"))
    other, one = house.headers("owner@b"), f"{PATH}/{made['id']}"
    assert (await client.get(made["audio_url"], headers=other)).status == 404
    assert (await client.patch(one, json={"title": "x"}, headers=other)).status == 404
    assert (await client.delete(one, headers=other)).status == 404
    assert (await client.post(f"{one}/restore", headers=other)).status == 404
    status, _ = await send(client, house, f"{one}/file", b"x", "x.wav", "owner@b")
    assert status == 404


async def test_the_page_finds_and_pages(client: Client, services: Services, house: House) -> None:
    headers = house.headers(ADMIN)
    now = services.clock.now()
    async with services.db.business(house.businesses["a"]) as session:
        for n in range(30):
            row = {"title": f"Сообщение {n:02}", "kind": "speech", "text": "<b>текст</b>", "name": f"b1-{n:08x}"}
            session.add(Prompt(**row, digest="0", seconds=1, bytes=1, created_at=now, changed_at=now))
    page = await (await client.get("/prompts", headers=headers)).text()
    assert "Сообщение 24" in page
    assert "Сообщение 25" not in page
    assert "<b>текст" not in page
    assert "Сообщение 29" in await (await client.get("/prompts?page=2", headers=headers)).text()
    one = await (await client.get("/prompts?q=сообщение+07", headers=headers)).text()
    assert "Сообщение 07" in one
    assert "Сообщение 08" not in one
    for way in ("upload", "speech", "record", "nonsense"):
        assert (await client.get(f"/prompts?new={way}&edit=1&page=zz", headers=headers)).status == 200
