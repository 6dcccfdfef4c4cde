"""ffmpeg and pydub: two raw voices become one two-channel Opus file that was read back before anybody relies on it."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

import msgspec
from pydub import AudioSegment

from callcenter.features.recordings.gateway.wav import RawVoice
from callcenter.features.recordings.rules import Stretch, bar_samples, level, placed

NICENESS = 15
# Below this bit rate, and with Opus's voice mode at any rate, each channel is heard faintly in the other.
_OPUS = ("-c:a", "libopus", "-b:a", "32k", "-application", "audio", "-map_metadata", "-1", "-f", "ogg")
_COPIES = {
    "mp3": ("-c:a", "libmp3lame", "-q:a", "4", "-f", "mp3"),
    "wav": ("-c:a", "pcm_s16le", "-bitexact", "-f", "wav"),
}
COPY_FORMATS = frozenset(_COPIES)
# A frame of 50 ms is speech when it is louder than this (16-bit RMS, about -42 dBFS: line noise is below it).
_SPEECH_RMS = 260
_SPEECH_SECONDS = 0.05
# Shorter silence is none that anybody asked for.
_SILENCE_SECONDS, _SILENCE_BLOCK = 0.3, 0.02
# What a codec may change: a little length at the end, and the loudness of a whole channel by a third.
_LENGTH_SLACK = 0.12
_LOUDNESS_SLACK = 1.5
# A program that hangs must not hold up all others for ever; at low priority a long call takes its time.
_LONGEST_SECONDS = 3600.0


class AudioError(Exception):
    """A conversion failed; the text says why and, where that is known, what to do."""


class NothingRecorded(AudioError):
    """The raw files are there but hold no sound at all."""


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A finished file: seconds, bytes, and what its waveform is drawn from (Recording.peaks)."""

    duration: float
    size: int
    peaks: dict[str, object]


class _Side:
    """What is learnt of one voice while it passes by."""

    def __init__(self, rate: int) -> None:
        self._frame = int(rate * _SPEECH_SECONDS)
        self.levels: list[int] = []
        self.speech_frames = 0
        self.energy = 0.0

    def add(self, voice: AudioSegment, data: bytes) -> None:
        self.levels.append(level(int(voice.max)))
        self.energy += float(voice.rms) ** 2 * len(data) / 2
        for start in range(0, len(data), self._frame * 2):
            if _mono(data[start : start + self._frame * 2], voice.frame_rate).rms > _SPEECH_RMS:
                self.speech_frames += 1

    @property
    def seconds(self) -> float:
        return round(self.speech_frames * _SPEECH_SECONDS, 2)


