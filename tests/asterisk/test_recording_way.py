"""Calls through the whole product on a real Asterisk: what was said stands in the recording, each voice on its side."""

from __future__ import annotations

import array
import contextlib
import os
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from callcenter.telephony.asterisk.instance import ASTERISK_ID, Instance
from tests.support import stack as stacks
from tests.support.stack import SALES, Stack
from tests.support.telephone import Telephone
from tests.support.tones import RATE, decoded, strength
from tests.traces.phone import Call

CLIENT_HZ, AGENT_HZ = 440, 1000
OUTSIDE = "+79167654321"
SECOND_LINE = "+74950000002"
# A tone of 0.4 of full scale goes through µ-law and Opus; this is clearly it, and the other one is clearly not.
HEARD, SILENT = 0.25, 0.01


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The demo with a real Asterisk and without robots; a disk is worth an alert below 1 MB."""
    data = tmp_path_factory.mktemp("product")
    (data / "callcenter.toml").write_text("disk_alert_mb = 1\n")
    stack = stacks.start(data)
    try:
        yield stack
    finally:
        stacks.stop(stack)


@dataclass
class Operator:
    """An operator with a plain SIP phone that says 1000 Hz, and his token."""

    stack: Stack
    token: str
    agent_id: int
    phone: Telephone

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return self.stack.api(self.token, method, path, body)

    def answer(self) -> Call:
        """Takes the call that rings."""
        ringing = self.stack.outside.do(self.phone.incoming())
        self.stack.outside.now(ringing.answer)
        return ringing


@pytest.fixture(scope="module")
def tokens(product: Stack) -> dict[str, str]:
    return {who: product.token(f"{who}@demo.example") for who in ("operator1", "operator2", "supervisor", "admin")}


@pytest.fixture
def operator(product: Stack, tokens: dict[str, str]) -> Iterator[Operator]:
    token = tokens["operator1"]
    devices = product.api(token, "GET", "/api/v1/me/devices")["devices"]
    login = next(device for device in devices if device["kind"] == "sip")
    phone = product.outside.phone(login["login"], product.settings.sip_port, password=login["password"], tone=AGENT_HZ)
    me = product.api(token, "PUT", "/api/v1/me/state", {"state": "ready"})
    found = Operator(product, token, me["id"], phone)
    stacks.until(
        lambda: (now := found.api("GET", "/api/v1/me/state"))["device"] == "sip" and now["state"] == "ready",
        what="the operator is ready",
    )
    yield found
    found.api("PUT", "/api/v1/me/state", {"state": "offline"})
    product.outside.do(phone.register(expires=0))
    product.outside.hang_up_all()


def talk(stack: Stack, client: Telephone, operator: Operator, seconds: float = 2.0) -> None:
    """Each hears the other's tone for so long."""
    stack.outside.do(operator.phone.hears(CLIENT_HZ, seconds, timeout=seconds + 10), seconds + 15)
    stack.outside.do(client.hears(AGENT_HZ, seconds, timeout=seconds + 10), seconds + 15)


def finished(operator: Operator, number: str) -> dict[str, Any]:
    """The newest call with ``number`` once its recording is ready."""
    seen: list[dict[str, Any]] = []

    def look() -> dict[str, Any] | None:
        calls = operator.api("GET", "/api/v1/calls")["calls"]
        seen[:] = [one for one in calls if one["client_number"] == number][:1]
        ready = seen and seen[0]["recording"] and seen[0]["recording"]["state"] == "ready"
        return seen[0] if ready else None

    try:
        found: dict[str, Any] = stacks.until(look, timeout=60, what="the recording is ready")
    except AssertionError:
        lying = {path.name: path.stat().st_size for path in raw_folder(operator.stack).iterdir()}
        raise AssertionError(f"the recording is not ready: {seen}, raw files {lying}") from None
    return found


