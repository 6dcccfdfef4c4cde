"""Lists with a team on a real Asterisk with the whole product: the client first, agents whose phone stays picked up."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sqlite3
import statistics
import time
import urllib.request
import wave
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.asterisk.test_dialer import AGENT_HZ, CLIENT_HZ, NUMBERS, Employee, Scene, _another
from tests.support import audio
from tests.support import stack as stacks
from tests.support.stack import SALES, Stack

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = stacks.start(tmp_path_factory.mktemp("product"))
    try:
        yield stack
    finally:
        stacks.stop(stack)


@pytest.fixture
def scene(product: Stack) -> Iterator[Scene]:
    found = Scene(product)
    yield found
    found.end()
    product.outside.hang_up_all()


def join(scene: Scene, made: int) -> None:
    """The operator takes part: his phone is picked up."""
    before = scene.employee.rang
    scene.act(made, "join")
    stacks.until(lambda: scene.employee.rang == before + 1, what="his phone rings once")


def team(scene: Scene, made: int) -> Any:
    return scene.api("GET", f"/api/v1/dial-lists/{made}/team")


def logged(scene: Scene) -> Any:
    return scene.api("GET", "/api/v1/calls")["calls"][:3]


@pytest.mark.rule("OBD-01")
def test_progressive_calls_one_client_for_the_agent_who_is_ready_and_they_hear_each_other(scene: Scene) -> None:
    made = scene.make("Progressive", mode="progressive", dialing={"sample": 0})
    scene.street.talk = 2.5
    scene.act(made, "start")
    # Nobody takes part: nobody is called.
    time.sleep(1.5)
    assert scene.street.called == []
    join(scene, made)
    for n, number in enumerate(NUMBERS):
        stacks.until(lambda one=number: one in scene.street.called, what=f"{number} is called")
        scene.product.outside.do(scene.street.phone.hears(AGENT_HZ, 0.3))
        scene.product.outside.do(scene.employee.phone.hears(CLIENT_HZ, 0.3))
        # One client at a time for one agent.
        assert len(scene.street.called) == n + 1
        mine = scene.api("GET", "/api/v1/me/state")
        assert mine["state"] == "talking"
        stacks.until(lambda count=n: len(scene.street.over_at) > count, what="the talk is over")
    shown = scene.until_finished(made)
    assert shown["outcomes"] == {"answered": 3}
    assert scene.employee.rang == 1
    # The log, which is written after the list's outcome, has each with its agent, its talk and its recording.
    stacks.until(lambda: all(one["result"] for one in logged(scene)), what="the log has the last one")
    calls = logged(scene)
    assert {one["to"] for one in calls} == set(NUMBERS)
    assert all(one["result"] == "answered" and len(one["agents"]) == 1 and one["talk_seconds"] > 1 for one in calls)
    # The list is through: his phone is free again.
    stacks.until(lambda: all(c.states["ended"].is_set() for c in scene.employee.phone.calls.values()), what="released")


@pytest.mark.rule("OBD-10")
def test_a_server_that_is_killed_goes_on_with_the_team_and_calls_nobody_twice(scene: Scene) -> None:
    numbers = tuple(f"+791655503{n:02d}" for n in range(5))
    made = scene.make("TeamKilled", numbers, mode="progressive")
    scene.street.talk = 2.0
    scene.act(made, "start")
    join(scene, made)
    stacks.until(lambda: len(scene.street.called) == 2, timeout=30, what="the second is called")
    pid = scene.product.server_pid()
    os.kill(pid, signal.SIGKILL)
    stacks.until(lambda: _another(scene, pid), timeout=60, what="the server is back")
    scene.until_finished(made, timeout=120)
    assert Counter(scene.street.called) == Counter(numbers)
    assert scene.employee.rang == 1


@pytest.mark.rule("OBD-03")
def test_a_person_for_whom_nobody_is_free_is_told_who_called_and_counts_as_abandoned(scene: Scene) -> None:
    made = scene.make("Abandoned", NUMBERS[:1], mode="progressive", dialing={"sample": 0})
    scene.street.ways = {NUMBERS[0]: "silent"}
    scene.act(made, "start")
    join(scene, made)
    stacks.until(lambda: scene.street.called, what="he is called")
    # The agent goes while it rings.
    scene.api("PUT", "/api/v1/me/state", {"state": "paused"})
    scene.product.outside.now(_answer, scene)
    scene.product.outside.do(scene.street.phone.hears_sound(1.0, but=AGENT_HZ, timeout=10))
    stacks.until(lambda: scene.list(made)["outcomes"] == {"abandoned": 1}, timeout=30, what="he was abandoned")
    shown = team(scene, made)
    assert (shown["persons"], shown["abandoned"], shown["share"]) == (1, 1, 100.0)
    scene.api("PUT", "/api/v1/me/state", {"state": "ready"})


def _answer(scene: Scene) -> None:
    for call in scene.street.phone.calls.values():
        if not call.states["ended"].is_set():
            call.answer()


def test_who_hangs_his_phone_up_has_left_and_nobody_is_called_any_more(scene: Scene) -> None:
    made = scene.make("Left", NUMBERS, mode="progressive")
    scene.act(made, "start")
    join(scene, made)
    stacks.until(lambda: scene.street.over_at, what="the first talk is over")
    scene.product.outside.now(_hang_up, scene)
    stacks.until(lambda: not team(scene, made)["members"], what="he has left")
    called = len(scene.street.called)
    time.sleep(1.5)
    assert len(scene.street.called) in (called, called + 1)
    assert scene.list(made)["status"] == "running"
    scene.act(made, "stop")


def _hang_up(scene: Scene) -> None:
    for call in scene.employee.phone.calls.values():
        if call.states["answered"].is_set() and not call.states["ended"].is_set():
            call.bye()


@pytest.mark.rule("OBD-04")
def test_a_machine_is_hung_up_on_and_its_greeting_can_be_listened_to_and_judged(scene: Scene) -> None:
    made = scene.make("Machines", NUMBERS[:1], mode="progressive", dialing={"amd": True, "sample": 100})
    # It speaks on and on, as no person does.
    scene.street.talk = 20.0
    scene.act(made, "start")
    join(scene, made)
    stacks.until(lambda: scene.list(made)["outcomes"] == {"machine": 1}, timeout=30, what="a machine was met")
    # Nobody was given to the agent, and the machine was hung up on long before its end.
    made_here = stacks.until(lambda: _called(scene), what="the log has it")
    assert (made_here["result"], made_here["agents"]) == ("cancelled", [])
    shown = team(scene, made)
    assert (shown["persons"], shown["judged"], shown["wrong"]) == (0, 0, 0)
    attempt = _attempt(scene.product)
    boss = scene.product.token("admin@demo.example")
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        f"{scene.product.base_url}/api/v1/dial-lists/{made}/samples/{attempt}/audio",
        headers={"Authorization": f"Bearer {boss}"},
    )
    with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
        content = io.BytesIO(answer.read())
    with wave.open(content) as sound:
        heard = array("h", sound.readframes(sound.getnframes()))
    assert audio.seconds_of(heard, CLIENT_HZ, rate=8000) > 1.0
    scene.product.api(boss, "POST", f"/api/v1/dial-lists/{made}/samples/{attempt}", {"heard": "person"})
    shown = team(scene, made)
    assert (shown["judged"], shown["wrong"]) == (1, 1)


def _called(scene: Scene) -> Any:
    """The last call to the first client that met no agent."""
    boss = scene.product.token("admin@demo.example")
    calls = scene.product.api(boss, "GET", "/api/v1/calls")["calls"]
    return next((one for one in calls if one["to"] == NUMBERS[0] and one["ended_at"] and not one["agents"]), None)


def _attempt(product: Stack) -> int:
    """The id of the last attempt whose greeting is kept."""
    with sqlite3.connect(product.settings.data / "callcenter.sqlite3") as link:
        (found,) = link.execute("SELECT max(id) FROM dial_attempts WHERE sampled").fetchone()
    return int(found)


def test_whoever_answers_hears_the_agent_at_once(scene: Scene) -> None:
    numbers = tuple(f"+791655504{n:02d}" for n in range(7))
    made = scene.make("AtOnce", numbers, mode="progressive")
    scene.street.talk = 0.6
    phone, took = scene.street.phone, []

    async def listen() -> None:
        """From each answer to the first sound that is no silence."""
        loop = asyncio.get_running_loop()
        for n in range(len(numbers)):
            while len(scene.street.called) <= n:  # noqa: ASYNC110 - to the millisecond
                await asyncio.sleep(0.001)
            phone.forget()
            began = loop.time()
            # Sound has no event.
            while audio.loudness(phone.listen()[-160:]) < 100 and loop.time() - began < 2.0:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            took.append(loop.time() - began)

    scene.act(made, "start")
    listening = scene.product.outside.begin(listen())
    join(scene, made)
    listening.result(60)
    scene.until_finished(made)
    assert statistics.median(took) <= 0.1, took


@pytest.mark.rule("OBD-11")
def test_an_agent_takes_a_caller_first_and_then_goes_on_with_the_list(scene: Scene) -> None:
    numbers = tuple(f"+791655505{n:02d}" for n in range(8))
    made = scene.make("Blended", numbers, mode="progressive", dialing={"inbound": 1})
    scene.street.talk = 3.0
    scene.act(made, "start")
    join(scene, made)
    stacks.until(lambda: scene.street.called, what="the first client is called")
    caller = scene.product.caller(tone=660.0)
    calling = scene.product.ring(caller, SALES)
    # The talk with a client goes on to its end; then the caller comes before the next client.
    scene.product.outside.do(caller.hears(AGENT_HZ, 0.3, timeout=40), timeout=50)
    called = len(scene.street.called)
    assert called < len(numbers)
    assert scene.employee.rang == 2
    assert team(scene, made)["members"][0]["aside"]
    # Nobody is called while he talks.
    scene.product.outside.do(caller.hears(AGENT_HZ, 2.0))
    assert len(scene.street.called) == called
    scene.product.outside.now(calling.bye)
    scene.until_finished(made, timeout=120)
    assert Counter(scene.street.called) == Counter(numbers)
    assert scene.employee.rang == 3


class Colleague:
    """Another operator with his telephone, who takes part in lists."""

    def __init__(self, scene: Scene, number: int) -> None:
        self.product, self.token = scene.product, scene.product.token(f"operator{number}@demo.example")
        devices = self.api("GET", "/api/v1/me/devices")["devices"]
        login = next(device for device in devices if device["kind"] == "sip")
        phone = scene.product.outside.phone(
            login["login"], scene.product.settings.sip_port, password=login["password"], tone=AGENT_HZ
        )
        self.employee = Employee(phone)
        scene.tasks.append(scene.product.outside.do(self._begin()))
        self.api("PUT", "/api/v1/me/state", {"state": "ready"})
        stacks.until(lambda: self.api("GET", "/api/v1/me/state")["state"] == "ready", timeout=20, what="he is ready")

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.product.api(self.token, method, path, body)

    async def _begin(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.employee.live())


class Town:
    """Clients who take calls all at once: each answers after a ring, but for those who are not at home, and talks."""

    def __init__(self, scene: Scene, talk: float) -> None:
        self.phone, self.talk = scene.street.phone, talk
        self.called: list[str] = []
        self.answered: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()

    async def live(self) -> None:
        while True:
            call = await self.phone.incoming(timeout=10_000)
            task = asyncio.create_task(self._take(call))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _take(self, call: Any) -> None:
        number = call.invite.start.split("sip:")[1].split("@")[0]
        self.called.append(number)
        call.ring()
        await asyncio.sleep(0.5)
        if int(number[-2:]) % 2:
            call.reject()
        else:
            call.answer()
            self.answered.append(number)
            with contextlib.suppress(TimeoutError):
                await call.until("ended", timeout=self.talk)
            if not call.states["ended"].is_set():
                call.bye()


def test_predictive_keeps_a_team_busy_and_accounts_for_everybody(scene: Scene) -> None:
    colleagues = [Colleague(scene, number) for number in (2, 3)]
    # The street's own way of one call at a time gives way to a town.
    town = Town(scene, talk=1.5)
    scene.tasks[0].get_loop().call_soon_threadsafe(scene.tasks[0].cancel)
    scene.tasks.append(scene.product.outside.do(_settle(town)))
    numbers = tuple(f"+791655506{n:02d}" for n in range(24))
    made = scene.make("Predictive", numbers, mode="predictive")
    scene.act(made, "start")
    join(scene, made)
    for one in colleagues:
        one.api("POST", f"/api/v1/dial-lists/{made}/join")
    stacks.until(lambda: scene.list(made)["status"] == "finished", timeout=120, what="the list is through")
    assert Counter(town.called) == Counter(numbers)
    shown = scene.list(made)
    # Every second one was busy; who answered talked to somebody, or met nobody and was counted as such.
    assert shown["outcomes"]["busy"] == 12
    assert shown["outcomes"].get("answered", 0) + shown["outcomes"].get("abandoned", 0) == len(town.answered) == 12
    ledger = team(scene, made)
    assert (ledger["persons"], ledger["abandoned"]) == (12, shown["outcomes"].get("abandoned", 0))
    # Each phone was rung once.
    assert [one.rang for one in (scene.employee, *(one.employee for one in colleagues))] == [1, 1, 1]
    for one in colleagues:
        one.api("PUT", "/api/v1/me/state", {"state": "offline"})


async def _settle(town: Town) -> asyncio.Task[None]:
    return asyncio.create_task(town.live())
