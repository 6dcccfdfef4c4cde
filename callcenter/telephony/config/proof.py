"""Does Asterisk work with what was written? A mark in the dialplan, and its own complaints in its log."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

MARK_CONTEXT = "cc-version"
_LINE = re.compile(
    r"(?:WARNING|ERROR)\[[^]]*\](?:\[[^]]*\])?:? ?\S*\s*(?:[^:]*: )?(?P<said>.*?(?:line|at line) (?P<line>\d+) of "
    r"(?:\S*/)?(?P<file>[a-z_]+\.conf).*)"
)
_OBJECT = re.compile(r"(?:Could not create an object|Retaining existing configuration for object).* id '([^']+)'")
MOST_LOG = 400_000


def mark(files: Mapping[str, str]) -> str:
    """The name of a configuration: another one for every other dialplan."""
    return "v" + hashlib.sha256(files["extensions.conf"].encode()).hexdigest()[:16]


def with_mark(files: Mapping[str, str]) -> dict[str, str]:
    """The files with the mark at the end of the dialplan, by which Asterisk tells which one it works with."""
    return {
        **files,
        "extensions.conf": f"{files['extensions.conf']}\n[{MARK_CONTEXT}]\nexten => {mark(files)},1,NoOp()\n",
    }


def marked(files: Mapping[str, str]) -> str:
    """The mark that stands in files which have one, else ''."""
    found = re.search(rf"^\[{MARK_CONTEXT}\]\nexten => (v[0-9a-f]+),", files.get("extensions.conf", ""), re.M)
    return found[1] if found else ""


def queues_in(lines: list[str]) -> set[str]:
    """The queues of what ``queue show`` says."""
    return {found[1] for line in lines if (found := re.match(r"(q[0-9]+) +has ", line))}


def log_size(log: Path) -> int:
    """Where the log ends now; 0 when there is none."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def refused(log: Path, since: int) -> set[str]:
    """The objects of pjsip.conf that Asterisk did not take since; it goes on with what it had of them."""
    return {m[1] for line in _lines(log, since) if (m := _OBJECT.search(line))}


def complaints(log: Path, since: int) -> list[tuple[str, int, str]]:
    """What Asterisk has complained of in its files since: file, line and its own words."""
    return [
        (m["file"], int(m["line"]), m["said"].strip()[:200]) for line in _lines(log, since) if (m := _LINE.search(line))
    ]


def _lines(log: Path, since: int) -> list[str]:
    try:
        with log.open("rb") as stream:
            stream.seek(since)
            return stream.read(MOST_LOG).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
