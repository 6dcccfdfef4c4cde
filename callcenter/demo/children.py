"""Child processes of the demo: started, watched, started again with growing pauses, ended in order."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from callcenter.features.demo.api import die_with_parent

FIRST_PAUSE, LONGEST_PAUSE, STABLE_SECONDS = 1.0, 30.0, 60.0


class Child:
    """A Python module of ours as a process of its own, with its output in ``log``."""

    def __init__(self, name: str, arguments: tuple[str, ...], env: Mapping[str, str], log: Path) -> None:
        self.name, self.arguments, self.env, self.log = name, arguments, dict(env), log
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Starts the process; its output is appended to the log file."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.arguments,
                env=self.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # Ctrl-C in the terminal is for the demo, which ends its children in its own order.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    async def wait(self) -> int:
        """Waits for the end; the exit code."""
        assert self.process
        return await self.process.wait()

    async def stop(self, timeout: float = 15.0) -> None:
        """Asks to end, kills after ``timeout`` seconds."""
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), timeout)
        except TimeoutError:
            process.kill()
            await process.wait()

    def tail(self, lines: int = 12) -> str:
        """The end of the log."""
        try:
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""


async def keep_running(
    name: str,
    wait: Callable[[], Awaitable[int]],
    start: Callable[[], Awaitable[None]],
    say: Callable[[str], None],
) -> None:
    """Waits for a started part to end and starts it again, pausing longer each time; until cancelled."""
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE
    began = loop.time()
    while True:
        code = await wait()
        pause = FIRST_PAUSE if loop.time() - began > STABLE_SECONDS else min(pause * 2, LONGEST_PAUSE)
        say(f"{name} ended ({code}); starting it again in {pause:.0f} s")
        await asyncio.sleep(pause)
        began = loop.time()
        try:
            await start()
        except Exception as error:
            say(f"{name} did not start: {error}")
