"""Fifty agents in a predictive list on the real product, real Asterisk, SIPp as phones and as the people outside.

Agents' phones stay picked up; of those who are called three in ten answer, after a while that differs, and talk for a
while that differs. Everything is recorded. Counted by the log of attempts, after a warm-up: the share of persons for
whom no agent was there within two seconds, and how long after «a person» the agent was on the line when one was free.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import sys
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.crowd import Crowd, crowd
from benchmarks.report import Row
from callcenter.features.demo import api as phones
from tests.support.wait import until

AGENTS = int(os.environ.get("CALLCENTER_BENCH_TEAM_AGENTS", "50"))
SECONDS = float(os.environ.get("CALLCENTER_BENCH_TEAM_SECONDS", "1200"))
WARM_UP = 90.0
WRAP_UP = 10
# People answer by the last two digits of their number; the rest rings until the dialer gives up.
ANSWERING = 30
RINGS, TALKS = (3, 5, 7, 10), (12, 20, 30, 60)
CLIENTS_A_SECOND = AGENTS * 0.12
NUMBERS = "+7916"


def run() -> list[Row]:
    """Measures; twenty-five minutes unless CALLCENTER_BENCH_TEAM_SECONDS says less."""
    return asyncio.run(_run())


def street(voice: Path) -> str:
    """The people outside."""
    return phones.crowd_scenario(audio=str(voice), answering=ANSWERING, rings=RINGS, talks=TALKS)


async def _run() -> list[Row]:
    async with crowd(AGENTS, 86_400.0, street) as there:
        await there.serve()
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{there.settings.http_port}", timeout=timeout) as http:
            list_id = await _make(there, http)
            for token in there.agents:
                await _post(http, token, f"/api/v1/dial-lists/{list_id}/join")
            await _post(http, there.tokens[1], f"/api/v1/dial-lists/{list_id}/start")
            cpu, begun = there.cpu(), asyncio.get_running_loop().time()
            while (passed := asyncio.get_running_loop().time() - begun) < WARM_UP + SECONDS:
                await asyncio.sleep(30)
                seen = await _get(http, there.tokens[1], f"/api/v1/dial-lists/{list_id}/team")
                print(f"{passed:.0f} s: {seen['persons']} persons, {seen['abandoned']} abandoned", file=sys.stderr)
            cores = (there.cpu() - cpu) / (asyncio.get_running_loop().time() - begun)
            await _post(http, there.tokens[1], f"/api/v1/dial-lists/{list_id}/stop")
        return _rows(there, list_id, cores)


async def _make(there: Crowd, http: aiohttp.ClientSession) -> int:
    """A predictive list with enough clients, all of one city."""
    boss = there.tokens[1]
    await asyncio.to_thread(_clients, there, int((WARM_UP + SECONDS) * CLIENTS_A_SECOND))
    body = {
        "title": "Толпа", "mode": "predictive", "pause": WRAP_UP, "hours": {},
        "where": {"field": "city", "op": "equals", "value": "Толпа"}, "dialing": {"amd": False},
    }  # fmt: skip
    made = await _post(http, boss, "/api/v1/dial-lists", body)

    async def filled() -> bool:
        return bool((await _get(http, boss, f"/api/v1/dial-lists/{made['id']}"))["filled"])

    await until(filled, timeout=120, what="the list is written")
    return int(made["id"])


def _clients(there: Crowd, count: int) -> None:
    """Clients straight into the database, as copies of one: how an import does is another measurement's."""
    with sqlite3.connect(there.settings.db_url.partition(":///")[2], timeout=30) as db:
        db.row_factory = sqlite3.Row
        (business,) = db.execute("SELECT business_id FROM queues WHERE name = 'Все'").fetchone()
        card = dict(db.execute("SELECT * FROM contacts WHERE state = 'client' AND kind = 'person' LIMIT 1").fetchone())
        phone = dict(db.execute("SELECT * FROM contact_phones LIMIT 1").fetchone())
        (last,) = db.execute("SELECT (SELECT max(id) FROM contacts) + (SELECT max(id) FROM contact_phones)").fetchone()
        for n in range(count):
            number, own = f"{NUMBERS}{5_000_000 + 7 * n:07}", last + n + 1
            common = {"id": own, "business_id": business}
            _insert(db, "contacts", card | common | {"name": f"Клиент {n}", "city": "Толпа"})
            _insert(db, "contact_phones", phone | common | {"contact_id": own, "e164": number, "typed": number})


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    places = ",".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({','.join(row)}) VALUES ({places})", [*row.values()])  # noqa: S608


async def _post(http: aiohttp.ClientSession, token: str, path: str, body: Any = None) -> Any:
    async with http.post(path, json=body or {}, headers={"Authorization": f"Bearer {token}"}) as answer:
        if answer.status >= 400:
            raise RuntimeError(f"{path}: {answer.status} {await answer.text()}")
        return await answer.json() if answer.content_type == "application/json" else None


async def _get(http: aiohttp.ClientSession, token: str, path: str) -> Any:
    async with http.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        answer.raise_for_status()
        return await answer.json()


def _rows(there: Crowd, list_id: int, cores: float) -> list[Row]:
    file = there.settings.db_url.partition(":///")[2]
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        attempts = db.execute(
            "SELECT placed_at, person_at, outcome, call_id, talk_seconds FROM dial_attempts"
            " WHERE list_id = ? AND closed_at IS NOT NULL ORDER BY id", (list_id,)
        ).fetchall()  # fmt: skip
        (begin,) = db.execute("SELECT datetime(?, ?)", (attempts[0][0], f"+{WARM_UP} seconds")).fetchone()
        counted = [one for one in attempts if one[0] >= begin]
        persons = [one for one in counted if one[1] is not None]
        abandoned = [one for one in persons if one[2] == "abandoned"]
        waits = db.execute(
            "SELECT (julianday(c.answered_at) - julianday(a.person_at)) * 86400000 FROM dial_attempts a"
            " JOIN calls c ON c.id = a.call_id WHERE a.list_id = ? AND c.agent_id IS NOT NULL AND a.placed_at >= ?"
            " AND c.answered_at IS NOT NULL AND a.person_at IS NOT NULL", (list_id, begin)
        ).fetchall()  # fmt: skip
    took = sorted(one for (one,) in waits)
    talked = sum(one[4] for one in persons) / (AGENTS * SECONDS)
    share = 100.0 * len(abandoned) / max(1, len(persons))
    told = f"{len(counted)} calls, {len(persons)} persons, {len(abandoned)} abandoned"
    print(f"{told}; talking {100 * talked:.1f} % of the agents' time; server {cores:.2f} cores", file=sys.stderr)
    title = f"{AGENTS} agents, predictive, {SECONDS / 60:.3g} min"
    return [
        Row(f"{title}: no agent in 2 s", share, "%", 3.0, share / 3.0, "≤ 3 %", share <= 3.0),
        Row(f"{title}: person to agent, median", statistics.median(took), "ms", None, None, "≤ 100 ms",
            statistics.median(took) <= 100),
    ]  # fmt: skip
