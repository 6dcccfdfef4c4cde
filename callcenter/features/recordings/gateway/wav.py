"""Reads one raw file of Asterisk's, also when Asterisk died and left its header unfinished."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, Self

_RATES = frozenset({8000, 12000, 16000, 24000, 32000, 44100, 48000})


class RawVoice:
    """One 16-bit mono WAV file, read from its beginning; past its end it gives silence.

    ``samples`` comes from the file's length, not from its header: Asterisk completes the header only when it closes the
    file. A missing or headless file is empty (``rate`` 0). Raises OSError when it cannot be read, ValueError when it is
    no such WAV file.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO | None = None
        self.rate = 0
        self.samples = 0
        try:
            self._file = path.open("rb")
        except FileNotFoundError:
            return
        size = os.fstat(self._file.fileno()).st_size
        try:
            start = self._find_data(path.name, size)
        except BaseException:
            self._file.close()
            raise
        self.samples = max(0, size - start) // 2 if self.rate else 0

    def _find_data(self, name: str, size: int) -> int:
        """Where the sound begins; leaves the file there."""
        assert self._file is not None
        head = self._file.read(12)
        if len(head) < 12:
            # The disk was full before the header was out: there is no sound in it.
            return size
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise ValueError(f"{name} is not a WAV file")
        while True:
            chunk = self._file.read(8)
            if len(chunk) < 8:
                self.rate = 0
                return size
            kind, length = struct.unpack("<4sI", chunk)
            if kind == b"data":
                if not self.rate:
                    raise ValueError(f"{name} does not say its format")
                return self._file.tell()
            body = self._file.read(length + length % 2)
            if kind == b"fmt " and len(body) >= 16:
                form, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
                if form != 1 or channels != 1 or bits != 16 or rate not in _RATES:
                    raise ValueError(f"{name}: {channels} channels, {bits} bits, {rate} Hz cannot be joined")
                self.rate = rate

    def read(self, samples: int) -> bytes:
        """The next ``samples`` samples (two bytes each), filled up with silence at the end."""
        data = self._file.read(samples * 2) if self._file is not None and self.rate else b""
        return data[: len(data) - len(data) % 2].ljust(samples * 2, b"\0")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
