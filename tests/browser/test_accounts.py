"""Signing in, one's own profile and tokens, as a person does it; and doctor beside the whole running product."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ROOT, leave
from tests.support import browser
from tests.support.browser import Person
from tests.support.stack import Stack, environment

WHO = "operator7@demo.example"


@pytest.fixture
def newcomer(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """Somebody who is not signed in yet."""
    found = browser.person(chromium, stack.base_url)
    yield found
    leave(found)
    assert found.complaints == []


@pytest.mark.rule("USR-18")
def test_sign_in_leads_where_one_wanted_to_go(stack: Stack, newcomer: Person) -> None:
    page = newcomer.page
    page.goto(f"{stack.base_url}/profile")
    expect(page).to_have_url(f"{stack.base_url}/sign-in?next=%2Fprofile")
    page.fill('input[name="email"]', WHO)
    page.fill('input[name="password"]', "not the password")
    page.click('main button[type="submit"]')
    expect(page.locator("[data-error]")).to_have_text("Неверная почта или пароль.")
    assert page.input_value('input[name="email"]') == WHO
    page.fill('input[name="password"]', stack.password)
    page.keyboard.press("Enter")
    newcomer.wait_ready()
    expect(page).to_have_url(f"{stack.base_url}/profile")
    page.click("#profile")
    page.click("[data-sign-out]")
    page.wait_for_url("**/sign-in*")
    page.goto(f"{stack.base_url}/profile")
    expect(page).to_have_url(f"{stack.base_url}/sign-in?next=%2Fprofile")


@pytest.mark.rule("PLT-01")
def test_the_language_is_the_persons_own(stack: Stack, newcomer: Person) -> None:
    newcomer.sign_in(WHO, stack.password)
    newcomer.open("/profile")
    page = newcomer.page
    try:
        for language, title in (("en", "My profile"), ("ru", "Мой профиль")):
            page.select_option('select[name="language"]', language)
            page.click('form[action="/profile"] button[type="submit"]')
            # The page loads itself anew in the other language; going elsewhere meanwhile would meet that.
            expect(page.locator("html")).to_have_attribute("lang", language)
            expect(page.locator("main [role=status]")).to_be_visible()
            page.wait_for_load_state()
            newcomer.open("/profile")
            expect(page.locator("main h1")).to_have_text(title)
            expect(page.locator("html")).to_have_attribute("lang", language)
    finally:
        token = stack.token(WHO)
        stack.api(token, "PATCH", "/api/v1/me", {"language": "ru"})


@pytest.mark.rule("PLT-05")
def test_a_token_from_the_page_opens_the_api(stack: Stack, newcomer: Person) -> None:
    newcomer.sign_in(WHO, stack.password)
    newcomer.open("/profile/tokens")
    page = newcomer.page
    page.fill('input[name="name"]', "crm")
    page.check('input[name="scopes"][value="calls.own"]')
    page.click('form[action="/profile/tokens"] button[type="submit"]')
    secret = page.locator("#token-secret").inner_text()
    assert "calls" in stack.api(secret, "GET", "/api/v1/calls")
    me = stack.api(secret, "GET", "/api/v1/me")
    assert (me["email"], me["permissions"]) == (WHO, ["calls.own", "signed_in"])
    page.locator("tr[data-token]", has_text="crm").locator("button").click()
    expect(page.locator("tr[data-token]", has_text="crm")).to_have_count(0)


@pytest.mark.rule("PLT-14")
def test_doctor_finds_the_running_product_well(stack: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callcenter", "doctor", "--json"],
        env=environment(stack.settings), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    findings = json.loads(done.stdout)
    assert [f for f in findings if f["state"] == "wrong"] == []
    assert done.returncode == 0
    said = {f["name"]: f["detail"] for f in findings}
    assert "Asterisk Call Manager" in said["Asterisk's manager (AMI)"]
    assert said[f"port {stack.settings.http_port} (web)"] == "our server answers"
