"""A real Chromium, the whole product and a real Asterisk, started once for all tests in this folder."""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.support import audio, browser, stack
from tests.support.browser import Person
from tests.support.stack import OPERATOR, Stack

ROOT = Path(__file__).resolve().parents[2]
# What the browser's microphone hears, so that a telephone outside can tell the agent's voice.
AGENT_HZ = 440.0
# As many lines of the product's log are shown with a failure.
LINES = 40


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a real browser against a real Asterisk."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asterisk)
            item.add_marker(pytest.mark.timeout(180))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A failure brings what the product said meanwhile: the run that failed may be on another machine."""
    report = yield
    running = getattr(item, "funcargs", {}).get("product")
    if report.failed and running is not None:
        report.sections.append(("the product's last lines", "\n".join(running.lines[-LINES:])))
    return report


@pytest.fixture(scope="session")
def built() -> None:
    """The page's scripts, built anew when a source is newer."""
    web = ROOT / "web"
    target = web / "static" / "build" / "app.js"
    sources = [f for f in web.rglob("*") if f.suffix in (".js", ".css", ".mjs") and not _made(f.relative_to(web))]
    if not target.exists() or any(f.stat().st_mtime > target.stat().st_mtime for f in sources):
        subprocess.run(["npm", "run", "--silent", "build"], cwd=web, check=True, timeout=120)


def _made(file: Path) -> bool:
    return "node_modules" in file.parts or file.parts[:2] == ("static", "build")


@pytest.fixture(scope="session")
def product(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running demo business; use ``stack``, which tidies up."""
    running = stack.start(tmp_path_factory.mktemp("product"))
    try:
        yield running
    finally:
        stack.stop(running)


@pytest.fixture(name="stack")
def _stack(product: Stack) -> Iterator[Stack]:
    """The running product; telephones of the test and what it left unapplied are gone afterwards."""
    yield product
    product.outside.hang_up_all()
    token = product.token("admin@demo.example")
    if product.api(token, "GET", "/api/v1/routing/progress")["changes"]:
        product.api(token, "DELETE", "/api/v1/routing/draft")


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV with the agent's tone."""
    file = tmp_path_factory.mktemp("sound") / "agent.wav"
    audio.write_wave(file, audio.tone(AGENT_HZ, 5.0, rate=48_000), rate=48_000)
    return file


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """Playwright, which may run once in a thread."""
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="session")
def chromium(driver: Playwright, microphone: Path) -> Iterator[Browser]:
    """One browser for all tests; each person has a profile of his own."""
    with browser.chromium(driver, microphone=microphone) as found:
        yield found


@pytest.fixture
def operator(stack: Stack, chromium: Browser) -> Iterator[Person]:
    """The first operator, signed in, not on line; fails the test when his page complained."""
    person = browser.person(chromium, stack.base_url)
    person.page.add_init_script("globalThis.callcenterPlainAudio = true")
    person.sign_in(OPERATOR, stack.password)
    yield person
    leave(person)
    assert person.complaints == []


def leave(person: Person) -> None:
    """Hangs up, goes off line and closes the browser, so that the next test finds the agent as at first."""
    if not person.page.is_closed() and person.page.evaluate("Boolean(globalThis.callcenter)"):
        person.page.evaluate(
            """async () => {
                const { phone, api } = globalThis.callcenter;
                phone.do("hang");
                await api("PUT", "/api/v1/me/state", { state: "offline" }, { again: false }).catch(() => {});
                if (phone.leading) phone.do("off");
            }"""
        )
    person.context.close()
