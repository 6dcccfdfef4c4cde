"""The call that lives (AGD-09, AGD-10): the page is loaded anew, crashes, loses its network; the client stays."""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AGENT_HZ
from tests.browser.test_phone import CLIENT_HZ, PEERS, agent_hears, personal_number
from tests.support.browser import Person
from tests.support.stack import OPERATOR, SALES, Stack, until
from tests.support.telephone import Telephone
from tests.support.tones import RATE, decoded, strength
from tests.traces.phone import Call

LOUD, SILENT = 0.1, 0.01


@pytest.fixture
def agent(operator: Person) -> Person:
    """The operator on line."""
    operator.page.add_init_script(PEERS)
    operator.open("/")
    operator.go_on_line()
    return operator


class Watch:
    """What the house told of the agent and his calls while something happened: his states, the calls that were seen."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.token = stack.token(OPERATOR)
        self.began = time.time()
        self.before = {one["id"] for one in self.calls()}

    def calls(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.stack.api(self.token, "GET", "/api/v1/calls")["calls"]
        return found

    def fresh(self) -> list[dict[str, object]]:
        """The calls that were not there before."""
        return [one for one in self.calls() if one["id"] not in self.before]

    def states(self) -> list[str]:
        """The states that the agent was in since, in order, as they were stored."""
        with sqlite3.connect(self.stack.settings.data / "callcenter.sqlite3") as database:
            rows = database.execute(
                "select s.state from agent_state_spans s join agents a on a.id = s.agent_id"
                " join memberships m on m.id = a.membership_id join users u on u.id = m.user_id"
                " where u.email = ? and s.since >= datetime(?, 'unixepoch') order by s.since", (OPERATOR, self.began)
            )  # fmt: skip
            return [str(row[0]) for row in rows]

    def recorded(self, folder: Path) -> tuple[object, object]:
        """Both voices of the only new call's recording: the agent's, the client's."""

        def ready() -> object:
            (call,) = self.fresh()
            recording = call["recording"]
            return recording if isinstance(recording, dict) and recording["state"] == "ready" else None

        recording = until(ready, timeout=40, what="the recording is ready")
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self.stack.base_url + recording["url"], headers={"Authorization": f"Bearer {self.token}"}
        )
        file = folder / "got.opus"
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            file.write_bytes(answer.read())
        left, right = decoded(file)
        return left, right

    def one_call(self, *, result: str = "answered") -> dict[str, object]:
        """There is one call in the log, live tracker and journal agree, and it tells of one talk."""
        (call,) = until(lambda: [c for c in self.fresh() if c["ended_at"]] or None, timeout=20, what="the call ended")
        assert len(self.fresh()) == 1
        assert call["result"] == result
        story = self.stack.api(self.token, "GET", f"/api/v1/calls/{call['id']}")["story"]
        kinds = [step["kind"] for step in story]
        assert kinds.count("answered") == 1, json.dumps(story)
        assert not {"held", "resumed", "transferred"} & set(kinds), json.dumps(story)
        return call


def called(stack: Stack, agent: Person, to: str = "") -> tuple[Telephone, Call]:
    """A client has called, both hear each other."""
    phone = stack.caller(tone=CLIENT_HZ)
    call = stack.ring(phone, to or personal_number(stack, OPERATOR))
    agent.page.locator("[data-answer]").click(timeout=40_000)
    stack.outside.do(call.until("answered"))
    stack.outside.do(phone.hears(AGENT_HZ))
    return phone, call


def dialled(stack: Stack, agent: Person) -> tuple[Telephone, Call]:
    """The agent has called a client, both hear each other."""
    carrier = stack.carrier(tone=CLIENT_HZ)
    agent.page.locator("#dock .dial input").fill("+79161234599")
    agent.page.locator("#dock .dial button[type=submit]").click()
    call = stack.outside.do(carrier.incoming())
    stack.outside.now(call.ring)
    stack.outside.now(call.answer)
    stack.outside.do(carrier.hears(AGENT_HZ))
    return carrier, call


def both_hear(stack: Stack, agent: Person, phone: Telephone) -> None:
    """Both ends hear each other from now on."""
    stack.outside.do(phone.hears(AGENT_HZ, 1.0, 15.0), 30)
    agent_hears(agent.page)


@pytest.mark.parametrize("way", ["in", "queue", "out"])
@pytest.mark.rule("AGD-09")
def test_a_reload_in_a_call(stack: Stack, agent: Person, way: str, tmp_path: Path) -> None:
    watch = Watch(stack)
    if way == "queue":
        stack.api(watch.token, "PUT", "/api/v1/me/state", {"state": "ready", "reason": ""})
        phone, call = called(stack, agent, SALES)
    else:
        phone, call = called(stack, agent) if way == "in" else dialled(stack, agent)
    for turn in range(2):
        began = time.monotonic()
        agent.page.reload(wait_until="commit")
        stack.outside.do(phone.hears(AGENT_HZ, 0.2, 10.0), 20)
        took = time.monotonic() - began
        print(f"{way} {turn}: heard again after {1000 * took:.0f} ms")
        both_hear(stack, agent, phone)
        expect(agent.page.locator("#dock")).to_have_class("dock live")
        assert not call.states["ended"].is_set()
    assert took < 4
    agent.page.locator('[data-do="hang"]').click()
    stack.outside.do(call.until("ended"))
    ended = watch.one_call()
    assert ended["hangup_by"] == "agent"
    states = watch.states()
    between = states[states.index("talking") :] if "talking" in states else states
    assert "ready" not in between[: len(between) - 1], states
    assert states.count("talking") == 1, states
    agents, clients = watch.recorded(tmp_path)
    end = slice(-3 * RATE // 2, -RATE // 2)
    assert strength(agents[end], AGENT_HZ) > LOUD  # type: ignore[index]
    assert strength(clients[end], CLIENT_HZ) > LOUD  # type: ignore[index]
    assert len(clients) / RATE > 3  # type: ignore[arg-type]
