"""What the robots say: speech by espeak-ng where it is there, else a soft tone; raw 8 kHz µ-law for SIPp."""

from __future__ import annotations

import asyncio
import math
import shutil
import struct
from pathlib import Path

RATE = 8000
_FRAME, _LOOP = 160, bytes((127, 0, 0, 1))


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


def spoken_packets(sound: Path) -> Path:
    """The pcap file beside a raw µ-law file: the same sound as RTP packets, which SIPp plays among keys."""
    target = sound.with_suffix(".pcap")
    if not target.is_file() or target.stat().st_mtime < sound.stat().st_mtime:
        part = sound.with_suffix(".pcap-part")
        part.write_bytes(packets(sound.read_bytes()))
        part.replace(target)
    return target


def packets(sound: bytes) -> bytes:
    """µ-law sound as a capture of RTP over UDP over Ethernet, twenty milliseconds a packet; addresses do not matter."""
    found = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, at in enumerate(range(0, len(sound), _FRAME)):
        voice = sound[at : at + _FRAME].ljust(_FRAME, b"\xff")
        rtp = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, at, 1) + voice
        udp = struct.pack("!HHHH", 6000, 6000, 8 + len(rtp), 0) + rtp
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number & 0xFFFF, 0, 64, 17, 0, _LOOP, _LOOP) + udp
        frame = bytes(12) + b"\x08\x00" + ip
        second, part = divmod(number * 20_000, 1_000_000)
        found.append(struct.pack("<IIII", second, part, len(frame), len(frame)) + frame)
    return b"".join(found)


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
