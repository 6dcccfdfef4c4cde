"""Ring to screen: from the INVITE at the agent's phone to the card with the caller's name painted on the agent's page.

A caller from outside rings an operator's personal number: no greeting gives the server time, so the look-up of the
caller begins at the ring itself. Each ring is another client, none is in memory. The page is a real Chromium; 50 more
pages are open. The phone is first a desk phone (its INVITE is seen on the wire), then the page's own. The floor is the
same ring's card as it reaches a bare client of the stream: what lies above is the page's part.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.pages import open_pages
from benchmarks.report import Row
from callcenter.demo.world import personal_number
from callcenter.telephony.asterisk.instance import Instance
from tests.support import browser, stack
from tests.support.browser import Person
from tests.support.stack import OPERATOR, PASSWORD, Stack
from tests.support.telephone import Telephone
from tests.traces.phone import Call, Message

RINGS, BROWSER_RINGS, WARM_UP, PAGES = 100, 60, 4, 50
MEDIAN_MS, MOST_MS = 150.0, 300.0
SAME_CLOCK_MS = 5.0
# operator1 comes third among the demo's people.
NUMBER = personal_number(2)
LOOKERS = ("supervisor", "admin", "supervisor", "operator1", "admin", "operator2", "supervisor", "operator3")

# Notes when a full card has been painted: after the frame in which it came, not when it was put into the document.
_WATCH = """() => {
  window.__cards = []; window.__rung = []; window.__wake = null;
  const now = () => performance.timeOrigin + performance.now();
  let seen = "";
  new MutationObserver(() => {
    const card = document.querySelector('.callcard[data-card="full"]');
    const name = card?.getClientRects().length ? card.querySelector("#card-name")?.textContent ?? "" : "";
    window.__wake?.();
    if (name === seen) return;
    seen = name;
    if (!name) return;
    requestAnimationFrame(() => { const pipe = new MessageChannel(); pipe.port1.onmessage = () => {
      window.__cards.push({ name, at: now() }); window.__wake?.(); }; pipe.port2.postMessage(0); });
  }).observe(document.documentElement, { subtree: true, childList: true });
  window.__until = (look) => new Promise((resolve) => {
    const end = setTimeout(() => { window.__wake = null; resolve(null); }, 8000);
    window.__wake = () => {
      const found = look();
      if (found) { clearTimeout(end); window.__wake = null; resolve(found); }
    };
    window.__wake();
  });
  const mark = performance.mark.bind(performance);
  performance.mark = (name, ...more) => {
    if (name === "phone:ring") window.__rung.push(now());
    return mark(name, ...more);
  };
  return now() - Date.now();
}"""
_NEXT = "([count, name]) => window.__until(() => window.__cards.slice(count).find((card) => card.name === name))"
_GONE = "() => window.__until(() => !document.querySelector('.callcard'))"


class DeskPhone(Telephone):
    """Notes when an INVITE came, before anything is done with it."""

    invited = 0.0

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if data.startswith(b"INVITE "):
            self.invited = time.time()
        super().datagram_received(data, address)

    def _invited(self, message: Message, call: Call | None) -> None:
        super()._invited(message, call)
        if not self.ringing.empty():
            self.ringing.get_nowait().ring()


@dataclass
class Times:
    """Milliseconds since the INVITE: at the bare client and on the screen."""

    bare: list[float] = field(default_factory=list)
    screen: list[float] = field(default_factory=list)
    wrong: int = 0


class BareClient:
    """A client of the stream that only notes when a card with a name came."""

    def __init__(self) -> None:
        self.cards: list[tuple[float, str]] = []

    def came(self, name: str, since: int) -> float | None:
        """When the first card of ``name`` came, of those after the first ``since``."""
        return next((at for at, text in self.cards[since:] if name in text), None)

    async def read(self, url: str, token: str) -> None:
        """Reads until cancelled."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=timeout) as http,
            http.get(url + "/api/v1/events") as stream,
        ):
            at = 0.0
            async for line in stream.content:
                if line.startswith(b"event: "):
                    at = time.time() if line.startswith(b"event: card") else 0.0
                elif at and line.startswith(b"data: "):
                    self.cards.append((at, line.decode()))


