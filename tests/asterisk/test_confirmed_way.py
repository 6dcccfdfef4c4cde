"""The whole product with a real Asterisk: a number is confirmed by a call; an operator who is not recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.telephony.asterisk.instance import Instance
from tests.support import audio
from tests.support import stack as stacks
from tests.support.confirmed import code_of
from tests.support.stack import SALES, Stack

CLIENT_HZ, AGENT_HZ = 440, 1000
MOBILE, OUTSIDE = "+79165550011", "+79167654321"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = stacks.start(tmp_path_factory.mktemp("product"))
    try:
        yield stack
    finally:
        stacks.stop(stack)


@pytest.mark.rule("TEL-28", "TEL-31", "TEL-33")
def test_a_number_is_confirmed_by_a_call_and_then_shown(product: Stack) -> None:
    token = product.token("admin@demo.example")
    carrier = product.carrier()
    settings = {"number_mode": "common", "caller_mode": "own", "number": MOBILE}
    assert product.api(token, "PUT", "/api/v1/calling-settings", settings)["common"]["state"] == "none"
    product.api(token, "POST", "/api/v1/confirmations", {"number": MOBILE, "way": "call"})
    asked = product.outside.do(carrier.incoming())
    assert asked.invite is not None
    assert asked.invite.start.startswith(f"INVITE sip:{MOBILE}@")
    product.outside.now(asked.answer)
    product.outside.do(asked.until("ended", timeout=60), 70)
    # Words were said, for longer than once.
    assert len(carrier.listen()) / 8000 > 10
    assert audio.loudness(carrier.listen()) > 100
    code = code_of(product.settings, MOBILE)
    instance = Instance.from_settings(product.settings)
    stacks.until(lambda: not list((instance.folder / "spool" / "codes").iterdir()), what="the sound is gone")
    # No log, no journal, no table and no file of Asterisk's holds it.
    alone = re.compile(rf"(?<!\d){code}(?!\d)".encode())
    texts = [
        file
        for folder in (product.settings.data, instance.folder)
        for file in folder.rglob("*")
        if file.is_file() and file.suffix not in (".ulaw", ".alaw", ".wav", ".sock") and "sounds" not in file.parts
    ]
    assert any(file.name == "calls.csv" for file in texts)
    assert [file for file in texts if alone.search(file.read_bytes())] == []
    assert not any(alone.search(line.encode()) for line in product.lines)
    found = product.api(token, "POST", "/api/v1/confirmations/check", {"number": MOBILE, "code": code})
    assert found["state"] == "valid"
    # It was no call of the company's; the next one shows it.
    assert not [one for one in product.api(token, "GET", "/api/v1/calls")["calls"] if one["client_number"] == MOBILE]
    man = product.token("operator2@demo.example")
    devices = product.api(man, "GET", "/api/v1/me/devices")["devices"]
    login = next(device for device in devices if device["kind"] == "sip")
    phone = product.outside.phone(login["login"], product.settings.sip_port, password=login["password"])
    product.outside.do(phone.register())
    try:

        def shown() -> bool:
            """The dialplan is read again a moment after the confirmation."""
            call = product.ring(phone, OUTSIDE)
            stacks.until(
                lambda: not carrier.ringing.empty() or call.states["ended"].is_set(),
                timeout=15,
                what="the call is made or not",
            )
            if carrier.ringing.empty():
                return False
            outside = product.outside.do(carrier.incoming())
            product.outside.now(outside.answer)
            product.outside.do(call.until("answered"))
            product.outside.now(call.bye)
            assert outside.invite is not None
            return MOBILE in outside.invite.headers["from"]

        stacks.until(shown, timeout=30, what="the confirmed number is shown")
    finally:
        product.outside.do(phone.register(expires=0))
        product.api(token, "PUT", "/api/v1/calling-settings", settings | {"caller_mode": "line"})


@pytest.mark.rule("REC-03", "TEL-62")
def test_an_operator_takes_a_call_and_is_not_recorded(product: Stack) -> None:
    token, admin = product.token("operator1@demo.example"), product.token("admin@demo.example")
    folder: Path = Instance.from_settings(product.settings).recordings
    numbers = product.api(admin, "GET", "/api/v1/numbers")["numbers"]
    number_id = next(one["id"] for one in numbers if one["e164"] == SALES)
    devices = product.api(token, "GET", "/api/v1/me/devices")["devices"]
    login = next(device for device in devices if device["kind"] == "sip")
    phone = product.outside.phone(login["login"], product.settings.sip_port, password=login["password"], tone=AGENT_HZ)
    me = product.api(token, "PUT", "/api/v1/me/state", {"state": "ready"})
    operator = f"/api/v1/numbers/{number_id}/operators/{me['id']}"
    stacks.until(
        lambda: (now := product.api(token, "GET", "/api/v1/me/state"))["device"] == "sip" and now["state"] == "ready",
        what="the operator is ready",
    )

    def call(number: str) -> dict[str, object]:
        client = product.caller(number[1:], tone=CLIENT_HZ)
        call = product.ring(client, SALES)
        ringing = product.outside.do(phone.incoming())
        product.outside.now(ringing.answer)
        product.outside.do(phone.hears(CLIENT_HZ, 1.0))
        product.outside.do(client.hears(AGENT_HZ, 1.0))
        if number == "+79161110001":
            # While they talk already nothing is written.
            stacks.until(lambda: not list(folder.iterdir()), what="the files are gone during the talk")
        product.outside.now(call.bye)
        found: dict[str, object] = stacks.until(
            lambda: next(
                (
                    one
                    for one in product.api(admin, "GET", "/api/v1/calls")["calls"]
                    if one["client_number"] == number and one["result"] and one["recording_on"] is False
                ),
                None,
            ),
            what="the call is in the log",
        )
        return found

    try:
        product.api(admin, "PUT", operator, {"record": False})
        found = call("+79161110001")
        assert (found["result"], found["recording"]) == ("answered", None)
        assert list(folder.iterdir()) == []
        product.api(admin, "PUT", operator, {"record": True})
        call("+79161110002")
        stacks.until(
            lambda: any(
                one["client_number"] == "+79161110002" and one["recording"] and one["recording"]["state"] == "ready"
                for one in product.api(admin, "GET", "/api/v1/calls")["calls"]
            ),
            timeout=30,
            what="the next call is recorded",
        )
    finally:
        product.api(admin, "DELETE", operator)
        product.api(token, "PUT", "/api/v1/me/state", {"state": "offline"})
        product.outside.do(phone.register(expires=0))
