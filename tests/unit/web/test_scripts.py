"""The page's scripts that need no browser, under Node's own test runner."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from callcenter.http.site import WEB

HERE = Path(__file__).parent


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_the_pure_parts_of_the_scripts() -> None:
    done = subprocess.run(["node", "--test", str(HERE / "pure.test.mjs")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_no_page_needs_an_inline_script() -> None:
    wrong = [
        f"{file.relative_to(WEB)}: {tag}"
        for file in WEB.rglob("*.html")
        if "node_modules" not in file.parts
        for tag in _tags(file.read_text("utf-8"))
        if ("src=" not in tag and "application/json" not in tag) or "onclick=" in tag
    ]
    assert wrong == []


def _tags(html: str) -> list[str]:
    return [part.split(">", 1)[0] for part in html.split("<script")[1:]]


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
