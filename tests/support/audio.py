"""Test sound: tones, their detection, wave files. Samples are 16-bit mono in ``array('h')``, 8000 a second."""

from __future__ import annotations

import math
import warnings
import wave
from array import array
from pathlib import Path

with warnings.catch_warnings():
    # Python 3.13 has it no more; there the package audioop-lts brings it.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

RATE = 8000
_WINDOW = 0.1


def tone(frequency: float, seconds: float, *, rate: int = RATE, level: float = 0.4) -> array[int]:
    """A sine; ``level`` 1.0 is full scale."""
    top = level * 32767
    step = 2 * math.pi * frequency / rate
    return array("h", (int(top * math.sin(step * n)) for n in range(int(seconds * rate))))


def power(samples: array[int], frequency: float, rate: int = RATE) -> float:
    """Share (0–1) of the sound's energy that lies at ``frequency``, by Goertzel's algorithm."""
    count = len(samples)
    energy = sum(s * s for s in samples)
    if count == 0 or energy == 0:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * frequency / rate)
    before = before2 = 0.0
    for sample in samples:
        before, before2 = sample + factor * before - before2, before
    found = before * before + before2 * before2 - factor * before * before2
    return min(1.0, 2 * found / (count * energy))


def loudness(samples: array[int]) -> float:
    """Root mean square, 0–32767."""
    return math.sqrt(sum(s * s for s in samples) / len(samples)) if samples else 0.0


def seconds_of(samples: array[int], frequency: float, *, rate: int = RATE, quietest: float = 500.0) -> float:
    """For how many seconds ``frequency`` is what one hears: windows of 0.1 s that are loud and mostly that tone."""
    size = int(rate * _WINDOW)
    windows = (samples[at : at + size] for at in range(0, len(samples) - size + 1, size))
    return _WINDOW * sum(1 for w in windows if loudness(w) > quietest and power(w, frequency, rate) > 0.6)


def read_wave(file: Path) -> tuple[int, list[array[int]]]:
    """Rate and the samples of each channel of a wave file."""
    with wave.open(str(file), "rb") as source:
        assert source.getsampwidth() == 2, f"{file} is not 16-bit"
        channels = source.getnchannels()
        everything = array("h", source.readframes(source.getnframes()))
        return source.getframerate(), [everything[n::channels] for n in range(channels)]


def write_wave(file: Path, samples: array[int], rate: int = RATE) -> None:
    """Writes mono samples as a wave file."""
    with wave.open(str(file), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(samples.tobytes())


def to_ulaw(samples: array[int]) -> bytes:
    """Samples as G.711 µ-law."""
    return audioop.lin2ulaw(samples.tobytes(), 2)


def from_ulaw(data: bytes) -> array[int]:
    """G.711 µ-law as samples."""
    return array("h", audioop.ulaw2lin(data, 2))
