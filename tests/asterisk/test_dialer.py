"""A dial list on a real Asterisk with the whole product: telephones ring, tones are heard, servers are killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from callcenter.demo import names
from callcenter.demo.world import personal_number
from tests.support import stack as stacks
from tests.support.stack import Stack
from tests.support.telephone import Telephone
from tests.traces.phone import Call

CLIENT_HZ, AGENT_HZ = 440.0, 1000.0
OPERATOR = "operator1@demo.example"
NUMBERS = ("+79165550101", "+79165550102", "+79165550103")
API = "/api/v1/dial-lists"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = stacks.start(tmp_path_factory.mktemp("product"))
    try:
        yield stack
    finally:
        stacks.stop(stack)


@dataclass
class Street:
    """Clients outside: how they take calls, by number (answer, busy, silent), and when each was called and was over."""

    phone: Telephone
    ways: dict[str, str] = field(default_factory=dict)
    talk: float = 1.0
    called: list[str] = field(default_factory=list)
    rang_at: list[float] = field(default_factory=list)
    over_at: list[float] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    async def live(self) -> None:
        """Takes the calls. Each has its own time: of one whose exchange was killed nobody hears an end."""
        async with asyncio.TaskGroup() as calls:
            while True:
                calls.create_task(self._take(await self.phone.incoming(timeout=10_000)))

    async def _take(self, call: Call) -> None:
        assert call.invite is not None
        number = call.invite.start.split("sip:")[1].split("@")[0]
        self.called.append(number)
        self.rang_at.append(time.monotonic())
        self.seen.append(call.invite.headers["from"])
        way = self.ways.get(number, "answer")
        if way == "busy":
            call.reject()
        elif way == "silent":
            call.ring()
        else:
            call.answer()
            await asyncio.sleep(self.talk)
            call.bye()
        with suppress(TimeoutError, AssertionError):
            await call.until("ended", timeout=60)
            self.over_at.append(time.monotonic())


@dataclass
class Employee:
    """The operator's telephone, which answers while ``takes``; how often it rang."""

    phone: Telephone
    takes: bool = True
    rang: int = 0

    async def live(self) -> None:
        """Answers one call after another."""
        while True:
            call = await self.phone.incoming(timeout=10_000)
            self.rang += 1
            if self.takes:
                call.answer()
            else:
                call.ring()


class Scene:
    """An operator with his telephone, clients in the street, and lists of them."""

    def __init__(self, product: Stack) -> None:
        self.product, self.token = product, product.token(OPERATOR)
        self.tasks: list[asyncio.Task[None]] = []
        self.street = Street(product.carrier(tone=CLIENT_HZ))
        devices = self.api("GET", "/api/v1/me/devices")["devices"]
        login = next(device for device in devices if device["kind"] == "sip")
        phone = product.outside.phone(
            login["login"], product.settings.sip_port, password=login["password"], tone=AGENT_HZ
        )
        self.employee = Employee(phone)
        product.outside.do(self._begin())
        self.ready()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.product.api(self.token, method, path, body)

    async def _begin(self) -> None:
        self.tasks = [asyncio.create_task(one.live()) for one in (self.street, self.employee)]

    def end(self) -> None:
        async def stop() -> None:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

        self.product.outside.do(stop())
        self.api("PUT", "/api/v1/me/state", {"state": "offline"})

    def ready(self) -> None:
        """The operator wants calls, and his phone is on line."""
        self.api("PUT", "/api/v1/me/state", {"state": "ready"})
        stacks.until(
            lambda: (now := self.api("GET", "/api/v1/me/state"))["device"] == "sip" and now["state"] == "ready",
            timeout=20,
            what="the operator is ready",
        )

    def make(self, city: str, numbers: tuple[str, ...] = NUMBERS, **form: Any) -> int:
        """A list of new clients with these numbers."""
        for n, number in enumerate(numbers):
            card = {"first_name": f"{city}{n}", "last_name": "Listed", "city": city, "phones": [{"number": number}]}
            self.api("POST", "/api/v1/contacts", card)
        where = {"field": "city", "op": "equals", "value": city}
        made = self.api("POST", API, {"title": city, "where": where, "pause": 0, **form})["id"]
        stacks.until(lambda: self.list(made)["filled"], what="the list is written")
        return int(made)

    def list(self, list_id: int) -> Any:
        return self.api("GET", f"{API}/{list_id}")

    def act(self, list_id: int, action: str) -> Any:
        return self.api("POST", f"{API}/{list_id}/{action}")

    def until_finished(self, list_id: int, timeout: float = 60.0) -> Any:
        stacks.until(lambda: self.list(list_id)["status"] == "finished", timeout=timeout, what="the list is through")
        return self.list(list_id)


