"""Tones for recordings: written as Asterisk writes raw voices, and listened to in finished files."""

from __future__ import annotations

import array
import math
import struct
import subprocess
from pathlib import Path

RATE = 8000


def tone(hz: float, seconds: float, *, rate: int = RATE, loud: float = 0.3) -> bytes:
    """A sine of ``hz`` as 16-bit samples; ``loud`` 1 = full scale, ``hz`` 0 = silence."""
    count = round(seconds * rate)
    if hz == 0:
        return bytes(count * 2)
    step = 2 * math.pi * hz / rate
    return array.array("h", (round(32767 * loud * math.sin(step * n)) for n in range(count))).tobytes()


def wav(path: Path, sound: bytes, *, rate: int = RATE, finished: bool = True) -> Path:
    """A mono WAV file; ``finished`` False leaves the header as Asterisk does when it is killed."""
    size = len(sound) if finished else 0
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    path.write_bytes(head + struct.pack("<4sI", b"data", size) + sound)
    return path


def raw_call(
    folder: Path,
    stem: str,
    *,
    client: bytes | None = None,
    agent: bytes | None = None,
    done: bool = True,
    rate: int = RATE,
) -> None:
    """What Asterisk leaves after a call: by default the client hums 440 Hz and the agent 1000 Hz for a second."""
    folder.mkdir(parents=True, exist_ok=True)
    wav(folder / f"{stem}-client.wav", tone(440, 1, rate=rate) if client is None else client, rate=rate)
    wav(folder / f"{stem}-agent.wav", tone(1000, 1, rate=rate) if agent is None else agent, rate=rate)
    if done:
        (folder / f"{stem}.done").touch()


def decoded(path: Path, rate: int = RATE) -> list[array.array[int]]:
    """The channels of a sound file, as 16-bit samples."""
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=channels", "-of", "csv=p=0", str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    channels = int(probe.stdout.strip())
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-ar", str(rate), "pipe:1"],
        check=True,
        capture_output=True,
    )
    samples = array.array("h", done.stdout[: len(done.stdout) // (2 * channels) * 2 * channels])
    return [samples[n::channels] for n in range(channels)]


def strength(samples: array.array[int], hz: float, *, rate: int = RATE) -> float:
    """How much of ``hz`` is in there: amplitude of that tone as a share of full scale (Goertzel)."""
    if not samples:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * hz / rate)
    one = two = 0.0
    for sample in samples:
        one, two = sample + turn * one - two, one
    power = one * one + two * two - turn * one * two
    return 2 * math.sqrt(max(power, 0.0)) / len(samples) / 32767


def probe(path: Path) -> dict[str, str]:
    """Codec, channels and length of a sound file."""
    done = subprocess.run(
        [
            *("ffprobe", "-v", "error", "-show_entries", "stream=codec_name,channels,sample_rate:format=duration"),
            *("-of", "default=nw=1", str(path)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())