def get(stack: Stack, token: str, path: str) -> tuple[int, bytes]:
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        stack.base_url + path, headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def sound(operator: Operator, call: dict[str, Any], folder: Path) -> list[array.array[int]]:
    """The recording as everybody gets it: the channels of the Opus file."""
    status, content = get(operator.stack, operator.token, call["recording"]["url"])
    assert status == 200
    file = folder / "got.opus"
    file.write_bytes(content)
    channels = decoded(file)
    assert len(channels) == 2
    return channels


def mostly(channel: array.array[int], hz: float) -> float:
    """How loud ``hz`` is in most pieces of 0.1 s; a lost packet moves its phase, so the whole would tell less."""
    size = RATE // 10
    return statistics.median(strength(channel[at : at + size], hz) for at in range(0, len(channel) - size + 1, size))


def has_each_voice_on_its_side(channels: list[array.array[int]], seconds: float) -> None:
    left, right = channels
    assert len(left) / RATE >= seconds
    # The first and the last moments may hold the begin and the end of the talk.
    left, right = left[RATE // 2 : -RATE // 2], right[RATE // 2 : -RATE // 2]
    assert mostly(left, AGENT_HZ) > HEARD
    assert mostly(right, CLIENT_HZ) > HEARD
    assert mostly(left, CLIENT_HZ) < SILENT
    assert mostly(right, AGENT_HZ) < SILENT


def raw_folder(stack: Stack) -> Path:
    return Instance.from_settings(stack.settings).recordings


@pytest.mark.rule("REC-04")
def test_a_call_that_comes_in_is_recorded(product: Stack, operator: Operator, tmp_path: Path) -> None:
    client = product.caller("79161110001", tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    operator.answer()
    talk(product, client, operator)
    product.outside.now(call.bye)
    found = finished(operator, "+79161110001")
    assert (found["direction"], found["result"]) == ("in", "answered")
    assert found["recording"]["duration"] == pytest.approx(found["talk_seconds"], abs=1.0)
    has_each_voice_on_its_side(sound(operator, found, tmp_path), 4)
    stacks.until(lambda: not list(raw_folder(product).iterdir()), what="the raw files are gone")


@pytest.mark.rule("REC-04")
def test_a_caller_who_waited_long_is_recorded_all_the_same(product: Stack, operator: Operator, tmp_path: Path) -> None:
    client = product.caller("79161110007", tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    # His files are empty while nobody talks to him: longer than such files are kept without a call.
    stacks.until(
        lambda: any(time.time() - path.stat().st_mtime > 12 for path in raw_folder(product).glob("*-client.wav")),
        timeout=30,
        what="he has waited for 12 seconds",
    )
    operator.answer()
    talk(product, client, operator, 1)
    product.outside.now(call.bye)
    found = finished(operator, "+79161110007")
    assert found["recording"]["duration"] == pytest.approx(found["talk_seconds"], abs=1.0)
    has_each_voice_on_its_side(sound(operator, found, tmp_path), 2)


@pytest.mark.rule("REC-04")
def test_a_call_from_an_operators_phone_is_recorded(product: Stack, operator: Operator, tmp_path: Path) -> None:
    carrier = product.carrier(tone=CLIENT_HZ)
    call = product.ring(operator.phone, OUTSIDE)
    outside = product.outside.do(carrier.incoming())
    product.outside.now(outside.ring)
    product.outside.now(outside.answer)
    talk(product, carrier, operator)
    product.outside.now(call.bye)
    found = finished(operator, OUTSIDE)
    assert (found["direction"], found["result"]) == ("out", "answered")
    has_each_voice_on_its_side(sound(operator, found, tmp_path), 4)


@pytest.mark.rule("REC-04")
def test_a_clicked_call_is_recorded(product: Stack, operator: Operator, tmp_path: Path) -> None:
    carrier = product.carrier(tone=CLIENT_HZ)
    made = operator.api("POST", "/api/v1/calls", {"to": "+79167654322"})
    operator.answer()
    outside = product.outside.do(carrier.incoming())
    product.outside.now(outside.answer)
    talk(product, carrier, operator)
    # The client hangs up.
    product.outside.now(outside.bye)
    found = finished(operator, "+79167654322")
    assert found["id"] == made["id"]
    assert (found["direction"], found["result"]) == ("out", "answered")
    has_each_voice_on_its_side(sound(operator, found, tmp_path), 4)


@pytest.fixture
def forwarded(product: Stack, tokens: dict[str, str]) -> Iterator[str]:
    """All numbers lead who reaches nobody to the company's second line, in one step; calls there have a price."""

    def ask(method: str, path: str, body: Any = None) -> Any:
        return product.api(tokens["admin"], method, f"/api/v1{path}", body)

    before = {one["id"]: one["forward"] for one in ask("GET", "/numbers")["numbers"]}
    price = ask("POST", "/call-prices", {"prefix": SECOND_LINE, "per_minute": "3.50", "connection": "1", "step": 60})
    wanted = {"mode": "one", "number": SECOND_LINE, "seconds": 15, "attempts": 2, "show": "caller"}
    after = ask("PATCH", "/numbers?apply=1", {"forward": wanted})["numbers"]
    assert [one["forward"] for one in after] == [wanted] * len(before)
    yield SECOND_LINE
    # And for one number alone.
    for number, former in before.items():
        changed = ask("PATCH", f"/numbers/{number}?apply=1", {"forward": former})
        assert changed["forward"] == former
    ask("DELETE", f"/call-prices/{price['id']}")


@pytest.mark.rule("INB-18")
def test_a_forwarded_call_is_recorded_and_costs_what_a_call_to_that_number_costs(
    product: Stack, tokens: dict[str, str], forwarded: str, tmp_path: Path
) -> None:
    supervisor = Operator(product, tokens["admin"], 0, product.caller())
    carrier = product.carrier(tone=AGENT_HZ)
    client = product.caller("79161110008", tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    outside = product.outside.do(carrier.incoming(to=forwarded[1:]), 40)
    product.outside.now(outside.answer)
    product.outside.do(client.hears(AGENT_HZ, 2), 15)
    product.outside.do(carrier.hears(CLIENT_HZ, 1), 15)
    product.outside.now(call.bye)
    found = finished(supervisor, "+79161110008")
    assert (found["direction"], found["result"], found["cost"]) == ("in", "answered", 450)
    has_each_voice_on_its_side(sound(supervisor, found, tmp_path), 3)
    # Who reaches nobody there either pays nothing.
    missed = product.caller("79161110009")
    call = product.ring(missed, SALES)
    product.outside.now(product.outside.do(carrier.incoming(to=forwarded[1:]), 40).ring)
    product.outside.now(call.bye if call.states["answered"].is_set() else call.cancel)

    def logged() -> dict[str, Any] | None:
        calls = supervisor.api("GET", "/api/v1/calls")["calls"]
        return next((one for one in calls if one["client_number"] == "+79161110009" and one["result"]), None)

    assert stacks.until(logged, what="the call is in the log")["cost"] is None


@pytest.mark.rule("REC-01")
def test_an_operator_hears_own_calls_only_and_those_above_all(
    product: Stack, operator: Operator, tokens: dict[str, str]
) -> None:
    client = product.caller("79161110002", tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    operator.answer()
    talk(product, client, operator, 0.5)
    product.outside.now(call.bye)
    url = finished(operator, "+79161110002")["recording"]["url"]
    answers = {who: get(product, token, url)[0] for who, token in tokens.items()}
    assert answers == {"operator1": 200, "operator2": 403, "supervisor": 200, "admin": 200}


def test_a_call_that_nobody_takes_has_no_recording(product: Stack, operator: Operator) -> None:
    client = product.caller("79161110003", tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    product.outside.do(operator.phone.incoming())
    product.outside.now(call.bye)
    found = stacks.until(
        lambda: next(
            (
                one
                for one in operator.api("GET", "/api/v1/calls")["calls"]
                if one["client_number"] == "+79161110003" and one["result"]
            ),
            None,
        ),
        what="the call is in the log",
    )
    assert found["recording"] is None
    stacks.until(lambda: not list(raw_folder(product).iterdir()), timeout=30, what="the empty raw files are gone")
    again = operator.api("GET", f"/api/v1/calls/{found['id']}")
    assert again["call"]["recording"] is None


@pytest.mark.parametrize("silent", ["client", "agent"])
def test_a_phone_that_sends_nothing_for_a_while_shifts_no_voice(
    product: Stack, operator: Operator, tmp_path: Path, silent: str
) -> None:
    number = {"client": "79161110004", "agent": "79161110006"}[silent]
    client = product.caller(number, tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    operator.answer()
    talk(product, client, operator, 1)
    # As phones do that save bandwidth in silence, or a network that loses everything for three seconds.
    phone = client if silent == "client" else operator.phone
    where, phone._remote = phone._remote, None
    time.sleep(3)
    phone._remote = where
    talk(product, client, operator, 1)
    product.outside.now(call.bye)
    found = finished(operator, f"+{number}")
    left, right = sound(operator, found, tmp_path)
    assert found["recording"]["duration"] == pytest.approx(found["talk_seconds"], abs=1.0)
    tail = slice(-3 * RATE // 2, -RATE // 2)
    assert mostly(left[tail], AGENT_HZ) > HEARD
    assert mostly(right[tail], CLIENT_HZ) > HEARD
    # The silence is where it was, and as long; the other voice goes on.
    own, other = (right, CLIENT_HZ), (left, AGENT_HZ)
    if silent == "agent":
        own, other = other, own

    def quiet(channel: array.array[int], hz: float) -> float:
        pieces = range(RATE, len(channel) - RATE, RATE // 10)
        return sum(strength(channel[at : at + RATE // 10], hz) < SILENT for at in pieces) / 10

    assert 2.5 <= quiet(*own) <= 3.5
    assert quiet(*other) <= 0.3


@pytest.fixture
def small_disk(product: Stack) -> Iterator[Callable[[], None]]:
    """Asterisk's folder of raw recordings on a disk of 3 MB; calling it takes all the room but 50 kB."""
    folder = raw_folder(product)
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    options = f"size=3m,uid={ASTERISK_ID},gid={ASTERISK_ID},mode=0755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode().strip()}")

    def fill() -> None:
        room = os.statvfs(folder)
        # The recording itself may take the last bytes first.
        with contextlib.suppress(OSError):
            (folder / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize - 50_000))

    yield fill
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.fault
def test_the_disk_is_full_while_recording_and_the_call_goes_on(
    product: Stack,
    operator: Operator,
    tokens: dict[str, str],
    small_disk: Callable[[], None],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    def alerts() -> dict[str, str]:
        found = product.api(tokens["supervisor"], "GET", "/api/v1/live")["alerts"]
        return {alert["key"]: alert["message"] for alert in found}

    client = product.caller("79161110005", tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    operator.answer()
    talk(product, client, operator, 1)
    assert "recordings.disk" not in alerts()
    small_disk()
    shown = stacks.until(lambda: alerts().get("recordings.disk"), timeout=30, what="the alert is shown")
    assert shown == "Диск заполнен: звонки идут, но не записываются. Освободите место."
    # Long after the last byte went out both still hear each other.
    talk(product, client, operator, 2)
    product.outside.now(call.bye)
    # What was written before is kept.
    found = finished(operator, "+79161110005")
    assert found["result"] == "answered"
    left, right = sound(operator, found, tmp_path)
    assert len(left) < (found["talk_seconds"] - 2) * RATE
    assert mostly(left[:RATE], AGENT_HZ) > HEARD
    assert mostly(right[:RATE], CLIENT_HZ) > HEARD
    (raw_folder(product) / "filler").unlink()
    stacks.until(lambda: "recordings.disk" not in alerts(), timeout=30, what="the alert is taken back")
