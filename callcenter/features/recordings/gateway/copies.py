"""A bounded folder of MP3 and WAV copies, made when somebody asks; the one not asked for longest goes first."""

from __future__ import annotations

import asyncio
import contextlib
import os
from concurrent.futures import Executor
from pathlib import Path
from weakref import WeakValueDictionary

from callcenter.features.recordings.gateway.audio import Converter


class Copies:
    """Copies below ``folder``, together at most ``limit`` bytes (a single larger copy is kept until the next one)."""

    def __init__(self, folder: Path, converter: Converter, executor: Executor, *, limit: int = 500_000_000) -> None:
        self.folder = folder
        self.limit = limit
        self._converter = converter
        self._executor = executor
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(self, recording_id: int, source: Path, form: str, rate: int) -> Path:
        """The copy of ``source`` as mp3 or wav; made now if it is not there. Raises AudioError or OSError.

        The name carries the source's size and time, so a copy of an older version is never given.
        """
        loop = asyncio.get_running_loop()
        stat = await loop.run_in_executor(self._executor, source.stat)
        target = self.folder / f"{recording_id}-{stat.st_mtime_ns:x}-{stat.st_size:x}.{form}"
        lock = self._locks.setdefault(target.name, asyncio.Lock())
        async with lock:
            await loop.run_in_executor(self._executor, self._make, source, target, form, rate)
        return target

    def _make(self, source: Path, target: Path, form: str, rate: int) -> None:
        if target.is_file():
            # The time of last use; access times are often not kept by the file system.
            os.utime(target)
            return
        self._converter.copy(source, target, form, rate)
        self._shrink(keep=target)

    def _shrink(self, keep: Path) -> None:
        copies = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                stat = path.stat()
                copies.append((stat.st_mtime_ns, stat.st_size, path))
        total = sum(size for _, size, _ in copies)
        for _, size, path in sorted(copies):
            if total <= self.limit:
                return
            if path != keep:
                path.unlink(missing_ok=True)
                total -= size