@pytest.fixture
def scene(product: Stack) -> Iterator[Scene]:
    found = Scene(product)
    yield found
    found.end()
    product.outside.hang_up_all()


@pytest.mark.rule("OUT-05", "OUT-06", "OUT-07")
def test_three_clients_are_called_one_after_another_and_everybody_hears_everybody(scene: Scene) -> None:
    made = scene.make("Without")
    scene.street.talk = 3.0
    scene.act(made, "start")
    for number in NUMBERS:
        stacks.until(lambda one=number: one in scene.street.called, what=f"{number} is called")
        # First the employee's phone, then the client: they hear each other.
        scene.product.outside.do(scene.street.phone.hears(AGENT_HZ, 0.3))
        scene.product.outside.do(scene.employee.phone.hears(CLIENT_HZ, 0.3))
        stacks.until(lambda one=number: len(scene.street.over_at) > NUMBERS.index(one), what="the talk is over")
    shown = scene.until_finished(made)
    assert scene.street.called == list(NUMBERS)
    assert shown["outcomes"] == {"answered": 3}
    assert scene.employee.rang == 3
    # The client sees the number of the employee.
    place = next(n for n, (email, _, _) in enumerate(names.PEOPLE) if email == OPERATOR)
    assert all(personal_number(place) in one for one in scene.street.seen), scene.street.seen
    # With no pause the next one is called at once.
    gaps = [b - a for a, b in zip(scene.street.over_at, scene.street.rang_at[1:], strict=False)]
    assert max(gaps) < 2.0, gaps


@pytest.mark.rule("OUT-04", "OUT-05")
def test_the_pause_lasts_as_long_as_it_was_chosen_and_is_seen_as_wrap_up(scene: Scene) -> None:
    made = scene.make("Pause", NUMBERS[:2], pause=10)
    scene.act(made, "start")
    stacks.until(lambda: scene.street.over_at, what="the first talk is over")
    stacks.until(lambda: scene.api("GET", "/api/v1/me/state")["state"] == "wrapup", what="the pause is his wrap-up")
    scene.until_finished(made)
    gap = scene.street.rang_at[1] - scene.street.over_at[0]
    assert 9.5 < gap < 12.0, gap


def test_who_does_not_answer_or_is_busy_gives_way_to_the_next(scene: Scene) -> None:
    made = scene.make("Away")
    scene.street.ways = {NUMBERS[0]: "busy", NUMBERS[1]: "silent"}
    scene.act(made, "start")
    stacks.until(lambda: NUMBERS[1] in scene.street.called, what="the second is called")
    # The employee has waited long enough.
    time.sleep(1.0)
    ringing = next(one for one in scene.api("GET", "/api/v1/me/dial-list")["run"].items() if one[0] == "phase")
    assert ringing == ("phase", "calling")
    scene.product.outside.now(_hang_up, scene.employee.phone)
    shown = scene.until_finished(made)
    assert scene.street.called == list(NUMBERS)
    assert shown["outcomes"] == {"busy": 1, "no_answer": 1, "answered": 1}


