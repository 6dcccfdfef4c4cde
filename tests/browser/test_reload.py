"""The call that lives (AGD-09, AGD-10): the page is loaded anew, crashes, loses its network; the client stays."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from callcenter.core.directory import Directory
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.journal import Journal, JournalPosition
from tests.browser.conftest import AGENT_HZ
from tests.browser.test_phone import CLIENT_HZ, PEERS, agent_hears, personal_number
from tests.support import audio
from tests.support.browser import PICTURES, Person
from tests.support.stack import OPERATOR, SALES, Stack, until
from tests.support.telephone import Telephone
from tests.support.tones import RATE, decoded, strength
from tests.traces.phone import Call

LOUD = 0.1


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
        journal = until(lambda: journalled(self.stack, self.began), what="the journal has the call")
        assert [one.id for one in journal] == [call["id"]]  # type: ignore[attr-defined]
        assert [step.kind for step in journal[0].steps].count("answered") == 1  # type: ignore[attr-defined]
        assert not {"held", "resumed", "transferred"} & set(kinds), json.dumps(story)
        return call


def journalled(stack: Stack, since: float) -> list[object]:
    """The calls since then as Asterisk's own journal (CEL) tells them."""
    journal = Journal(Instance.from_settings(stack.settings).journal, Directory())
    calls, _ = journal.since(JournalPosition())
    return [call for call in calls if call.started_at >= since]


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


def test_a_muted_microphone_stays_muted_over_a_reload(stack: Stack, agent: Person) -> None:
    phone, call = called(stack, agent)
    mute = agent.page.locator('[data-do="mute"]')
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "true")
    agent.page.reload(wait_until="commit")
    agent.page.wait_for_function("() => performance.getEntriesByName('phone:rejoined').length")
    expect(mute).to_have_attribute("aria-pressed", "true")
    agent_hears(agent.page)
    stack.outside.now(phone.forget)
    stack.outside.do(asyncio.sleep(1.5))
    assert audio.seconds_of(phone.listen(), AGENT_HZ) == 0
    mute.click()
    both_hear(stack, agent, phone)
    stack.outside.now(call.bye)


@pytest.mark.rule("AGD-09")
def test_a_call_that_the_page_cannot_take_over_is_rung_back_by_the_server(stack: Stack, agent: Person) -> None:
    watch = Watch(stack)
    phone, call = called(stack, agent)
    agent.page.add_init_script(
        "for (const k of Object.keys(localStorage)) if (k.startsWith('phone-call-')) localStorage[k] ="
        ' localStorage[k].replace(/remote_tag":"[^"]*/, \'remote_tag":"gone\');'
    )
    agent.page.reload(wait_until="commit")
    both_hear(stack, agent, phone)
    assert not call.states["ended"].is_set()
    stack.outside.now(call.bye)
    watch.one_call()


@pytest.mark.rule("AGD-09")
def test_a_crashed_tab_is_back_in_its_call(stack: Stack, agent: Person) -> None:
    watch = Watch(stack)
    phone, call = called(stack, agent)
    with contextlib.suppress(Exception):
        agent.page.goto("chrome://crash", timeout=3_000)
    agent.page = agent.context.new_page()
    agent.page.add_init_script(PEERS)
    agent.page.add_init_script("globalThis.callcenterPlainAudio = true")
    stack.outside.now(phone.forget)
    began = time.monotonic()
    agent.page.goto(agent.base_url + "/", wait_until="commit")
    stack.outside.do(phone.hears(AGENT_HZ, 0.2, 10.0), 20)
    print(f"heard again {1000 * (time.monotonic() - began):.0f} ms after the page was back")
    # The browser lets a fresh tab sound only once it is touched.
    agent.page.mouse.click(5, 5)
    both_hear(stack, agent, phone)
    stack.outside.now(call.bye)
    watch.one_call()


@pytest.mark.rule("AGD-10")
def test_other_tabs_steer_the_phone_and_one_takes_over_when_its_tab_is_closed(stack: Stack, agent: Person) -> None:
    watch = Watch(stack)
    second = agent.context.new_page()
    second.add_init_script(PEERS)
    second.add_init_script("globalThis.callcenterPlainAudio = true")
    second.goto(agent.base_url + "/")
    second.wait_for_selector("html[data-ready]", state="attached")
    agent.page.bring_to_front()
    phone, call = called(stack, agent)
    assert [agent.page.evaluate("callcenter.phone.leading"), second.evaluate("callcenter.phone.leading")] == [
        True,
        False,
    ]
    expect(second.locator("#dock")).to_have_class("dock live")
    second.locator('[data-do="mute"]').click()
    expect(agent.page.locator('[data-do="mute"]')).to_have_attribute("aria-pressed", "true")
    second.locator('[data-do="mute"]').click()
    expect(agent.page.locator('[data-do="mute"]')).to_have_attribute("aria-pressed", "false")
    agent.page.close()
    agent.page = second
    both_hear(stack, agent, phone)
    assert second.evaluate("callcenter.phone.leading")
    second.locator('[data-do="hang"]').click()
    stack.outside.do(call.until("ended"))
    watch.one_call()


