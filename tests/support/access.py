"""Whether a page can be used by keyboard, by screen reader, in both themes and on a phone: what is wrong, in words.

What is looked for inside the page stands in access.js beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPT = Path(__file__).with_suffix(".js").read_text()
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Roles that a screen reader's user operates: each must have a name.
OPERATED = frozenset(
    "button link textbox searchbox combobox checkbox radio slider spinbutton switch tab menuitem menuitemradio "
    "menuitemcheckbox option dialog alertdialog img DisclosureTriangle".split()
)
# Looked at together, which is quicker.
STEPS = 10
# Enough for the longest page; a page with more stops than this is unusable by keyboard anyway.
MOST_STOPS = 500
# WCAG 2.2: targets are 24 CSS pixels at least (2.5.8), text 4.5 to 1, large text 3 to 1 (1.4.3).
TARGET = 24


def nameless(page: Page) -> list[str]:
    """What a screen reader would call by its kind alone, and what it needs to find its way: heading, main part."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    seen = [node for node in nodes if not node.get("ignored")]
    wrong = []
    for node in seen:
        if node["role"]["value"] in OPERATED and not str(node.get("name", {}).get("value", "")).strip():
            html = session.send("DOM.getOuterHTML", {"backendNodeId": node["backendDOMNodeId"]})["outerHTML"]
            wrong.append(f"no name: {node['role']['value']} {html[:80]}")
    session.detach()
    if (heads := page.locator("h1:visible").count()) != 1:
        wrong.append(f"{heads} headings of the page")
    if (mains := sum(node["role"]["value"] == "main" for node in seen)) != 1:
        wrong.append(f"{mains} main parts")
    if not page.evaluate("document.documentElement.lang"):
        wrong.append("no language")
    return wrong


def unreachable(page: Page) -> list[str]:
    """Walks through the page with Tab: what is not reached, where the focus is not seen."""
    page.evaluate("access.begin()")
    said: list[str | None] = []
    while None not in said and len(said) < MOST_STOPS:
        for _ in range(STEPS):
            page.keyboard.press("Tab")
        said += page.evaluate("access.taken()")
    return [one for one in said if one] + [f"not reached by Tab: {one}" for one in page.evaluate("access.missed()")]


def pale(page: Page, theme: str) -> list[str]:
    """Texts whose contrast is too low in a theme, 'light' or 'dark'."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.wait_for_function("() => document.getAnimations().every((one) => !(one instanceof CSSTransition))")
    found: list[str] = page.evaluate("access.pale()")
    return [f"{theme}: {one}" for one in found]


def faults(page: Page) -> list[str]:
    """Everything that is wrong with what is shown now, each as a line; the page is wide again afterwards."""
    page.evaluate(SCRIPT)
    found = nameless(page) + unreachable(page) + pale(page, "dark") + pale(page, "light")
    with on_a_phone(page):
        narrow: list[str] = page.evaluate("least => access.cramped(least)", TARGET)
        narrow += unreachable(page)
    return found + [f"phone: {one}" for one in narrow]


@contextmanager
def on_a_phone(page: Page) -> Iterator[None]:
    """The page 390 px wide, and wide again afterwards."""
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    yield
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
