"""Prompts on a real Asterisk: the tone that was uploaded, or said into a phone, is the tone that a caller hears."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import stack as stacks
from tests.support import tones
from tests.support.stack import SALES, Stack

# Starting, applying and test calls take long where others work too.
pytestmark = pytest.mark.timeout(240)

UPLOADED_HZ, SAID_HZ, REPLACED_HZ = 700.0, 1200.0, 1600.0


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    data = tmp_path_factory.mktemp("product")
    (data / "callcenter.toml").write_text("disk_alert_mb = 1\n")
    stack = stacks.start(data)
    try:
        yield stack
    finally:
        stacks.stop(stack)


@pytest.fixture(scope="module")
def token(product: Stack) -> str:
    return product.token("admin@demo.example")


@pytest.fixture(autouse=True)
def quiet(product: Stack) -> Iterator[None]:
    yield
    product.outside.hang_up_all()


def upload(product: Stack, token: str, path: str, file: Path) -> dict[str, Any]:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="tone.wav"\r\n\r\n'
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        product.base_url + path,
        method="POST",
        data=body + file.read_bytes() + b"\r\n--x--\r\n",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data; boundary=x"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return dict(json.loads(answer.read()))


def greet_with(product: Stack, token: str, name: str) -> None:
    """Makes a prompt the greeting of the first number, and applies that."""
    number = next(n for n in product.api(token, "GET", "/api/v1/numbers")["numbers"] if n["e164"] == SALES)
    product.api(token, "PATCH", f"/api/v1/numbers/{number['id']}", {"greeting": name})
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        product.base_url + "/api/v1/routing/apply",
        method="POST",
        data=b"{}",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    # An apply ends with a test call, which takes its time.
    with urllib.request.urlopen(request, timeout=90) as answer:  # noqa: S310
        assert answer.status == 200


def greeting_heard(product: Stack, hz: float) -> None:
    caller = product.caller()
    call = product.ring(caller, SALES)
    product.outside.do(caller.hears(hz, 1.0))
    product.outside.now(call.bye)


@pytest.mark.rule("DPL-08")
@pytest.mark.rule("INB-20")
def test_the_tone_that_was_uploaded_is_the_tone_that_a_caller_hears(product: Stack, token: str, tmp_path: Path) -> None:
    file = tones.wav(tmp_path / "tone.wav", tones.tone(UPLOADED_HZ, 4, rate=44100), rate=44100)
    made = upload(product, token, "/api/v1/prompts?title=Tone", file)
    greet_with(product, token, made["name"])
    stacks.until(lambda: heard(product, UPLOADED_HZ), timeout=40, what="the caller hears the uploaded tone")
    # Replaced: the same name, nothing is applied, the next caller hears the new one.
    other = tones.wav(tmp_path / "other.wav", tones.tone(REPLACED_HZ, 4))
    upload(product, token, f"/api/v1/prompts/{made['id']}/file", other)
    greeting_heard(product, REPLACED_HZ)


def heard(product: Stack, hz: float) -> bool:
    try:
        greeting_heard(product, hz)
    except AssertionError:
        product.outside.hang_up_all()
        return False
    product.outside.hang_up_all()
    return True


@pytest.mark.rule("DPL-08")
@pytest.mark.parametrize("end", ["#", "hang up"])
def test_what_is_said_into_the_phone_is_what_a_caller_hears(product: Stack, token: str, end: str) -> None:
    calls_before = product.api(token, "GET", "/api/v1/calls")["total"]
    login = next(d for d in product.api(token, "GET", "/api/v1/me/devices")["devices"] if d["kind"] == "sip")
    phone = product.outside.phone(login["login"], product.settings.sip_port, password=login["password"], tone=SAID_HZ)
    stacks.until(lambda: product.api(token, "GET", "/api/v1/me/state")["device"] == "sip", what="the phone is on line")
    title = f"Said {end}"
    product.api(token, "POST", "/api/v1/prompts/record", {"title": title})
    ringing = product.outside.do(phone.incoming())
    product.outside.now(ringing.answer)
    # The beep says that one may speak.
    product.outside.do(phone.hears(1000.0, 0.25))
    time.sleep(3)
    if end == "#":
        product.outside.now(phone.press, "#")
        product.outside.do(ringing.until("ended"))
    else:
        product.outside.now(ringing.bye)

    def found() -> Any:
        prompts = product.api(token, "GET", "/api/v1/prompts")["prompts"]
        return next((one for one in prompts if one["title"] == title), None)

    made = stacks.until(found, timeout=20, what="the recording is a prompt")
    assert made["kind"] == "recorded"
    assert made["seconds"] >= 2.0
    # It was no call: neither live nor in the log.
    assert product.api(token, "GET", "/api/v1/calls")["total"] == calls_before
    greet_with(product, token, made["name"])
    stacks.until(lambda: heard(product, SAID_HZ), timeout=40, what="the caller hears what was said")
