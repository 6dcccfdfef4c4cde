"""``doctor``: looks at everything the server needs and says what to do."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module

import msgspec

from callcenter.cli import checks
from callcenter.config import Settings
from callcenter.core.checks import Finding

MARKS = {"ok": "✓", "warning": "!", "wrong": "✗"}
Check = Callable[[Settings], Awaitable[list[Finding]]]
# Asterisk's own list stands with Asterisk: a function ``run`` like those here.
ASTERISK = "callcenter.telephony.asterisk.checks"


async def doctor(settings: Settings, args: argparse.Namespace) -> int:
    """Prints the findings; 0 when nothing is wrong (warnings are allowed), else 1."""
    findings = await examine(settings, all_checks())
    if args.json:
        print(msgspec.json.encode(findings).decode())
    else:
        print(report(findings, colour=sys.stdout.isatty()))
    return 1 if any(finding.state == "wrong" for finding in findings) else 0


def all_checks() -> list[Check]:
    """Every check, in the order they are printed."""
    found: list[Check] = list(checks.ALL)
    try:
        found.append(import_module(ASTERISK).run)
    except ModuleNotFoundError as error:
        if error.name != ASTERISK:
            raise
    return found


async def examine(settings: Settings, wanted: Sequence[Check]) -> list[Finding]:
    """Runs the checks side by side; one that breaks is a finding itself."""

    async def one(check: Check) -> list[Finding]:
        name = getattr(check, "__name__", "check")
        try:
            async with asyncio.timeout(30):
                return await check(settings)
        except TimeoutError:
            return [Finding(name=name, state="wrong", detail="no answer within 30 s")]
        except Exception as error:
            return [Finding(name=name, state="wrong", detail=f"could not be checked: {error!r}")]

    results = await asyncio.gather(*(one(check) for check in wanted))
    return [finding for found in results for finding in found]


def report(findings: Sequence[Finding], *, colour: bool = False) -> str:
    """The findings as lines for a terminal."""
    paint = {"ok": "\x1b[32m", "warning": "\x1b[33m", "wrong": "\x1b[31m"} if colour else {}
    lines = []
    for finding in findings:
        mark = MARKS[finding.state]
        if finding.state in paint:
            mark = f"{paint[finding.state]}{mark}\x1b[0m"
        lines.append(f"{mark} {finding.name}" + (f": {finding.detail}" if finding.detail else ""))
        if finding.advice and finding.state != "ok":
            lines.append(f"    → {finding.advice}")
    wrong = sum(finding.state == "wrong" for finding in findings)
    warnings = sum(finding.state == "warning" for finding in findings)
    lines.append("")
    lines.append("all well" if not wrong and not warnings else f"{wrong} wrong, {warnings} to look at")
    return "\n".join(lines)
