"""What the robots say: speech by espeak-ng where it is there, else a soft tone; raw 8 kHz µ-law for SIPp."""

from __future__ import annotations

import asyncio
import math
import shutil
from pathlib import Path

RATE = 8000


async def speech(folder: Path, name: str, text: str, voice: str = "ru") -> Path:
    """The file ``name``.ulaw in ``folder`` with ``text`` spoken; made once and kept."""
    target = folder / f"{name}.ulaw"
    if target.is_file() and target.stat().st_size:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("espeak-ng") and shutil.which("ffmpeg"):
        wav, part = folder / f"{name}.wav", folder / f"{name}.part"
        await _run("espeak-ng", "-v", voice, "-s", "150", "-w", str(wav), text)
        filters = "apad=pad_dur=1.2"
        form = ("-ar", str(RATE), "-ac", "1", "-f", "mulaw")
        await _run("ffmpeg", "-y", "-v", "error", "-i", str(wav), "-af", filters, *form, str(part))
        wav.unlink(missing_ok=True)
        part.replace(target)
    else:
        target.write_bytes(_tone(400.0, 2.0))
    return target


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    if await process.wait() != 0:
        raise RuntimeError(f"{command[0]} failed")


def _tone(hertz: float, seconds: float) -> bytes:
    """A quiet tone with a pause of the same length behind it."""
    count = int(RATE * seconds)
    loud = bytes(_mulaw(int(4000 * math.sin(2 * math.pi * hertz * n / RATE))) for n in range(count))
    return loud + bytes([0xFF]) * count


def _mulaw(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~(sign | (exponent << 4) | mantissa) & 0xFF
