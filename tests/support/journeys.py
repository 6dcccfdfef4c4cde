"""Pictures of a journey: with CALLCENTER_PICTURES=docs each step leaves a small one in docs/journeys/<journey>."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.browser import ROOT, Person
from tests.support.stack import Stack


def shot(person: Person, journey: str, name: str) -> None:
    """A picture of the step; for docs/ it gets a palette of its own, which makes it half the size."""
    # A theme that was just changed fades in.
    person.page.wait_for_function("() => document.getAnimations().every((one) => !(one instanceof CSSTransition))")
    file = person.picture(f"journey-{journey}-{name}")
    if os.environ.get("CALLCENTER_PICTURES") == "docs":
        from PIL import Image

        folder = ROOT / "docs" / "journeys" / journey
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as whole:
            whole.convert("RGB").quantize(256).save(folder / f"{name}.png", optimize=True)


@contextmanager
def english(stack: Stack, token: str) -> Iterator[None]:
    """The owner of ``token`` reads English meanwhile; the demo's people read Russian."""
    stack.api(token, "PATCH", "/api/v1/me", {"language": "en"})
    try:
        yield
    finally:
        stack.api(token, "PATCH", "/api/v1/me", {"language": "ru"})
