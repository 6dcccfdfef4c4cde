"""doctor: each thing that can be wrong is found and comes with advice."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from callcenter import migrations
from callcenter.cli import checks, doctor
from callcenter.cli.checks import machine, network
from callcenter.config import Settings
from callcenter.core.checks import Finding
from callcenter.telephony.asterisk import secrets
from tests.support.postgres import free_port

pytestmark = pytest.mark.rule("PLT-14")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, http_port=free_port(), ami_port=free_port(), asterisk_http_port=free_port())


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@asynccontextmanager
async def listening(port: int, answer: Answer) -> AsyncIterator[None]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    if findings[0].state != "ok":
        assert findings[0].advice, "a finding says what to do"
    return findings[0]


def manager(accepts: bool) -> Callable[..., Any]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        asked = await reader.readuntil(b"\r\n\r\n")
        right = accepts and b"Secret: right-one\r\n" in asked
        writer.write(b"Response: Success\r\n\r\n" if right else b"Response: Error\r\n\r\n")
        await writer.drain()

    return answer


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


async def test_a_folder_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("a file stands in the way")
    data, recordings = await machine.folders(settings)
    assert data.state == "ok"
    assert recordings.state == "wrong"
    assert "CALLCENTER_DATA" in recordings.advice


@pytest.mark.parametrize(("free", "state"), [(100, "ok"), (3, "warning"), (0.5, "wrong")])
async def test_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch, free: float, state: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free * machine.GIB))
    assert only(await machine.disk(settings)).state == state


async def test_secrets(settings: Settings) -> None:
    assert only(await machine.secrets(settings)).state == "ok"
    secrets.secret(settings.secrets_file, "x")
    assert only(await machine.secrets(settings)).state == "ok"
    settings.secrets_file.chmod(0o644)
    found = only(await machine.secrets(settings))
    assert (found.state, found.advice) == ("wrong", f"chmod 600 {settings.secrets_file}")


async def test_database(settings: Settings, tmp_path: Path) -> None:
    found = only(await checks.database(settings))
    assert (found.state, found.advice) == ("warning", "python -m callcenter migrate")
    assert not (tmp_path / "callcenter.sqlite3").exists()
    await migrations.upgrade(settings.db_url)
    assert only(await checks.database(settings)).state == "ok"
    await migrations.downgrade(settings.db_url, "base")
    found = only(await checks.database(settings))
    assert (found.state, found.advice) == ("wrong", "python -m callcenter migrate")
    away = Settings(data=tmp_path, database_url=f"postgresql://u:hidden@127.0.0.1:{free_port()}/x")
    found = only(await checks.database(away))
    assert found.state == "wrong"
    assert "hidden" not in found.detail


async def test_ports(settings: Settings) -> None:
    assert only(await checks.ports(settings)).state == "ok"
    async with listening(settings.http_port, silent):
        found = only(await checks.ports(settings))
        assert (found.state, "CALLCENTER_HTTP_PORT" in found.advice) == ("wrong", True)

    async def ours(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 503 x\r\n\r\n{"status":"down","asterisk":"down","database":"up"}')
        await writer.drain()

    async with listening(settings.http_port, ours):
        assert only(await checks.ports(settings)).detail == "our server answers"


async def test_asterisk(settings: Settings) -> None:
    settings.secrets_file.write_text('ami_password = "right-one"\n')
    assert "start Asterisk" in only(await checks.asterisk(settings)).advice
    async with listening(settings.ami_port, silent):
        assert "CALLCENTER_AMI_PORT" in only(await checks.asterisk(settings)).advice
    async with listening(settings.ami_port, manager(accepts=False)):
        assert "password" in only(await checks.asterisk(settings)).detail
    async with listening(settings.ami_port, manager(accepts=True)):
        found, web = await checks.asterisk(settings)
        assert found.state == "ok"
        assert web.state == "wrong"
        with socket.socket() as server:
            server.bind(("127.0.0.1", settings.asterisk_http_port))
            server.listen()
            assert [f.state for f in await checks.asterisk(settings)] == ["ok", "ok"]


async def test_audio_tools(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert {f.state for f in await machine.audio_tools(settings)} == {"ok"}
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho ' A..... libmp3lame'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    wrong = [f.name for f in await machine.audio_tools(settings) if f.state == "wrong"]
    assert "ffmpeg libopus" in wrong
    assert "ffmpeg libmp3lame" not in wrong
    monkeypatch.setenv("PATH", "/nowhere")
    wrong = [f for f in await machine.audio_tools(settings) if f.state == "wrong"]
    assert [f.name for f in wrong] == ["ffmpeg", "ffprobe"]
    assert "apt-get install ffmpeg" in wrong[0].advice


async def test_front_end(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "WEB", tmp_path)
    assert "build/app.js" in only(await machine.front_end(settings)).detail
    for name in machine.BUILT:
        (tmp_path / "static" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "static" / name).touch()
    assert only(await machine.front_end(settings)).state == "ok"


async def test_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(await checks.certificates(Settings(data=tmp_path))).state == "ok"
    open_to_all = Settings(data=tmp_path, http_host="0.0.0.0", public_url="http://calls.example")  # noqa: S104
    assert "HTTPS" in only(await checks.certificates(open_to_all)).detail
    public = Settings(data=tmp_path, public_url=f"https://127.0.0.1:{free_port()}")
    assert only(await checks.certificates(public)).state == "wrong"
    for days, state in ((60, "ok"), (10, "warning"), (1, "wrong")):
        monkeypatch.setattr(network, "_days_left", lambda *_, d=days: d)
        assert only(await checks.certificates(public)).state == state


async def test_time_zones_and_python(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(await machine.time_zones(settings)).state == "ok"
    assert only(await machine.python(settings)).state == "ok"

    def unknown(name: str) -> None:
        raise machine.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(machine, "ZoneInfo", unknown)
    assert "tzdata" in only(await machine.time_zones(settings)).advice


async def test_the_exit_code_and_the_lines(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def good(_: Settings) -> list[Finding]:
        return [Finding(name="good", detail="fine"), Finding(name="old", state="warning", advice="look")]

    async def bad(_: Settings) -> list[Finding]:
        return [Finding(name="bad", state="wrong", detail="gone", advice="mend it")]

    async def broken(_: Settings) -> list[Finding]:
        raise RuntimeError("inside")

    args = argparse.Namespace(json=False)
    monkeypatch.setattr(doctor, "all_checks", lambda: [good])
    assert await doctor.doctor(settings, args) == 0
    assert capsys.readouterr().out.splitlines()[:3] == ["✓ good: fine", "! old", "    → look"]
    monkeypatch.setattr(doctor, "all_checks", lambda: [good, bad, broken])
    assert await doctor.doctor(settings, args) == 1
    out = capsys.readouterr().out
    assert "✗ bad: gone\n    → mend it" in out
    assert "could not be checked" in out
    assert await doctor.doctor(settings, argparse.Namespace(json=True)) == 1
    assert [f["state"] for f in json.loads(capsys.readouterr().out)] == ["ok", "warning", "wrong", "wrong"]


def test_every_check_is_run() -> None:
    assert doctor.all_checks()[: len(checks.ALL)] == list(checks.ALL)