def network_service() -> int:
    """The process of our own Chromium that holds all its sockets."""
    parents: dict[int, int] = {}
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if b"network.mojom.NetworkService" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
    for pid in found:
        above = pid
        while above := parents.get(above, 0):
            if above == os.getpid():
                return pid
    raise AssertionError("our Chromium has no network service")


@pytest.mark.rule("AGD-09")
def test_a_network_cut_of_ten_seconds(stack: Stack, agent: Person) -> None:
    watch = Watch(stack)
    phone, call = called(stack, agent)
    pid = network_service()
    os.kill(pid, signal.SIGSTOP)
    try:
        stack.outside.do(asyncio.sleep(10))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert not call.states["ended"].is_set()
    both_hear(stack, agent, phone)
    agent.page.wait_for_function("() => callcenter.phone.state.line === 'online'")
    agent.page.locator('[data-do="hang"]').click()
    stack.outside.do(call.until("ended"))
    watch.one_call()


@pytest.mark.rule("AGD-09")
def test_a_browser_that_is_gone_is_replaced_by_the_second_phone(stack: Stack, agent: Person, tmp_path: Path) -> None:
    watch = Watch(stack)
    devices = stack.api(watch.token, "GET", "/api/v1/me/devices")["devices"]
    sip = next(one for one in devices if one["kind"] == "sip")
    phone, call = called(stack, agent)
    desk = stack.outside.phone(sip["login"], stack.settings.sip_port, password=sip["password"], tone=850.0)
    agent.context.close()
    began = time.monotonic()
    ringing = stack.outside.do(desk.incoming(25), 30)
    assert 10 < time.monotonic() - began < 16
    stack.outside.now(ringing.ring)
    stack.outside.now(ringing.answer)
    stack.outside.do(phone.hears(850.0, 1.0, 10.0), 15)
    stack.outside.do(desk.hears(CLIENT_HZ, 1.0, 10.0), 15)
    # The leg of the page is let go at once, and neither end notices.
    stack.outside.do(asyncio.sleep(1.0))
    stack.outside.do(phone.hears(850.0, 1.0, 10.0), 15)
    assert not call.states["ended"].is_set()
    stack.outside.now(ringing.bye)
    stack.outside.do(call.until("ended"), 15)
    watch.one_call()
    states = watch.states()
    assert states.count("talking") == 1, states
    agents, clients = watch.recorded(tmp_path)
    end = slice(-3 * RATE // 2, -RATE // 2)
    assert strength(agents[end], 850.0) > LOUD  # type: ignore[index]
    assert strength(clients[end], CLIENT_HZ) > LOUD  # type: ignore[index]


@pytest.mark.rule("TEL-54")
def test_the_phone_in_a_window_of_its_own_takes_the_call_along(stack: Stack, agent: Person) -> None:
    watch = Watch(stack)
    phone, call = called(stack, agent)
    with agent.context.expect_page() as opened:
        agent.page.locator("[data-popout]").click()
    window = opened.value
    window.add_init_script(PEERS)
    window.wait_for_function("() => globalThis.callcenter?.phone.leading")
    stack.outside.do(phone.hears(AGENT_HZ, 1.0, 15.0), 30)
    # The page steers the phone and shows the call; it may be closed.
    expect(agent.page.locator("#dock")).to_have_class("dock live")
    assert not agent.page.evaluate("callcenter.phone.leading")
    agent.go("/calls")
    agent.page.reload()
    agent.wait_ready()
    assert not agent.page.evaluate("callcenter.phone.leading")
    stack.outside.do(phone.hears(AGENT_HZ, 1.0, 15.0), 30)
    shown = window.locator("#dock")
    expect(shown).to_have_class("dock live")
    expect(window.locator("#main")).not_to_be_visible()
    expect(window.locator("#status")).to_be_visible()
    window.screenshot(path=str(PICTURES / "phone-window.png"))
    shown.locator('[data-do="hang"]').click()
    stack.outside.do(call.until("ended"))
    watch.one_call()
    # Closed, it gives the phone back.
    window.close()
    agent.page.wait_for_function("() => callcenter.phone.leading && callcenter.phone.online")


@pytest.mark.rule("TEL-57")
def test_the_missed_calls_of_the_session_are_called_back_with_one_press(stack: Stack, agent: Person) -> None:
    page = agent.page
    expect(page.locator('[data-part="missed"]')).to_be_hidden()
    call = stack.ring(stack.caller("79165550177"), personal_number(stack, OPERATOR))
    expect(page.locator(".callcard")).to_be_visible()
    stack.outside.now(call.cancel)
    button = page.locator('[data-part="missed"]')
    expect(button).to_have_text("1")
    agent.open("/calls")
    button.click()
    carrier = stack.carrier(tone=CLIENT_HZ)
    page.locator("#missed-list [data-dial]").click()
    back = stack.outside.do(carrier.incoming())
    assert back.invite is not None
    assert "sip:+79165550177@" in back.invite.headers["to"]
    stack.outside.now(back.ring)
    stack.outside.now(back.answer)
    stack.outside.do(carrier.hears(AGENT_HZ))
    expect(button).to_be_hidden()
    stack.outside.now(back.bye)
