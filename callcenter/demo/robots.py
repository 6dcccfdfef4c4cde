"""The robots: agents who are ready and answer, callers who ring and press keys, and the world outside that is dialled.

They are clients like any other: they sign in over HTTP, register over SIP, and see nothing of the server's inside.
``callcenter.demo.main`` runs them as a process of its own.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import socket
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import aiohttp

from callcenter.config import Settings, load
from callcenter.demo import names, plans
from callcenter.demo.registrar import Phone, keep_registered, register
from callcenter.demo.world import CLIENTS, SEED
from callcenter.features.demo import api as phones

log = logging.getLogger("robots")

AGENTS = tuple(f"operator{n}@demo.example" for n in (4, 5, 6, 7, 8))
# These two take the clients of a predictive list; their phones stay picked up.
TEAM = 2
LIST = "Осенняя акция"
SECONDS_BETWEEN_LOOKS = 5.0
MOST_CALLS = 6
SECONDS_BETWEEN_CALLS = (5.0, 14.0)
SECONDS_BETWEEN_DIALS = (25.0, 60.0)
PAUSE_REASONS = ("Обед", "Обучение", "Перерыв")
_ROBOTS = frozenset(name for email, name, _ in names.PEOPLE if email in AGENTS)
# What a robot does with a call; mostly nothing.
_DEEDS = ("hold", "transfer", "pause", "", "", "")
_CALLER_TEXTS = (
    "Здравствуйте! Я хотел бы узнать, сколько стоит остеклить балкон, три метра двадцать сантиметров.",
    "Добрый день. Подскажите, пожалуйста, когда приедет мастер на замер? Мне обещали в субботу до обеда.",
    "Алло! У меня в новом окне дует снизу. Можно прислать кого-нибудь посмотреть?",
)
_MESSAGE_TEXTS = (
    "Здравствуйте, это Ирина. Перезвоните мне, пожалуйста, после шести, хочу перенести монтаж на пятницу.",
    "Добрый день! Окно не закрывается до конца. Буду ждать вашего мастера, адрес у вас есть.",
)
# So often an agent hangs up first; else it is the client.
_AGENT_ENDS = 0.5
_AGENT_TEXT = "Тёплый дом, здравствуйте! Чем могу помочь? Одну минуту, я посмотрю. Да, всё верно, записала."


class Desk:
    """One robot agent's page: signed in, ready, sometimes on a break, now and then dialling a client."""

    def __init__(self, http: aiohttp.ClientSession, base: str, email: str) -> None:
        self.http, self.base, self.email = http, base, email

    async def sign_in(self, password: str) -> None:
        """Signs in; raises aiohttp.ClientResponseError when refused."""
        found = await self._ask("POST", "/session", {"email": self.email, "password": password})
        self.http.headers["X-CSRF-Token"] = found["csrf"]

    async def phone(self, port: int) -> Phone:
        """The login of this agent's SIP phone."""
        devices = (await self._ask("GET", "/me/devices"))["devices"]
        sip = next(device for device in devices if device["kind"] == "sip")
        return Phone(sip["login"], sip["password"], port)

    async def state(self, state: str, reason: str = "") -> None:
        """Chooses a state."""
        await self._ask("PUT", "/me/state", {"state": state, "reason": reason})

    async def work(self, dice: Random) -> None:
        """Is ready, takes a short break now and then, until cancelled."""
        while True:
            await self._try(self.state("ready"))
            await asyncio.sleep(dice.uniform(90, 240))
            await self._try(self.state("paused", dice.choice(PAUSE_REASONS)))
            await asyncio.sleep(dice.uniform(15, 45))

    async def campaign(self) -> int:
        """The predictive list that goes on; a new one when the last is through."""
        found = (await self._ask("GET", "/dial-lists", query={"q": LIST, "status": "running"}))["lists"]
        if found:
            return int(found[0]["id"])
        body = {"title": LIST, "mode": "predictive", "pause": 10, "where": None}
        made = int((await self._ask("POST", "/dial-lists", body))["id"])
        await self._ask("POST", f"/dial-lists/{made}/start")
        return made

    async def take_part(self, list_id: int) -> None:
        """Is ready and in the team of the list."""
        if (await self._ask("GET", "/me/dial-list"))["run"] is None:
            await self.state("ready")
            await self._ask("POST", f"/dial-lists/{list_id}/join")

    async def dial(self, to: str) -> None:
        """Click-to-dial."""
        await self._ask("POST", "/calls", {"to": to})

    async def call(self) -> str | None:
        """The call in which this agent talks with a client now."""
        state = await self._ask("GET", "/me/state")
        return str(state["call_id"]) if state["state"] == "talking" and state["call_id"] else None

    async def manage(self, dice: Random) -> None:
        """Does with calls what agents do, until cancelled: hold, pause of the recording, transfer to a colleague."""
        seen: str | None = None
        while True:
            await asyncio.sleep(dice.uniform(3, 6))
            try:
                call_id = await self.call()
                if call_id is None or call_id == seen:
                    continue
                seen = call_id
                await asyncio.sleep(dice.uniform(2, 6))
                await self._act(f"/calls/{call_id}", dice.choice(_DEEDS), dice)
            except (aiohttp.ClientError, TimeoutError) as error:
                # The client has hung up meanwhile, or nobody is free.
                log.info("%s: %s", self.email, error)

    async def _act(self, call: str, deed: str, dice: Random) -> None:
        if deed == "hold":
            await self._ask("POST", f"{call}/hold", {"on": True})
            await asyncio.sleep(dice.uniform(5, 10))
            await self._ask("POST", f"{call}/hold", {"on": False})
        elif deed == "pause":
            await self._ask("POST", f"{call}/recording/pause")
            await asyncio.sleep(dice.uniform(6, 12))
            await self._ask("POST", f"{call}/recording/resume")
        elif deed == "transfer":
            found = (await self._ask("GET", "/transfer-targets"))["targets"]
            robots = [one for one in found if one["kind"] == "agent" and one["name"] in _ROBOTS]
            if robots:
                await self._ask("POST", f"{call}/transfer", {"kind": "agent", "id": dice.choice(robots)["id"]})

    async def _try(self, asked: Awaitable[object]) -> None:
        try:
            await asked
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("%s: %s", self.email, error)

    async def _ask(self, method: str, path: str, body: object = None, query: dict[str, str] | None = None) -> Any:
        async with self.http.request(method, f"{self.base}/api/v1{path}", json=body, params=query) as answer:
            answer.raise_for_status()
            return await answer.json() if answer.content_length != 0 else {}


