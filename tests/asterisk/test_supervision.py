"""A supervisor at a call on a real Asterisk: who hears whom in each mode, by tones, also in the recording."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.asterisk.test_recording_way import RATE, finished, mostly, sound
from tests.support import stack as stacks
from tests.support.stack import SALES, Stack
from tests.support.telephone import Telephone
from tests.support.tones import strength
from tests.traces.phone import Call

CLIENT_HZ, AGENT_HZ, BOSS_HZ = 440.0, 1000.0, 1700.0
HEARD, SILENT = 0.1, 0.01


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    data = tmp_path_factory.mktemp("product")
    (data / "callcenter.toml").write_text("disk_alert_mb = 1\n")
    stack = stacks.start(data)
    try:
        yield stack
    finally:
        stacks.stop(stack)


@dataclass
class Employee:
    """Somebody with a plain SIP phone that says a tone, and his token."""

    stack: Stack
    token: str
    agent_id: int
    phone: Telephone

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.stack.api(self.token, method, path, body)


def employee(product: Stack, email: str, tone: float) -> Employee:
    token = product.token(email)
    login = next(d for d in product.api(token, "GET", "/api/v1/me/devices")["devices"] if d["kind"] == "sip")
    phone = product.outside.phone(login["login"], product.settings.sip_port, password=login["password"], tone=tone)
    me = product.api(token, "GET", "/api/v1/me/state")
    found = Employee(product, token, me["id"], phone)
    stacks.until(lambda: found.api("GET", "/api/v1/me/state")["device"] == "sip", what="his phone is on line")
    return found


@pytest.fixture
def operator(product: Stack) -> Iterator[Employee]:
    found = employee(product, "operator1@demo.example", AGENT_HZ)
    found.api("PUT", "/api/v1/me/state", {"state": "ready"})
    yield found
    found.api("PUT", "/api/v1/me/state", {"state": "offline"})
    product.outside.do(found.phone.register(expires=0))
    product.outside.hang_up_all()


@pytest.fixture
def second(product: Stack, operator: Employee) -> Employee:
    """Another operator, not in any queue."""
    return employee(product, "operator2@demo.example", 700.0)


@pytest.fixture
def boss(product: Stack, operator: Employee) -> Employee:
    return employee(product, "supervisor@demo.example", BOSS_HZ)


@dataclass
class Talk:
    """A client and an operator who talk."""

    client: Telephone
    call: Call
    ringing: Call
    call_id: str


@pytest.fixture
def talk(product: Stack, operator: Employee) -> Talk:
    return begin_talk(product, operator, f"7916{time.time_ns() // 10**6 % 10**7:07}")


def begin_talk(product: Stack, operator: Employee, number: str) -> Talk:
    client = product.caller(number, tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    ringing = product.outside.do(operator.phone.incoming())
    product.outside.now(ringing.answer)
    product.outside.do(operator.phone.hears(CLIENT_HZ, 0.5))
    call_id = stacks.until(lambda: running(operator, "+" + number), what="the call is shown")
    return Talk(client, call, ringing, call_id)


def running(who: Employee, number: str) -> str | None:
    calls = who.api("GET", "/api/v1/calls")["calls"]
    return next((c["id"] for c in calls if c["client_number"] == number and c["state"] != "ended"), None)


def levels(phone: Telephone, seconds: float = 0.6) -> dict[float, float]:
    """How loud each tone is in what a phone hears from now on."""
    phone.forget()
    stacks.until(lambda: len(phone.heard) >= RATE * seconds, what=f"{phone.user} hears something at all")
    heard = phone.listen()
    size = RATE // 10
    return {
        hz: statistics.median(strength(heard[at : at + size], hz) for at in range(0, len(heard) - size + 1, size))
        for hz in (CLIENT_HZ, AGENT_HZ, BOSS_HZ)
    }


def hears(phone: Telephone, *wanted: float, timeout: float = 6.0) -> None:
    """Waits until a phone hears exactly these tones of the three."""
    said: list[dict[float, float]] = []

    def look() -> bool:
        said.append(levels(phone))
        return all((level > HEARD) if hz in wanted else (level < SILENT) for hz, level in said[-1].items())

    try:
        stacks.until(look, timeout=timeout)
    except AssertionError:
        raise AssertionError(f"{phone.user} hears {said[-1]}, not {wanted}") from None


def listen_in(product: Stack, boss: Employee, agent_id: int, mode: str = "listen") -> tuple[dict[str, Any], Call]:
    spy = boss.api("POST", "/api/v1/supervision/spies", {"agent_id": agent_id, "mode": mode})
    ringing = product.outside.do(boss.phone.incoming())
    product.outside.now(ringing.answer)
    stacks.until(lambda: boss.api("GET", "/api/v1/supervision/spies")["spy"]["state"] == "up", what="he listens")
    return spy, ringing


@pytest.mark.rule("SUP-03")
def test_whisper_reaches_the_agent_and_not_the_client(
    product: Stack, operator: Employee, boss: Employee, talk: Talk, tmp_path: Path
) -> None:
    spy, leg = listen_in(product, boss, operator.agent_id)
    hears(boss.phone, CLIENT_HZ, AGENT_HZ)
    hears(operator.phone, CLIENT_HZ)
    hears(talk.client, AGENT_HZ)
    address = f"/api/v1/supervision/spies/{spy['id']}"
    boss.api("PUT", address, {"mode": "whisper"})
    hears(operator.phone, CLIENT_HZ, BOSS_HZ)
    hears(talk.client, AGENT_HZ)
    hears(boss.phone, CLIENT_HZ, AGENT_HZ)
    time.sleep(2)
    boss.api("PUT", address, {"mode": "listen"})
    hears(operator.phone, CLIENT_HZ)
    hears(talk.client, AGENT_HZ)
    # One call of the supervisor's phone all the time.
    assert len(boss.phone.calls) == 1
    assert not leg.states["ended"].is_set()
    product.outside.now(talk.call.bye)
    stacks.until(lambda: leg.states["ended"].is_set(), what="his leg ends with the call")
    assert boss.api("GET", "/api/v1/supervision/spies")["spy"] is None
    found = finished(operator, "+" + talk.client.user)
    left, right = sound(operator, found, tmp_path)
    assert max(loudest(left, BOSS_HZ), loudest(right, BOSS_HZ)) < SILENT
    assert mostly(left, AGENT_HZ) > HEARD
    assert mostly(right, CLIENT_HZ) > HEARD


def loudest(channel: Any, hz: float) -> float:
    """The loudest piece of 0.1 s at ``hz``, without the first and last half second."""
    channel = channel[RATE // 2 : -RATE // 2]
    size = RATE // 10
    pieces = sorted(strength(channel[at : at + size], hz) for at in range(0, len(channel) - size + 1, size))
    return pieces[int(len(pieces) * 0.97)]


@pytest.mark.rule("SUP-03")
def test_barge_reaches_both(product: Stack, operator: Employee, boss: Employee, talk: Talk) -> None:
    spy, _ = listen_in(product, boss, operator.agent_id, "barge")
    hears(operator.phone, CLIENT_HZ, BOSS_HZ)
    hears(talk.client, AGENT_HZ, BOSS_HZ)
    hears(boss.phone, CLIENT_HZ, AGENT_HZ)
    for _ in range(3):
        for mode, agent, client in [
            ("whisper", (CLIENT_HZ, BOSS_HZ), (AGENT_HZ,)),
            ("listen", (CLIENT_HZ,), (AGENT_HZ,)),
            ("barge", (CLIENT_HZ, BOSS_HZ), (AGENT_HZ, BOSS_HZ)),
        ]:
            boss.api("PUT", f"/api/v1/supervision/spies/{spy['id']}", {"mode": mode})
            hears(operator.phone, *agent)
            hears(talk.client, *client)
    assert len(boss.phone.calls) == 1


@pytest.mark.rule("SUP-03")
def test_a_spy_is_no_call_and_stands_in_the_audit_log(
    product: Stack, operator: Employee, boss: Employee, talk: Talk
) -> None:
    before = boss.api("GET", "/api/v1/calls")["total"]
    spy, leg = listen_in(product, boss, operator.agent_id)
    hears(boss.phone, CLIENT_HZ, AGENT_HZ)
    boss.api("PUT", f"/api/v1/supervision/spies/{spy['id']}", {"mode": "whisper"})
    assert boss.api("GET", "/api/v1/me/state")["call_id"] is None
    assert operator.api("GET", "/api/v1/me/listeners")["listeners"][0]["mode"] == "whisper"
    product.outside.now(leg.bye)
    stacks.until(lambda: boss.api("GET", "/api/v1/supervision/spies")["spy"] is None, what="he is gone")
    assert operator.api("GET", "/api/v1/me/listeners")["listeners"] == []
    hears(operator.phone, CLIENT_HZ)
    product.outside.now(talk.call.bye)
    detail = stacks.until(
        lambda: (d := boss.api("GET", f"/api/v1/calls/{talk.call_id}"))["call"]["state"] == "ended" and d,
        what="the call has ended",
    )
    assert {leg["agent"]["id"] for leg in detail["legs"] if leg["agent"]} == {operator.agent_id}
    # The journal has a minute's rhythm; it is asked at once when the server starts.
    assert boss.api("GET", "/api/v1/calls")["total"] == before
    admin = product.token("admin@demo.example")
    entries = product.api(admin, "GET", f"/api/v1/audit?object=call&object_id={talk.call_id}")["entries"]
    assert [e["action"] for e in reversed(entries)] == ["spy.begin", "spy.mode", "spy.end"]
    assert entries[0]["detail"]["why"] == "phone"


@pytest.mark.rule("SUP-04")
def test_any_call_is_redirected_and_hung_up(
    product: Stack, operator: Employee, second: Employee, boss: Employee, talk: Talk
) -> None:
    address = f"/api/v1/supervision/calls/{talk.call_id}"
    boss.api("POST", f"{address}/redirect", {"kind": "agent", "target": str(second.agent_id)})
    ringing = product.outside.do(second.phone.incoming())
    product.outside.now(ringing.answer)
    product.outside.do(second.phone.hears(CLIENT_HZ, 0.5))
    stacks.until(lambda: talk.ringing.states["ended"].is_set(), what="the first agent is let go")
    stacks.until(
        lambda: boss.api("GET", f"/api/v1/calls/{talk.call_id}")["call"]["agent_id"] == second.agent_id,
        what="the call is the second agent's",
    )
    boss.api("POST", f"{address}/hangup")
    stacks.until(lambda: talk.call.states["ended"].is_set(), what="the client is hung up")
    detail = stacks.until(
        lambda: (d := boss.api("GET", f"/api/v1/calls/{talk.call_id}"))["call"]["state"] == "ended" and d,
        what="the call has ended",
    )
    kinds = [step["kind"] for step in detail["story"]]
    assert kinds[kinds.index("redirected") :][:4] == ["redirected", "rang", "answered", "hangup"]


@pytest.mark.rule("SUP-05")
def test_the_last_caller_is_moved_to_the_front_and_keeps_his_wait(
    product: Stack, operator: Employee, boss: Employee
) -> None:
    operator.api("PUT", "/api/v1/me/state", {"state": "paused", "reason": "lunch"})
    calls = []
    for n in range(3):
        client = product.caller(f"7916555000{n}", tone=CLIENT_HZ)
        calls.append(product.ring(client, SALES))
        stacks.until(lambda: len(waiting(boss)) == len(calls), timeout=20, what="he waits")
    before = waiting(boss)
    assert [w["number"][-1] for w in before] == ["0", "1", "2"]
    boss.api("POST", f"/api/v1/supervision/calls/{before[2]['call_id']}/front")
    stacks.until(lambda: [w["number"][-1] for w in waiting(boss)] == ["2", "0", "1"], what="the last is first")
    assert waiting(boss)[0]["since"] == before[2]["since"]
    boss.api("POST", f"/api/v1/supervision/calls/{before[1]['call_id']}/front")
    stacks.until(lambda: [w["number"][-1] for w in waiting(boss)] == ["1", "2", "0"], what="and the next")
    operator.api("PUT", "/api/v1/me/state", {"state": "ready"})
    ringing = product.outside.do(operator.phone.incoming())
    product.outside.now(ringing.answer)
    stacks.until(lambda: [w["number"][-1] for w in waiting(boss)] == ["2", "0"], what="Asterisk has the same order")
    call = boss.api("GET", f"/api/v1/calls/{before[1]['call_id']}")["call"]
    assert call["queued_at"][:23] == before[1]["since"][:23]


@pytest.mark.rule("SUP-05")
def test_a_waiting_caller_is_moved_to_another_queue_and_keeps_his_wait(
    product: Stack, operator: Employee, boss: Employee
) -> None:
    operator.api("PUT", "/api/v1/me/state", {"state": "paused", "reason": "lunch"})
    queues = {q["name"]: q["id"] for q in boss.api("GET", "/api/v1/supervision/waiting")["queues"]}
    client = product.caller("79165550009", tone=CLIENT_HZ)
    product.ring(client, SALES)
    before = stacks.until(lambda: waiting(boss), timeout=20, what="he waits")[0]
    boss.api(
        "POST",
        f"/api/v1/supervision/calls/{before['call_id']}/redirect",
        {"kind": "queue", "target": str(queues["Поддержка"])},
    )

    def there() -> list[dict[str, Any]]:
        found = boss.api("GET", "/api/v1/supervision/waiting")["queues"]
        return [w for q in found if q["name"] == "Поддержка" for w in q["waiting"]]

    moved = stacks.until(there, what="he waits in the other queue")[0]
    assert (moved["call_id"], moved["since"]) == (before["call_id"], before["since"])


def waiting(who: Employee) -> list[dict[str, Any]]:
    queues = who.stack.api(who.token, "GET", "/api/v1/supervision/waiting")["queues"]
    return [one for queue in queues for one in queue["waiting"]]


@pytest.mark.rule("SUP-03")
def test_a_server_that_was_killed_finds_its_spy_again(
    product: Stack, operator: Employee, boss: Employee, talk: Talk
) -> None:
    spy, leg = listen_in(product, boss, operator.agent_id, "whisper")
    hears(operator.phone, CLIENT_HZ, BOSS_HZ)
    os.kill(product.server_pid(), signal.SIGKILL)
    # Asterisk carries it on meanwhile.
    hears(operator.phone, CLIENT_HZ, BOSS_HZ)

    def back() -> dict[str, Any] | None:
        with contextlib.suppress(OSError):
            found = boss.api("GET", "/api/v1/supervision/spies")["spy"]
            return found if found and found["state"] == "up" else None
        return None

    found = stacks.until(back, timeout=40, what="the server is back and knows who listens")
    assert (found["id"], found["mode"]) == (spy["id"], "whisper")
    boss.api("PUT", f"/api/v1/supervision/spies/{spy['id']}", {"mode": "listen"})
    hears(operator.phone, CLIENT_HZ)
    calls = boss.api("GET", "/api/v1/calls")["calls"]
    assert [c["id"] for c in calls if c["state"] != "ended"] == [talk.call_id]
    product.outside.now(talk.call.bye)
    stacks.until(lambda: leg.states["ended"].is_set(), what="his leg ends with the call")
