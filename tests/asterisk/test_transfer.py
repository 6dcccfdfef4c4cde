"""A call is given away by the server's order: plain telephones, the whole product, the sound at both ends."""

from __future__ import annotations

import json
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.asterisk.test_recording_way import Operator, finished, mostly, sound
from tests.support import stack as stacks
from tests.support.stack import SALES, Stack
from tests.support.tones import RATE
from tests.traces.phone import Call

CLIENT_HZ, FIRST_HZ, SECOND_HZ = 440, 1000, 1500
OUTSIDE = "+79167654321"
HEARD = 0.2


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = stacks.start(tmp_path_factory.mktemp("product"))
    try:
        yield stack
    finally:
        stacks.stop(stack)


@pytest.fixture(scope="module")
def tokens(product: Stack) -> dict[str, str]:
    return {who: product.token(f"{who}@demo.example") for who in ("operator1", "operator2")}


def on_line(product: Stack, token: str, tone: float, state: str) -> Operator:
    devices = product.api(token, "GET", "/api/v1/me/devices")["devices"]
    login = next(device for device in devices if device["kind"] == "sip")
    phone = product.outside.phone(login["login"], product.settings.sip_port, password=login["password"], tone=tone)
    me = product.api(token, "PUT", "/api/v1/me/state", {"state": state})
    found = Operator(product, token, me["id"], phone)
    stacks.until(lambda: is_now(found, "ready" if state == "ready" else state), what=f"on line and {state}")
    return found


def is_now(operator: Operator, state: str) -> bool:
    now = operator.api("GET", "/api/v1/me/state")
    return bool(now["device"] == "sip" and now["state"] == state)


@pytest.fixture
def pair(product: Stack, tokens: dict[str, str]) -> Iterator[tuple[Operator, Operator]]:
    """Who talks, and the colleague; the colleague makes himself ready once the first has the call."""
    first = on_line(product, tokens["operator1"], FIRST_HZ, "ready")
    second = on_line(product, tokens["operator2"], SECOND_HZ, "paused")
    yield first, second
    for one in (first, second):
        one.api("PUT", "/api/v1/me/state", {"state": "offline"})
        product.outside.do(one.phone.register(expires=0))
    product.outside.hang_up_all()


def talking(product: Stack, first: Operator, number: str) -> tuple[Any, Call, str, Call]:
    """A client who talks with the first operator: his phone, his call, the call's id, the operator's own leg."""
    client = product.caller(number, tone=CLIENT_HZ)
    call = product.ring(client, SALES)
    leg = first.answer()
    product.outside.do(client.hears(FIRST_HZ, 1, timeout=15))
    found = stacks.until(
        lambda: next(
            (
                one
                for one in first.api("GET", "/api/v1/calls")["calls"]
                if one["client_number"] == f"+{number}" and one["state"] == "talking"
            ),
            None,
        ),
        what="the call is seen",
    )
    return client, call, found["id"], leg


def refused(operator: Operator, call_id: str, body: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        operator.api("POST", f"/api/v1/calls/{call_id}/transfer", body)
    return caught.value.code, json.loads(caught.value.read())["error"]["code"]


@pytest.mark.rule("TEL-45", "TEL-47")
def test_a_call_goes_to_an_available_colleague(product: Stack, pair: tuple[Operator, Operator], tmp_path: Path) -> None:
    first, second = pair
    client, call, call_id, leg = talking(product, first, "79161117001")
    # A colleague on a break is not offered and not rung.
    offered = first.api("GET", "/api/v1/transfer-targets")["targets"]
    assert second.agent_id not in [one["id"] for one in offered if one["kind"] == "agent"]
    to_him = {"kind": "agent", "id": second.agent_id}
    assert refused(first, call_id, to_him) == (409, "not_available")
    second.api("PUT", "/api/v1/me/state", {"state": "ready"})
    stacks.until(lambda: is_now(second, "ready"), what="the colleague is ready")
    offered = first.api("GET", "/api/v1/transfer-targets")["targets"]
    assert second.agent_id in [one["id"] for one in offered if one["kind"] == "agent"]
    first.api("POST", f"/api/v1/calls/{call_id}/transfer", to_him)
    second.answer()
    product.outside.do(client.hears(SECOND_HZ, 2, timeout=15), 20)
    product.outside.do(second.phone.hears(CLIENT_HZ, 2, timeout=15), 20)
    assert leg.states["ended"].is_set()
    product.outside.now(call.bye)
    found = finished(second, "+79161117001")
    assert found["id"] == call_id
    assert {one["id"] for one in found["agents"] if one["talked"]} == {first.agent_id, second.agent_id}
    agents, clients = sound(second, found, tmp_path)
    # The recording goes on over the transfer: the second voice is at its end, the client all along.
    assert mostly(agents[-2 * RATE : -RATE // 2], SECOND_HZ) > HEARD
    assert mostly(clients[-2 * RATE : -RATE // 2], CLIENT_HZ) > HEARD


@pytest.mark.rule("TEL-45")
def test_a_call_goes_to_an_outside_number(product: Stack, pair: tuple[Operator, Operator]) -> None:
    first, _ = pair
    carrier = product.carrier(tone=SECOND_HZ)
    client, call, call_id, leg = talking(product, first, "79161117002")
    assert refused(first, call_id, {"kind": "number", "number": "12"})[0] == 422
    first.api("POST", f"/api/v1/calls/{call_id}/transfer", {"kind": "number", "number": "8 916 765-43-21"})
    ringing = product.outside.do(carrier.incoming())
    product.outside.now(ringing.answer)
    product.outside.do(client.hears(SECOND_HZ, 2, timeout=15), 20)
    product.outside.do(carrier.hears(CLIENT_HZ, 2, timeout=15), 20)
    assert leg.states["ended"].is_set()
    product.outside.now(call.bye)


@pytest.mark.rule("TEL-48")
def test_who_does_not_answer_is_rung_for_30_seconds(product: Stack, pair: tuple[Operator, Operator]) -> None:
    first, second = pair
    _client, call, call_id, _leg = talking(product, first, "79161117003")
    second.api("PUT", "/api/v1/me/state", {"state": "ready"})
    stacks.until(lambda: is_now(second, "ready"), what="the colleague is ready")
    first.api("POST", f"/api/v1/calls/{call_id}/transfer", {"kind": "agent", "id": second.agent_id})
    ringing = product.outside.do(second.phone.incoming())
    product.outside.now(ringing.ring)
    began = time.monotonic()
    product.outside.do(call.until("ended", 40), 45)
    assert time.monotonic() - began == pytest.approx(30, abs=2)