async def run(settings: Settings, password: str) -> None:
    """Runs all robots until cancelled; takes registrations back and ends every telephone at the end."""
    folder = (settings.data / "demo").resolve()
    dice = random.Random()
    voices = plans.Voices(
        talks=[await phones.speech(folder, f"caller{n}", text) for n, text in enumerate(_CALLER_TEXTS)],
        messages=[
            phones.spoken_packets(await phones.speech(folder, f"message{n}", text))
            for n, text in enumerate(_MESSAGE_TEXTS)
        ],
    )
    agent_voice = await phones.speech(folder, "agent", _AGENT_TEXT)
    base = settings.public_url or f"http://127.0.0.1:{settings.http_port}"
    async with AsyncExitStack() as stack:
        port, team_port = _free_port(), _free_port()
        for name, text, at in (
            ("agents", phones.agent_scenario(audio=str(agent_voice), hasty=_AGENT_ENDS), port),
            ("team", phones.agent_scenario(audio=str(agent_voice), longest=86_400.0), team_port),
            ("carrier", phones.carrier_scenario(audio=str(voices.talks[0]), longest=45), settings.demo_carrier_port),
        ):
            process = await phones.listen(folder / name, text, at)
            stack.push_async_callback(phones.end, process)
        desks = []
        for email in AGENTS:
            jar = aiohttp.CookieJar(unsafe=True)
            http = await stack.enter_async_context(
                aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=10))
            )
            desk = Desk(http, base, email)
            await desk.sign_in(password)
            desks.append(desk)
        answering, team = desks[:-TEAM], desks[-TEAM:]
        logins = [await desk.phone(team_port if desk in team else port) for desk in desks]
        stack.push_async_callback(_sign_off, logins, settings.sip_port)
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_registered(logins, settings.sip_port))
            for desk in answering:
                group.create_task(desk.work(dice))
                group.create_task(desk.manage(dice))
            group.create_task(_callers(settings, voices, dice))
            group.create_task(_dials(answering, dice))
            group.create_task(_calls_out(team))


async def _callers(settings: Settings, voices: plans.Voices, dice: Random) -> None:
    numbers = client_numbers()
    running: set[asyncio.Task[int]] = set()
    try:
        while True:
            if len(running) < MOST_CALLS:
                task = asyncio.create_task(phones.call(plans.plan(numbers, voices, dice), settings.sip_port))
                running.add(task)
                task.add_done_callback(running.discard)
            await asyncio.sleep(dice.uniform(*SECONDS_BETWEEN_CALLS))
    finally:
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _calls_out(team: list[Desk]) -> None:
    """A list that dials predictively, and its team, until cancelled; who was dropped from it joins again."""
    while True:
        try:
            list_id = await team[0].campaign()
            for desk in team:
                await desk.take_part(list_id)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("the list does not go on: %s", error)
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


async def _dials(desks: list[Desk], dice: Random) -> None:
    numbers = client_numbers()
    while True:
        await asyncio.sleep(dice.uniform(*SECONDS_BETWEEN_DIALS))
        desk = dice.choice(desks)
        try:
            await desk.dial(dice.choice(numbers))
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("%s did not dial: %s", desk.email, error)


def client_numbers() -> list[str]:
    """The demo clients' numbers, as the seed made them."""
    dice = Random(SEED)
    seen: list[str] = []
    while len(seen) < CLIENTS:
        number = names.mobile(dice)
        if number in seen:
            continue
        seen.append(number)
        names.client(dice)
    return seen


async def _sign_off(logins: list[Phone], sip_port: int) -> None:
    await asyncio.gather(*(register(phone, sip_port, expires=0) for phone in logins), return_exceptions=True)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """The process: settings from the environment, ends cleanly on SIGTERM and SIGINT, starts over after a failure."""
    logging.basicConfig(level=logging.INFO, format="robots: %(message)s")
    settings = load()
    asyncio.run(_forever(settings))


async def _forever(settings: Settings) -> None:
    task = asyncio.current_task()
    assert task
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, task.cancel)
    try:
        while True:
            try:
                await run(settings, settings.demo_password)
            except Exception as error:
                log.warning("robots start over in 5 s: %r", error)
                await asyncio.sleep(5)
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    main()
