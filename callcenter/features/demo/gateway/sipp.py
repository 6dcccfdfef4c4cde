"""Runs SIPp. Each process is bounded in calls and time and dies with the process that started it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import signal
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from callcenter.features.demo.gateway import scenarios

_PR_SET_PDEATHSIG = 1
_KEY_SECONDS = 0.3


class SippError(Exception):
    """SIPp is not there or would not start; the text says what to do."""


@dataclass(frozen=True)
class CallPlan:
    """One robot's call: from ``number`` to ``to`` (E.164), times in seconds.

    ``presses`` are keys, each with the seconds before it; ``message`` (a pcap file) is said ``message_after``
    seconds after them. ``seconds`` is how long he stays then.
    """

    number: str
    to: str
    seconds: float = 40.0
    patience: float = 60.0
    presses: tuple[tuple[float, str], ...] = ()
    audio: str = ""
    message: str = ""
    message_after: float = 0.0

    @property
    def pressing(self) -> float:
        """How long the keys take, with the wait before the message."""
        return self.message_after + sum(before + _KEY_SECONDS * len(keys) for before, keys in self.presses)


async def call(plan: CallPlan, sip_port: int) -> int:
    """Plays the call to its end; returns SIPp's exit code (0 = went as planned)."""
    # SIPp sends digits and messages through a raw socket.
    presses = plan.presses if os.geteuid() == 0 else ()
    text = scenarios.caller(
        number=plan.number,
        to=plan.to,
        seconds=plan.seconds,
        patience=plan.patience,
        presses=presses,
        audio=plan.audio,
        message=plan.message if presses else "",
        message_after=plan.message_after,
    )
    limit = int(plan.pressing + plan.seconds + plan.patience + 30)
    echo = ["-rtp_echo"] if presses and not plan.message else []
    arguments = [f"127.0.0.1:{sip_port}", "-m", "1", "-timeout", f"{limit}s", *echo]
    with tempfile.TemporaryDirectory(prefix="robot-") as folder:
        process = await _start(Path(folder), text, arguments, _free_port())
        try:
            return await asyncio.wait_for(process.wait(), limit + 10)
        except TimeoutError:
            return -1
        finally:
            await end(process)


async def listen(folder: Path, text: str, port: int) -> asyncio.subprocess.Process:
    """Starts a telephone that answers by the scenario ``text`` on ``port`` until it is ended."""
    folder.mkdir(parents=True, exist_ok=True)
    return await _start(folder, text, ["-aa"], port)


async def end(process: asyncio.subprocess.Process) -> None:
    """Ends a SIPp process: asks first, kills after three seconds."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 3)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _start(folder: Path, text: str, arguments: list[str], port: int) -> asyncio.subprocess.Process:
    program = shutil.which("sipp")
    if not program:
        raise SippError("sipp is not installed: apt-get install sip-tester")
    file = folder / "scenario.xml"
    file.write_text(text, "utf-8")
    media = _free_port(even=True)
    return await asyncio.create_subprocess_exec(
        program,
        *("-sf", str(file), "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1", "-mp", str(media)),
        *("-nostdin", "-skip_rlimit", *arguments),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def die_with_parent() -> None:
    """For ``preexec_fn``: the kernel ends the child when its parent dies, however it dies (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port(even: bool = False) -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            if port < 60000 and not (even and port % 2):
                return port
