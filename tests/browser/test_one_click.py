"""Calls to colleagues and clients by presses alone (TEL-26): nobody dials a digit, and the right telephone rings."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import AGENT_HZ, leave
from tests.browser.test_phone import CLIENT_HZ, PEERS, agent_hears
from tests.browser.test_talks import agent as agent  # fixtures
from tests.browser.test_talks import colleague as colleague
from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import OPERATOR, Stack, until
from tests.support.telephone import Telephone

NUMBER = "+79165550611"
# A key of a digit that is pressed anywhere is told.
DIGITS = """
globalThis.digits = "";
addEventListener("keydown", ({ key }) => { if (/^[0-9*#+]$/.test(key)) globalThis.digits += key; }, { capture: true });
"""


def visit(page: Page, path: str) -> None:
    """Goes to an address inside the shell: the phone goes on."""
    page.evaluate("path => callcenter.visit(path)", path)
    page.wait_for_function(
        "path => decodeURI(location.pathname + location.search) === path && !document.querySelector('main.busy')",
        arg=path,
    )


class Talks:
    """Who calls from ``page``; each talk is heard at both ends and stands in the log once."""

    def __init__(self, stack: Stack, page: Page, token: str) -> None:
        self.stack, self.page, self.token = stack, page, token
        self.known = {one["id"] for one in self._log()}

    def _log(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.stack.api(self.token, "GET", "/api/v1/calls")["calls"]
        return found

    def talked(self, phone: Telephone, direction: str, to: str) -> None:
        """The telephone that was called rings; they talk; the agent hangs up; the log has this one call more."""
        ringing = self.stack.outside.do(phone.incoming())
        self.stack.outside.now(ringing.ring)
        self.stack.outside.now(ringing.answer)
        self.stack.outside.do(phone.hears(AGENT_HZ))
        agent_hears(self.page)
        self.page.locator('#dock [data-do="hang"]').click()
        self.stack.outside.do(ringing.until("ended"))
        expect(self.page.locator("#dock .dial")).to_be_visible()
        fresh: list[dict[str, Any]] = until(
            lambda: [one for one in self._log() if one["id"] not in self.known and one["result"]], what="the call's row"
        )
        assert [(one["direction"], one["to"], one["result"]) for one in fresh] == [(direction, to, "answered")]
        assert phone.ringing.empty()
        self.known.add(fresh[0]["id"])
        self.page.wait_for_function("() => callcenter.phone.online && !callcenter.phone.state.call")


@pytest.mark.rule("TEL-26")
def test_a_colleague_is_called_by_presses_alone(
    stack: Stack, chromium: Browser, agent: Person, colleague: Telephone
) -> None:
    page = agent.page
    page.evaluate(DIGITS)
    talks = Talks(stack, page, stack.token(OPERATOR))
    agent.go("/agents")
    row = page.locator("tr[data-agent]", has=page.locator('[data-phone="sip"]:visible')).first
    name, his = row.locator("[data-part=name]").inner_text(), row.get_attribute("data-agent")
    short = row.locator("[data-part=digits]").inner_text()
    row.locator("[data-dial]").click()
    talks.talked(colleague, "internal", short)
    # By name, among employees only.
    page.locator("#search input").fill(f"*{name}")
    page.locator("#found [role=option]", has_text=name).locator("[data-dial]").click()
    talks.talked(colleague, "internal", short)
    # The talk before, in the list of calls.
    agent.go("/calls")
    row = page.locator("#calls-body tr[data-call]").first
    row.hover()
    agent.picture("one-click-internal")
    row.locator('[aria-label="Перезвонить"]').click()
    talks.talked(colleague, "internal", short)
    assert page.evaluate("globalThis.digits") == ""
    leave(agent)
    supervisor = browser.person(chromium, stack.base_url)
    for script in ("globalThis.callcenterPlainAudio = true", PEERS):
        supervisor.page.add_init_script(script)
    supervisor.sign_in("supervisor@demo.example", stack.password)
    supervisor.open("/wallboard")
    supervisor.page.wait_for_function("() => callcenter.store.state.live")
    supervisor.go_on_line()
    talks = Talks(stack, supervisor.page, stack.token("supervisor@demo.example"))
    supervisor.page.locator(f'.tile[data-agent="{his}"] [data-agent-state]').click()
    menu = supervisor.page.locator("#agent-state-menu")
    expect(menu.locator("[data-dial]")).to_have_text(f"Позвонить: {name}")
    supervisor.picture("one-click-board")
    menu.locator("[data-dial]").click()
    talks.talked(colleague, "internal", short)
    leave(supervisor)
    assert supervisor.complaints == []


@pytest.mark.rule("TEL-26")
def test_a_client_is_called_by_presses_alone(stack: Stack, agent: Person) -> None:
    page = agent.page
    page.evaluate(DIGITS)
    token = stack.token(OPERATOR)
    card = stack.api(
        token,
        "POST",
        "/api/v1/contacts",
        {"first_name": "Прасковья", "last_name": "Нажималова", "phones": [{"number": NUMBER, "kind": ""}]},
    )["id"]
    carrier = stack.carrier(tone=CLIENT_HZ)
    talks = Talks(stack, page, token)
    visit(page, "/contacts?q=Нажималова")
    row = page.locator(f'#client-list tr[data-client="{card}"]')
    row.hover()
    row.locator(".act [data-dial]").click()
    talks.talked(carrier, "out", NUMBER)
    row.get_by_role("link", name="Прасковья").click()
    page.wait_for_url(f"**/contacts/{card}")
    page.locator("#main .head [data-dial]").click()
    talks.talked(carrier, "out", NUMBER)
    visit(page, "/contacts")
    visit(page, f"/contacts/{card}")
    # The call before, in his history.
    agent.picture("one-click-card")
    page.locator("#history li[data-kind=call] [data-dial]").first.click()
    talks.talked(carrier, "out", NUMBER)
    agent.go("/calls")
    row = page.locator("#calls-body tr[data-call]", has_text="Нажималова").first
    row.hover()
    row.locator(".quick [data-dial]").click()
    talks.talked(carrier, "out", NUMBER)
    page.locator("#search input").fill("Нажимал")
    page.locator("#found [role=option]", has_text="Прасковья").locator("[data-dial]").click()
    talks.talked(carrier, "out", NUMBER)
    assert page.evaluate("globalThis.digits") == ""
