"""Agent states on the real product: what an agent chooses decides who is rung, before, during and after a break."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.stack import SALES, Stack, until
from tests.support.telephone import Telephone
from tests.traces.phone import Call

AGENT = "operator2@demo.example"


@dataclass
class Agent:
    """An agent with a SIP phone, driven over the API."""

    stack: Stack
    token: str
    phone: Telephone

    def wants(self, state: str, reason: str = "") -> dict[str, Any]:
        """Chooses a state."""
        found: dict[str, Any] = self.stack.api(
            self.token, "PUT", "/api/v1/me/state", {"state": state, "reason": reason}
        )
        return found

    def state(self) -> str:
        """What the server says he does."""
        return str(self.stack.api(self.token, "GET", "/api/v1/me/state")["state"])

    def until(self, state: str, timeout: float = 10.0) -> None:
        """Waits for a state."""
        until(lambda: self.state() == state, timeout=timeout, what=f"{AGENT} is {state}")

    def rung(self, timeout: float) -> Call | None:
        """The call that rings at his phone within ``timeout`` seconds."""
        with contextlib.suppress(TimeoutError):
            return self.stack.outside.do(self.phone.incoming(timeout), timeout + 5)
        return None


@pytest.fixture(scope="session")
def agent_token(product: Stack) -> str:
    """The second operator's token; to make one takes seconds."""
    return product.token(AGENT)


@pytest.fixture
def agent(stack: Stack, agent_token: str) -> Iterator[Agent]:
    """The second operator at his SIP phone, off line at first and at the end."""
    token = agent_token
    devices = stack.api(token, "GET", "/api/v1/me/devices")["devices"]
    sip = next(d for d in devices if d["kind"] == "sip")
    found = Agent(stack, token, stack.outside.phone(sip["login"], stack.settings.sip_port, password=sip["password"]))
    until(lambda: stack.api(token, "GET", "/api/v1/me/state")["online"] == ["sip"], what="the phone is on line")
    yield found
    found.wants("offline")


def hang_up(stack: Stack, *calls: Call | None) -> None:
    """Ends calls from the caller's side."""
    for call in calls:
        if call is not None and not call.states["ended"].is_set():
            stack.outside.now(call.bye if call.states["answered"].is_set() else call.cancel)


@pytest.mark.rule("AGD-01")
def test_ready_is_rung_paused_and_off_line_are_not(stack: Stack, agent: Agent) -> None:
    caller = stack.caller("79161110001")
    assert agent.state() == "offline"
    assert agent.wants("paused", "lunch")["state"] == "paused"
    call = stack.ring(caller, SALES)
    stack.outside.do(call.until("answered", 10))
    assert agent.rung(8) is None, "paused is not rung"
    agent.wants("ready")
    rung = agent.rung(8)
    assert rung is not None, "ready is rung, also by a caller who waited already"
    agent.until("ringing")
    stack.outside.now(rung.answer)
    agent.until("talking")
    since = stack.api(agent.token, "GET", "/api/v1/me/state")["since"]
    assert stack.api(agent.token, "GET", "/api/v1/me/state")["since"] == since
    hang_up(stack, call)
    agent.until("wrapup")
    agent.wants("offline")
    agent.until("offline")
    second = stack.ring(caller, SALES)
    stack.outside.do(second.until("answered", 10))
    assert agent.rung(8) is None, "off line is not rung"
    hang_up(stack, second)


@pytest.mark.rule("AGD-01")
def test_calls_reach_a_ready_agent_while_the_server_stands_still_and_his_state_is_right_after(
    stack: Stack, agent: Agent
) -> None:
    agent.wants("ready")
    agent.until("ready")
    # He must be in the queue before the server stops: only then it is the queue that works alone.
    caller = stack.caller("79161110002")
    first = stack.ring(caller, SALES)
    rung = agent.rung(15)
    assert rung is not None
    hang_up(stack, first)
    agent.until("ready", 20)
    server = stack.server_pid()
    os.kill(server, signal.SIGSTOP)
    try:
        second = stack.ring(caller, SALES)
        rung = agent.rung(15)
        assert rung is not None, "the queue works without the server"
        stack.outside.now(rung.answer)
    finally:
        os.kill(server, signal.SIGCONT)
    agent.until("talking", 20)
    hang_up(stack, second)
    agent.until("wrapup", 20)


@pytest.mark.rule("AGD-01")
def test_a_killed_server_knows_again_what_was_wanted(stack: Stack, agent: Agent) -> None:
    agent.wants("paused", "training")
    agent.until("paused")
    server = stack.server_pid()
    os.kill(server, signal.SIGKILL)
    until(lambda: _alive(stack) and stack.server_pid() != server, timeout=60, what="the server is back")
    agent.until("paused", 20)
    view = stack.api(agent.token, "GET", "/api/v1/me/state")
    assert (view["wanted"], view["reason"], view["device"]) == ("paused", "Обучение", "sip")
    agent.wants("ready")
    call = stack.ring(stack.caller("79161110003"), SALES)
    assert agent.rung(15) is not None
    hang_up(stack, call)


def _alive(stack: Stack) -> bool:
    import urllib.request

    try:
        with urllib.request.urlopen(stack.base_url + "/healthz", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False
