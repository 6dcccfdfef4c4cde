"""Runs Asterisk in the foreground as a child: start, wait until it is ready, ask its command line, stop, kill."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance

_POLL = 0.05
_READY_WORD = "fully booted"
# Sound that is late is lost, while all else on the machine, our server first of all, can wait for a moment.
NICENESS = -10
# Reads until our end of the pipe is gone, which is when we are: then Asterisk ($0) has no business to go on.
_WATCH = """
read -r _
kill -TERM "$0" || exit 0
for _ in 1 2 3 4 5; do sleep 1; kill -0 "$0" || exit 0; done
kill -KILL "$0"
"""


def _go_first() -> None:
    """Puts this process before others for the CPU, where we may (as root)."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)


class Runner:
    """One Asterisk process of ours. It ends when we end, even when we are killed; the server is another process."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.subprocess.Process | None = None
        self._lifeline: int | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self.process.pid if self.process is not None and self.process.returncode is None else None

    async def start(self, timeout: float = 60.0) -> None:
        """Starts Asterisk and returns when it takes calls. The configuration must be rendered already.

        An Asterisk of this very run that somebody left behind is ended first. Raises AsteriskError with the end of the
        log when it does not come up within ``timeout`` seconds.
        """
        if self.pid is not None:
            raise AsteriskError("Asterisk runs already")
        await self.end_left_behind()
        self.instance.prepare()
        console = self.instance.folder / "log" / "console"
        with console.open("wb") as out:
            self.process = await asyncio.create_subprocess_exec(
                *self.instance.command("-f", "-n"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp"},  # noqa: S108
                # Ctrl-C in the terminal is for us: we end Asterisk in our own order.
                start_new_session=True,
                preexec_fn=_go_first,
            )
        try:
            await self._tie()
            await self._until_ready(timeout)
        except BaseException:
            await self.kill()
            raise

    async def _tie(self) -> None:
        """Starts the watch that ends Asterisk when this process is gone."""
        assert self.process is not None
        await self._untie()
        theirs, ours = os.pipe()
        try:
            self._watch = await asyncio.create_subprocess_exec(
                "sh",
                "-c",
                _WATCH,
                str(self.process.pid),
                stdin=theirs,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._lifeline = ours

    async def _untie(self) -> None:
        if self._watch is not None:
            if self._watch.returncode is None:
                self._watch.kill()
            await self._watch.wait()
            self._watch = None
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    async def _until_ready(self, timeout: float) -> None:
        assert self.process is not None
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.returncode is not None:
                raise AsteriskError(f"Asterisk ended at once (exit {self.process.returncode}):\n{self.log_tail()}")
            if self.instance.socket.exists():
                try:
                    said = await self.rx("core waitfullybooted", timeout=max(1.0, end - time.monotonic()))
                except AsteriskError:
                    said = ""
                if _READY_WORD in said:
                    return
            await asyncio.sleep(_POLL)
        raise AsteriskError(f"Asterisk was not ready within {timeout:.0f} s:\n{self.log_tail()}")

    async def rx(self, command: str, timeout: float = 15.0) -> str:
        """What Asterisk's own command line answers to ``command``. Raises AsteriskError when it is not there."""
        if "\n" in command or "\r" in command:
            raise AsteriskError("a command of Asterisk is one line")
        process = await asyncio.create_subprocess_exec(
            *self.instance.command("-r", "-x", command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
        )
        try:
            async with asyncio.timeout(timeout):
                said, _ = await process.communicate()
        except TimeoutError as error:
            raise AsteriskError(f"Asterisk did not answer `{command}` within {timeout:.0f} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        text = said.decode("utf-8", "replace")
        if process.returncode != 0:
            raise AsteriskError(f"`asterisk -rx '{command}'` failed: {text.strip()[-300:]}")
        return text

    async def wait(self) -> int:
        """Waits until the process ends; its exit code."""
        if self.process is None:
            raise AsteriskError("Asterisk was not started")
        return await self.process.wait()

    async def stop(self, timeout: float = 10.0) -> None:
        """Ends Asterisk and its calls; kills it after ``timeout`` seconds. Fine when it is not running."""
        if self.pid is None:
            await self._untie()
            self._clear()
            return
        assert self.process is not None
        self.process.terminate()
        try:
            async with asyncio.timeout(timeout):
                await self.process.wait()
        except TimeoutError:
            await self.kill()
        await self._untie()
        self._clear()

    async def kill(self) -> None:
        """Kills Asterisk at once."""
        if self.process is not None:
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()
        await self._untie()
        self._clear()

    async def end_left_behind(self, timeout: float = 10.0) -> None:
        """Ends an Asterisk of this run whose parent died without ending it."""
        for sign, seconds in ((signal.SIGTERM, timeout), (signal.SIGKILL, 5.0)):
            pids = self.left_behind()
            for pid in pids:
                os.kill(pid, sign)
            end = time.monotonic() + seconds
            while pids and self.left_behind() and time.monotonic() < end:  # noqa: ASYNC110 - not our children
                await asyncio.sleep(_POLL)
        if left := self.left_behind():
            raise AsteriskError(f"An Asterisk of this installation runs already (pid {left[0]}) and does not end")
        self._clear()

    def left_behind(self) -> list[int]:
        """Processes that run on this run's configuration in this root, other than our own child."""
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == self.pid:
                continue
            if self._is_ours(folder):
                found.append(int(folder.name))
        return found

    def _is_ours(self, proc: Path) -> bool:
        """Whether a process is the daemon of this run: its command line, and the root it was started in."""
        try:
            words = (proc / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            return False
        if not words[0].endswith("asterisk") or "-f" not in words or self.instance.config_file not in words:
            return False
        try:
            # Inside its root the process's own path of the socket is the host's file.
            return (proc / "root" / self.instance.inside.lstrip("/")).samefile(self.instance.folder)
        except OSError:
            return False

    def _clear(self) -> None:
        """Removes what a killed Asterisk leaves: its socket and pid file."""
        for file in (self.instance.socket, self.instance.pid_file):
            file.unlink(missing_ok=True)

    def log_tail(self, lines: int = 25) -> str:
        """The end of Asterisk's output and log, for an error message."""
        text = []
        for file in (self.instance.folder / "log" / "console", self.instance.log_file):
            try:
                text += file.read_text("utf-8", "replace").splitlines()[-lines:]
            except OSError:
                continue
        return "\n".join(text) or "(the log is empty)"
