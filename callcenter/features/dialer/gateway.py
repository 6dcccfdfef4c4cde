"""The simulator in a process of its own: it takes a processor for seconds, and calls go first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence

import msgspec

_LONGEST = 300.0


class SimulatorError(Exception):
    """The simulator did not answer, or not as it should."""


async def simulate(arguments: Sequence[str]) -> dict[str, dict[str, float]]:
    """What `python -m callcenter simulate` says, by pacer. Raises SimulatorError."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "callcenter",
        "simulate",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=_humble,
    )
    try:
        async with asyncio.timeout(_LONGEST):
            said, complaint = await child.communicate()
    except TimeoutError:
        raise SimulatorError(f"no answer in {_LONGEST:g} s") from None
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode:
        raise SimulatorError(complaint.decode("utf-8", "replace").strip()[-500:])
    try:
        return msgspec.json.decode(said, type=dict[str, dict[str, float]])
    except msgspec.DecodeError as error:
        raise SimulatorError(str(error)) from error


def _humble() -> None:
    os.nice(15)
