"""The command line as a person uses it: people, tokens, the server from start to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callcenter import migrations
from callcenter.cli import checks
from callcenter.config import Settings
from tests.support.postgres import PostgresServer, free_port

PASSWORD = "Long-enough-1"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CALLCENTER_DATA": str(tmp_path),
        "CALLCENTER_HTTP_PORT": str(free_port()),
        "CALLCENTER_AMI_PORT": str(free_port()),
        "CALLCENTER_DATABASE_URL": "",
        "CALLCENTER_CONFIG": "",
    }


async def run(env: dict[str, str], *arguments: str, typed: str = "") -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcenter", *arguments),
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(typed.encode()), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def server(env: dict[str, str], tmp_path: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, Path]]:
    log = tmp_path / "server.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callcenter", "serve"), env=env, stdout=out, stderr=out
        )
    base = f"http://127.0.0.1:{env['CALLCENTER_HTTP_PORT']}"
    try:
        async with aiohttp.ClientSession() as http, asyncio.timeout(30):
            while True:
                assert process.returncode is None, log.read_text()
                try:
                    async with http.get(f"{base}/healthz"):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)
        yield process, base, log
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def person(env: dict[str, str]) -> str:
    code, _, err = await run(
        env, "user", "create", "--email", "Anna@Firm.RU", "--name", "Anna", "--business", "Firm", "--role", "owner",
        "--password-stdin", typed=f"{PASSWORD}\n",
    )  # fmt: skip
    assert code == 0, err
    code, token, err = await run(env, "token", "create", "--user", "anna@firm.ru")
    assert code == 0, err
    return token.strip()


async def test_people_and_tokens(env: dict[str, str]) -> None:
    token = await person(env)
    assert token.startswith("cc_")
    assert len(token.split()) == 1
    code, out, _ = await run(env, "user", "list")
    assert "anna@firm.ru\tAnna\tFirm\towner\tactive" in out
    code, out, _ = await run(env, "token", "list")
    assert token[:10] in out
    assert token not in out
    assert (await run(env, "token", "revoke", token[:10]))[0] == 0
    code, _, err = await run(env, "token", "revoke", token[:10])
    assert (code, "no such token" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (("user", "create", "--email", "no", "--business", "B", "--password-stdin"), "Long-enough-1", "e-mail"),
        (("user", "create", "--email", "a@b.ru", "--business", "B", "--password-stdin"), "short", "8 characters"),
        (("user", "create", "--email", "a@b.ru", "--password-stdin"), "Long-enough-1", "--business"),
        (("user", "password", "--email", "a@b.ru", "--password-stdin"), "Long-enough-1", "user list"),
        (("token", "create", "--user", "a@b.ru"), "", "user list"),
    ],
)
async def test_mistakes_are_told(env: dict[str, str], arguments: tuple[str, ...], typed: str, said: str) -> None:
    code, _, err = await run(env, *arguments, typed=typed + "\n")
    assert code == 1
    assert said in err
    assert "Traceback" not in err


async def test_wrong_settings_are_told(env: dict[str, str]) -> None:
    code, _, err = await run({**env, "CALLCENTER_HTTP_PORT": "many"}, "migrate")
    assert code == 1
    assert "Traceback" not in err
    assert (await run(env, "nothing"))[0] == 2


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_the_server_starts_serves_and_ends_with_a_stream_open(
    env: dict[str, str], tmp_path: Path, how: signal.Signals
) -> None:
    token = await person(env)
    async with server(env, tmp_path) as (process, base, log), aiohttp.ClientSession() as http:
        async with http.get(f"{base}/healthz") as answer:
            shown: dict[str, Any] = await answer.json()
            assert answer.status == 503, "there is no Asterisk here"
            assert (shown["asterisk"], shown["database"]) == ("down", "up")
        async with http.post(f"{base}/api/v1/session", json={"email": "anna@firm.ru", "password": PASSWORD}) as answer:
            assert answer.status == 201
        async with http.get(f"{base}/api/v1/me?token={token}", headers={"Authorization": f"Bearer {token}"}) as answer:
            assert (await answer.json())["email"] == "anna@firm.ru"
        stream = await http.get(f"{base}/api/v1/events", headers={"Authorization": f"Bearer {token}"})
        assert stream.status == 200
        process.send_signal(how)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        stream.close()
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["text"] for line in lines if line["from"] == "callcenter"] == ["ready", "stopping", "stopped"]
    assert PASSWORD not in text
    assert token not in text
    assert {"request", "ms"} <= set(next(line for line in lines if line["from"] == "callcenter.access"))


@pytest.mark.rule("SCL-01")
async def test_one_setting_chooses_postgresql(env: dict[str, str], tmp_path: Path, postgres: PostgresServer) -> None:
    postgres.sql("CREATE DATABASE chosen")
    env["CALLCENTER_DATABASE_URL"] = postgres.url("chosen").replace("postgresql+asyncpg://", "postgresql://")
    try:
        token = await person(env)
        async with server(env, tmp_path) as (process, base, _), aiohttp.ClientSession() as http:
            async with http.get(f"{base}/api/v1/me", headers={"Authorization": f"Bearer {token}"}) as answer:
                assert (await answer.json())["email"] == "anna@firm.ru"
            async with http.get(f"{base}/healthz") as answer:
                assert (await answer.json())["database"] == "up"
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) == 0
        assert not list(tmp_path.glob("*.sqlite3"))
    finally:
        postgres.sql("DROP DATABASE chosen WITH (FORCE)")


@pytest.mark.parametrize(("letters", "state"), [("C", "warning"), ("C.UTF-8", "ok")])
async def test_doctor_tells_of_a_locale_without_russian_letters(
    tmp_path: Path, postgres: PostgresServer, letters: str, state: str
) -> None:
    postgres.sql(f"CREATE DATABASE letters TEMPLATE template0 LC_CTYPE '{letters}'")
    try:
        await migrations.upgrade(postgres.url("letters"))
        (found,) = await checks.database(Settings(data=tmp_path, database_url=postgres.url("letters")))
        assert found.state == state
        assert ("LC_CTYPE" in found.advice) == (state == "warning")
    finally:
        postgres.sql("DROP DATABASE letters WITH (FORCE)")


@pytest.mark.rule("OUT-35")
async def test_a_business_is_put_on_a_plan(env: dict[str, str]) -> None:
    await person(env)
    assert (await run(env, "plan", "list"))[1].split("\t")[-1].strip() == "premium"
    code, out, _ = await run(env, "plan", "set", "basic")
    assert code == 0
    assert "basic" in out
    assert (await run(env, "plan", "list"))[1].split("\t")[-1].strip() == "basic"
    assert (await run(env, "plan", "set", "golden"))[0] != 0