def _hang_up(phone: Telephone) -> None:
    for call in phone.calls.values():
        if call.states["answered"].is_set() and not call.states["ended"].is_set():
            call.bye()


def test_an_employee_who_does_not_answer_pauses_his_list_and_nobody_is_called(scene: Scene) -> None:
    made = scene.make("Nobody", NUMBERS[:1])
    scene.employee.takes = False
    scene.act(made, "start")
    stacks.until(lambda: scene.employee.rang, what="his phone rings")
    scene.act(made, "stop")
    stacks.until(lambda: scene.list(made)["left"] == 1 and not _busy(scene), what="the client is due again")
    shown = scene.list(made)
    assert (shown["status"], shown["agent"], scene.street.called) == ("paused", None, [])


def _busy(scene: Scene) -> bool:
    return bool(scene.api("GET", "/api/v1/me/state").get("call_id"))


# `CALLCENTER_TEST_KILLS=100` takes half an hour.
KILLS = int(os.environ.get("CALLCENTER_TEST_KILLS", "5"))


@pytest.mark.rule("OBD-10")
@pytest.mark.timeout(120 + 30 * KILLS)
def test_whatever_is_killed_at_any_moment_nobody_is_called_twice_and_nobody_is_lost(scene: Scene) -> None:
    numbers = tuple(f"+7916556{n:04d}" for n in range(2 * KILLS))
    made = scene.make("Killed", numbers)
    scene.street.talk = 1.5
    scene.act(made, "start")
    dice = random.Random(int(os.environ.get("CALLCENTER_TEST_SEED", "7")))
    for killed in range(KILLS):
        seen = len(scene.street.called)
        _goes_on(scene, made, lambda count=seen: len(scene.street.called) > count or _through(scene, numbers))
        # Anywhere in a call's life: while the agent's phone or the client's rings, in the talk, in the closing of it.
        time.sleep(dice.uniform(0.0, 3.0))
        if killed % 3 == 2:
            pid = scene.product.asterisk_pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            stacks.until(lambda old=pid: scene.product.asterisk_pid() not in (old, None), timeout=60, what="Asterisk")
        else:
            pid = scene.product.server_pid()
            os.kill(pid, signal.SIGKILL)
            stacks.until(lambda old=pid: _another(scene, old), timeout=60, what="the server is back")
    _goes_on(scene, made, lambda: scene.list(made)["status"] == "finished", timeout=240)
    twice = {number: times for number, times in Counter(scene.street.called).items() if times > 1}
    assert not twice
    assert set(scene.street.called) == set(numbers)
    shown = scene.list(made)
    assert (shown["left"], sum(shown["outcomes"].values())) == (0, len(numbers))


def _goes_on(scene: Scene, made: int, done: Callable[[], bool], timeout: float = 90) -> None:
    """Waits; a list that paused because its telephone or its line was away is started again, as its agent would."""

    def look() -> bool:
        try:
            if done():
                return True
            if scene.list(made)["status"] == "paused":
                # A registration does not outlast hundreds of seconds, and not each death of the exchange.
                scene.product.outside.do(scene.employee.phone.register())
                scene.ready()
                scene.act(made, "start")
        except (OSError, AssertionError):
            # The server is away, or Asterisk: once more.
            pass
        return False

    try:
        stacks.until(look, timeout=timeout, what="the list goes on")
    except AssertionError as problem:
        raise AssertionError(
            f"{problem}: {scene.list(made)}, {scene.api('GET', '/api/v1/me/state')}, called {scene.street.called[-3:]}"
        ) from None


def _through(scene: Scene, numbers: tuple[str, ...]) -> bool:
    return len(scene.street.called) >= len(numbers)


def _another(scene: Scene, pid: int) -> bool:
    try:
        return scene.product.server_pid() != pid and bool(scene.api("GET", "/api/v1/me/state"))
    except Exception:
        return False