def run() -> list[Row]:
    """Measures; about a minute."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        running = stack.start(Path(folder) / "data")
        try:
            return _measure(running)
        finally:
            stack.stop(running)
            shutil.rmtree(Instance.from_settings(running.settings).folder, ignore_errors=True)


def _measure(running: Stack) -> list[Row]:
    tokens = {name: running.token(f"{name}@demo.example") for name in dict.fromkeys(LOOKERS)}
    devices = running.api(tokens["operator1"], "GET", "/api/v1/me/devices")["devices"]
    sip = next(device for device in devices if device["kind"] == "sip")
    running.api(tokens["operator1"], "PUT", "/api/v1/me/state", {"state": "ready", "reason": ""})
    port = running.settings.http_port
    with (
        open_pages(port, [tokens[name] for name in LOOKERS], PAGES),
        browser.chromium() as chromium,
        _bare(running, tokens["operator1"]) as bare,
    ):
        agent = browser.person(chromium, running.base_url)
        agent.sign_in(OPERATOR, PASSWORD)
        clients = iter(_clients(running))
        phone = running.outside.do(_desk_phone(running, sip["login"], sip["password"]))
        try:
            if (apart := abs(agent.page.evaluate(_WATCH))) > SAME_CLOCK_MS:
                raise RuntimeError(f"the browser's clock is {apart:.0f} ms away from the machine's")
            desk = _rings(running, agent, bare, clients, RINGS, lambda: phone.invited)
        finally:
            running.outside.do(phone.register(expires=0))
            running.outside.do(phone.stop())
        agent.go_on_line()
        own = _rings(running, agent, bare, clients, BROWSER_RINGS, lambda: _rung(agent))
    return [*_rows("a desk phone", desk), *_rows("the page's phone", own)]


def _rung(agent: Person) -> float:
    at: float = agent.page.evaluate("window.__rung.at(-1) ?? 0")
    return at / 1000


async def _desk_phone(running: Stack, login: str, password: str) -> DeskPhone:
    phone = await DeskPhone.start(login, running.settings.sip_port, password=password)
    assert isinstance(phone, DeskPhone)
    await phone.register()
    return phone


@contextlib.contextmanager
def _bare(running: Stack, token: str) -> Iterator[BareClient]:
    client = BareClient()
    tasks: list[asyncio.Task[None]] = []

    async def begin() -> None:
        tasks.append(asyncio.create_task(client.read(running.base_url, token)))

    async def end() -> None:
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    running.outside.do(begin())
    try:
        yield client
    finally:
        running.outside.do(end())


def _rings(
    running: Stack, agent: Person, bare: BareClient, clients: Iterator[tuple[str, str]], count: int, invited: Any
) -> Times:
    times = Times()
    for turn in range(count + WARM_UP):
        number, name = next(clients)
        before, heard = agent.page.evaluate("window.__cards.length"), len(bare.cards)
        caller = running.caller(number.removeprefix("+"))
        call: Future[Call] = asyncio.run_coroutine_threadsafe(_call(caller), running.outside._loop)
        card = agent.page.evaluate(_NEXT, [before, name])
        rung = invited()
        running.outside.now(call.result(5).cancel)
        agent.page.evaluate(_GONE)
        running.outside.hang_up_all()
        if turn < WARM_UP:
            continue
        came = bare.came(name, heard)
        if card is None or came is None:
            times.wrong += 1
            continue
        times.screen.append(card["at"] - 1000 * rung)
        times.bare.append(1000 * (came - rung))
    return times


async def _call(caller: Telephone) -> Call:
    return caller.call(NUMBER)


def _clients(running: Stack) -> list[tuple[str, str]]:
    """Numbers and names of the demo's clients who were saved."""
    file = running.settings.data / "callcenter.sqlite3"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return db.execute(
            "select p.e164, c.name from contacts c join contact_phones p on p.contact_id = c.id"
            " where c.saved and c.name != '' order by c.id limit 200"
        ).fetchall()


def _rows(phone: str, times: Times) -> list[Row]:
    if not times.screen:
        raise RuntimeError(f"no card was seen for {phone}")
    middle, floor = statistics.median(times.screen), statistics.median(times.bare)
    most, most_floor = _late(times.screen), _late(times.bare)
    missing = f", {times.wrong} cards missing" if times.wrong else ""
    name = f"ring to screen, {phone}, {PAGES} pages open"
    return [
        Row(f"{name}: median", middle, "ms", floor, middle / floor, f"≤ {MEDIAN_MS:g} ms", middle <= MEDIAN_MS),
        Row(
            f"{name}: {'99 %' if len(times.screen) >= 100 else 'longest'}{missing}",
            most,
            "ms",
            most_floor,
            most / most_floor,
            f"≤ {MOST_MS:g} ms",
            most <= MOST_MS and not times.wrong,
        ),
    ]


def _late(values: list[float]) -> float:
    """99 %, or the longest when there are fewer than a hundred."""
    return statistics.quantiles(values, n=100)[98] if len(values) >= 100 else max(values)
