"""A real Chromium for tests: flags for calls without a network, sign-in, pictures, what the phone in the page says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "var" / "screenshots"
WIDTHS = {"wide": (1440, 900), "middle": (1000, 800), "narrow": (390, 844)}
# Chromium of the system: the tests download no browser of their own.
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # As people's own Chrome is set: sound needs a gesture on the site, which a reload keeps.
    "--autoplay-policy=document-user-activation-required",
)
# A machine without a network has loopback only; ICE skips it unless told otherwise.
MEDIA_FLAGS = (
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine."""


def executable() -> str:
    """Chromium's path; CALLCENTER_CHROMIUM names another one. Raises NoBrowser."""
    wanted = os.environ.get("CALLCENTER_CHROMIUM")
    for name in (wanted,) if wanted else NAMES:
        if found := shutil.which(name or ""):
            return found
    raise NoBrowser("install Chromium (Debian: apt-get install chromium), or name one in CALLCENTER_CHROMIUM")


@contextmanager
def chromium(
    playwright: Playwright | None = None, *, microphone: Path | None = None, ask: bool = False
) -> Iterator[Browser]:
    """A headless Chromium. ``microphone`` is a WAV that it hears; ``ask`` leaves the microphone's question to the test.

    Only one Playwright may run in a thread: who starts a second browser passes the first one's.
    """
    if playwright is None:
        with sync_playwright() as own, chromium(own, microphone=microphone, ask=ask) as browser:
            yield browser
        return
    flags = [*FLAGS, *MEDIA_FLAGS]
    if not ask:
        flags.append("--use-fake-ui-for-media-stream")
    if microphone:
        # Without %noloop Chromium plays the file again and again.
        flags.append(f"--use-file-for-fake-audio-capture={microphone}")
    browser = launch(playwright, flags)
    try:
        yield browser
    finally:
        browser.close()


def launch(playwright: Playwright, flags: list[str]) -> Browser:
    """Starts Chromium in its new headless mode, which behaves like the one people use."""
    return playwright.chromium.launch(
        executable_path=executable(), headless=True, args=["--headless=new", *flags], chromium_sandbox=False
    )


@dataclass
class Person:
    """Somebody at a browser of his own: his page, and everything the page complained of."""

    page: Page
    context: BrowserContext
    base_url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> None:
        """Loads an address; the shell is up when this returns."""
        self.page.goto(self.base_url + path)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Waits until the shell's script runs and the first snapshot is in."""
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def sign_in(self, email: str, password: str) -> None:
        """Signs in on the sign-in page and waits for the shell."""
        self.page.goto(self.base_url + "/sign-in")
        self.page.fill('input[name="email"]', email)
        self.page.fill('input[name="password"]', password)
        self.page.click('main button[type="submit"]')
        self.wait_ready()

    def go(self, path: str) -> None:
        """Follows a link of the navigation, as a person does: only <main> is swapped."""
        self.page.click(f'#nav a[href="{path}"]')
        self.page.wait_for_function(
            "path => location.pathname === path && !document.querySelector('main.busy')", arg=path
        )

    def go_on_line(self) -> None:
        """Puts the page's phone on line and waits for its registration."""
        self.page.locator('[data-part="online"], [data-go-online]').locator("visible=true").first.click()
        self.page.wait_for_selector('#dock[data-state="ready"]')

    def picture(self, name: str, *, docs: bool | str = False) -> Path:
        """A screenshot in var/screenshots.

        Those that the README shows have a name in ``docs`` (True = the same name); they are copied to docs/screenshots
        when CALLCENTER_PICTURES is set, so that an ordinary run changes no file of the project.
        """
        PICTURES.mkdir(parents=True, exist_ok=True)
        file = PICTURES / f"{name}.png"
        self.page.screenshot(path=file)
        if docs and os.environ.get("CALLCENTER_PICTURES"):
            target = ROOT / "docs" / "screenshots" / f"{name if docs is True else docs}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        return file

    def measures(self, name: str) -> list[float]:
        """Milliseconds that the page measured under ``name`` (performance.measure)."""
        found: list[float] = self.page.evaluate(
            "name => performance.getEntriesByName(name, 'measure').map(e => e.duration)", name
        )
        return found


def person(
    browser: Browser,
    base_url: str,
    *,
    width: str = "wide",
    theme: str = "light",
    language: str = "ru",
    permissions: tuple[str, ...] = ("microphone",),
    **options: Any,
) -> Person:
    """A fresh browser profile at one of the three widths."""
    across, down = WIDTHS[width]
    context = browser.new_context(
        viewport={"width": across, "height": down},
        color_scheme="dark" if theme == "dark" else "light",
        locale="ru-RU" if language == "ru" else "en-GB",
        permissions=list(permissions),
        **options,
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    found = Person(page, context, base_url)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("console", lambda message: _note(found, message.type, message.text))
    return found


def _note(found: Person, kind: str, text: str) -> None:
    # Chromium reports answers above 399 as errors by itself; tests of such answers look at what the page shows.
    if kind == "error" and not text.startswith("Failed to load resource"):
        found.complaints.append(text)