class _Silence:
    """Finds where both voices are wholly silent (not a single sample), as in a pause of the recording."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._block = int(rate * _SILENCE_BLOCK) * 2
        self._bytes = 0
        self._since: int | None = None
        self.found: list[Stretch] = []

    def add(self, agent: bytes, client: bytes) -> None:
        for start in range(0, len(agent), self._block):
            one, two = agent[start : start + self._block], client[start : start + self._block]
            silent = not any(one) and not any(two)
            if silent and self._since is None:
                self._since = self._bytes
            elif not silent:
                self.end()
            self._bytes += len(one)

    def end(self) -> None:
        """The silence ends here, if there is one."""
        if self._since is not None:
            at, seconds = self._since / 2 / self._rate, (self._bytes - self._since) / 2 / self._rate
            if seconds >= _SILENCE_SECONDS:
                self.found.append(Stretch(at, seconds))
        self._since = None


class Converter:
    """Runs ffmpeg at low priority; ``stop`` ends what is running. All methods block: call them in a thread."""

    def __init__(self, program: str = "ffmpeg") -> None:
        self.program = program
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def join(self, *, client: Path, agent: Path, target: Path, gaps: Sequence[Stretch] = ()) -> Joined:
        """Makes ``target`` (left agent, right client, Ogg/Opus) out of two raw files, padded to equal length.

        ``gaps`` are where the recording was paused, as the call's story has it; the sound says where exactly.

        The file appears under its name only when it was decoded again and has the length and both voices. Raises
        AudioError or OSError; then ``target`` is as it was before and no part of a file is left.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        try:
            with _voices(client, agent) as (client_voice, agent_voice):
                rate = client_voice.rate or agent_voice.rate
                samples = max(client_voice.samples, agent_voice.samples)
                if not samples:
                    raise NothingRecorded("Nothing was recorded: the files from Asterisk are empty")
                if client_voice.rate and agent_voice.rate and client_voice.rate != agent_voice.rate:
                    raise AudioError(f"{client.name} and {agent.name} have different sample rates")
                silence = _Silence(rate) if gaps else None
                sides = self._encode(client_voice, agent_voice, rate, samples, part, silence)
            self._check(part, rate, samples, sides)
            size = _keep(part, target)
        finally:
            part.unlink(missing_ok=True)
        agent_side, client_side = sides
        return Joined(
            duration=round(samples / rate, 3),
            size=size,
            peaks={
                "agent": agent_side.levels,
                "client": client_side.levels,
                "talk": {"agent": agent_side.seconds, "client": client_side.seconds},
                "rate": rate,
                **({"gaps": placed(gaps, silence.found, samples / rate)} if silence else {}),
            },
        )

    def copy(self, source: Path, target: Path, form: str, rate: int) -> None:
        """Converts a finished recording to ``form`` (mp3, wav) at ``rate`` Hz. Raises AudioError or OSError."""
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        try:
            with self._ffmpeg("-i", str(source), "-ar", str(rate), *_COPIES[form], str(part)):
                pass
            _keep(part, target)
        finally:
            part.unlink(missing_ok=True)

    def stop(self) -> None:
        """Ends running conversions; later ones are refused. What they worked on is tried again at the next start."""
        self._stopped = True
        with self._lock:
            for process in self._running:
                process.kill()

    def _encode(
        self, client: RawVoice, agent: RawVoice, rate: int, samples: int, part: Path, silence: _Silence | None
    ) -> tuple[_Side, _Side]:
        bar = bar_samples(samples, rate)
        agent_side, client_side = _Side(rate), _Side(rate)
        raw = ("-f", "s16le", "-ar", str(rate), "-ac", "2", "-i", "pipe:0")
        with self._ffmpeg(*raw, *_OPUS, str(part), stdin=True) as process:
            assert process.stdin is not None
            for start in range(0, samples, bar):
                count = min(bar, samples - start)
                agent_data, client_data = agent.read(count), client.read(count)
                agent_voice, client_voice = _mono(agent_data, rate), _mono(client_data, rate)
                agent_side.add(agent_voice, agent_data)
                client_side.add(client_voice, client_data)
                if silence is not None:
                    silence.add(agent_data, client_data)
                both = AudioSegment.from_mono_audiosegments(agent_voice, client_voice)
                process.stdin.write(both.raw_data)
        if silence is not None:
            silence.end()
        return agent_side, client_side

    def _check(self, part: Path, rate: int, samples: int, sides: tuple[_Side, _Side]) -> None:
        """Decodes the file and compares length and loudness of both channels with what went in."""
        heard, energy = 0, [0.0, 0.0]
        with self._ffmpeg(
            "-i", str(part), "-f", "s16le", "-ar", str(rate), "-ac", "2", "pipe:1", stdout=True
        ) as process:
            assert process.stdout is not None
            for data in _blocks(process.stdout, rate * 4):
                both = AudioSegment(data=data, sample_width=2, frame_rate=rate, channels=2)
                for n, channel in enumerate(both.split_to_mono()):
                    energy[n] += float(channel.rms) ** 2 * (len(data) // 4)
                heard += len(data) // 4
        if abs(heard - samples) > rate * _LENGTH_SLACK:
            raise AudioError(f"the file read back has {heard / rate:.2f} s instead of {samples / rate:.2f} s")
        for name, side, back in zip(("agent", "client"), sides, energy, strict=True):
            sent, got = math.sqrt(side.energy / samples), math.sqrt(back / max(1, heard))
            if sent > _SPEECH_RMS and not sent / _LOUDNESS_SLACK < got < sent * _LOUDNESS_SLACK:
                raise AudioError(f"the {name}'s voice read back has level {got:.0f} instead of {sent:.0f}")

    @contextlib.contextmanager
    def _ffmpeg(self, *arguments: str, stdin: bool = False, stdout: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        """A running ffmpeg; waits for it at the end. Raises AudioError with its last words when it fails."""
        program = shutil.which(self.program)
        if program is None:
            raise AudioError("ffmpeg is not installed: install it (apt install ffmpeg); recordings wait until then")
        # A file for its words: a pipe that nobody reads could stop it. In memory, because the disk may be full.
        with _words() as words:
            process = subprocess.Popen(
                [program, "-hide_banner", "-nostats", "-loglevel", "error", "-threads", "1", "-y", *arguments],
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
                stderr=words,
            )
            with self._watched(process):
                with contextlib.suppress(BrokenPipeError):
                    yield process
                    if process.stdin is not None:
                        process.stdin.close()
                code = process.wait()
            if code != 0:
                words.seek(0)
                said = words.read(4000).decode(errors="replace").strip()
                raise AudioError(_first_lines(said) or f"ffmpeg ended with {code}")

    @contextlib.contextmanager
    def _watched(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Knows the process while it runs, and never leaves it behind."""
        timer = threading.Timer(_LONGEST_SECONDS, process.kill)
        timer.daemon = True
        timer.start()
        with self._lock:
            self._running.add(process)
        try:
            if self._stopped:
                raise AudioError("the server is being stopped")
            yield
        finally:
            timer.cancel()
            if process.poll() is None:
                process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            process.wait()
            with self._lock:
                self._running.discard(process)


def lower_priority() -> None:
    """Makes this thread, and the programs that it starts, step aside for calls. For an executor's ``initializer``."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


@contextlib.contextmanager
def _voices(client: Path, agent: Path) -> Iterator[tuple[RawVoice, RawVoice]]:
    try:
        with RawVoice(client) as client_voice, RawVoice(agent) as agent_voice:
            yield client_voice, agent_voice
    except ValueError as error:
        raise AudioError(str(error)) from error


def _mono(data: bytes, rate: int) -> AudioSegment:
    return AudioSegment(data=data, sample_width=2, frame_rate=rate, channels=1)


def _blocks(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """Whole two-channel samples from a pipe."""
    rest = b""
    while data := stream.read(size):
        data = rest + data
        whole = len(data) - len(data) % 4
        rest = data[whole:]
        if whole:
            yield data[:whole]


def _keep(part: Path, target: Path) -> int:
    """Puts a complete file under its name so that it survives a power cut; returns its size."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
        size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise AudioError("ffmpeg wrote nothing: is the disk full?")
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return size


def _words() -> BinaryIO:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("ffmpeg"), "w+b")
    return tempfile.TemporaryFile()


def _first_lines(text: str) -> str:
    return " · ".join(text.splitlines()[:3])[:400]
