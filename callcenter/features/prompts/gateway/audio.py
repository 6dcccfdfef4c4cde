"""ffmpeg and espeak-ng: what a person brings becomes one clean wave file, or a message says why not.

ffmpeg reads files of others, so it may open that one file and nothing else: no other protocol, and no format that names
further files or addresses (playlists). All functions block: call them in a thread.
"""

from __future__ import annotations

import array
import hashlib
import json
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import msgspec

from callcenter.core.errors import BadInput, Unavailable
from callcenter.core.i18n import N_
from callcenter.features.prompts.rules import MAX_SECONDS, MIN_SECONDS
from callcenter.telephony.asterisk import prompts
from callcenter.telephony.asterisk.errors import AsteriskError

RATE = 8000
# Containers of sound. What is not here (hls, concat, dash, sdp …) could make ffmpeg open what a stranger names.
FORMATS = (
    "wav,w64,mp3,asf,ogg,flac,mov,matroska,aac,amr,aiff,au,caf,ac3,eac3,wv,ape,mpc,mpc8,tta,voc"
    ",avi,mpegts,mpeg,flv,rm,dsf"
)
_CAREFUL = ("-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS)
# What telephones carry, as loud as all other prompts.
SOUND = "aformat=channel_layouts=mono,highpass=f=150,lowpass=f=3400,loudnorm=I=-20:TP=-2"
_LONGEST_RUN = 60.0
# Below this of 32767 nobody hears anything.
_SILENT = 60

NOT_AUDIO = N_("This is not a sound file that can be read. Choose MP3, WAV, WMA, OGG, FLAC or M4A.")
NO_SOUND = N_("There is no sound in this file.")
EMPTY = N_("There is nothing to hear in this file: it is empty or silent.")
TOO_LONG = N_("This is longer than 10 minutes. Make it shorter.")
TOO_SLOW = N_("This file takes too long to read. Save it as MP3 or WAV and try again.")
NO_TOOL = N_("The sound could not be made: %(reason)s")


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A finished wave file (8 kHz, mono, 16 bit): ``seconds`` long, SHA-256 of its samples."""

    seconds: float
    digest: str


def refuse(message: str) -> BadInput:
    """The error for a file that cannot be used."""
    return BadInput(message, fields={"file": message})


def convert(source: Path, target: Path, *, delay: int = 0) -> Made:
    """Makes ``target`` out of any sound file; it is there whole or not at all. ``delay``: silence before, in ms.

    Raises BadInput that says what is wrong with the file, Unavailable when ffmpeg is missing.
    """
    _check(source)
    part = target.with_name(f".{target.name}.part")
    sound = f"{SOUND},adelay={delay}" if delay else SOUND
    try:
        code, _ = _run(
            *("ffmpeg", "-nostdin", "-loglevel", "quiet", "-y", "-threads", "1", *_CAREFUL, "-i", f"file:{source}"),
            *("-map", "0:a:0", "-vn", "-sn", "-dn", "-t", str(MAX_SECONDS + 1), "-af", sound, "-ar", str(RATE)),
            *("-ac", "1", "-c:a", "pcm_s16le", "-map_metadata", "-1", "-bitexact", "-f", "wav", f"file:{part}"),
        )
        if code != 0 or not part.is_file():
            raise refuse(NOT_AUDIO)
        made = measured(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return made


def speak(text: str, language: str, target: Path) -> Made:
    """Makes ``target`` of a spoken text. Raises Unavailable when espeak-ng is missing or fails."""
    with tempfile.TemporaryDirectory(prefix="speech-") as temporary:
        spoken = Path(temporary) / "spoken.wav"
        try:
            prompts.say(text, language, spoken)
        except (AsteriskError, subprocess.TimeoutExpired) as error:
            raise Unavailable(NO_TOOL, code="no_speech", reason=str(error)) from error
        return convert(spoken, target, delay=250)


def _check(source: Path) -> None:
    code, said = _run(
        *("ffprobe", "-loglevel", "quiet", *_CAREFUL, "-show_entries", "stream=codec_type:format=duration"),
        *("-of", "json", f"file:{source}"),
    )
    try:
        found = json.loads(said or b"{}")
    except ValueError:
        found = {}
    if code != 0 or not found.get("streams"):
        raise refuse(NOT_AUDIO)
    if not any(one.get("codec_type") == "audio" for one in found["streams"]):
        raise refuse(NO_SOUND)
    try:
        seconds = float(found.get("format", {}).get("duration", 0))
    except ValueError:
        seconds = 0.0
    if seconds > MAX_SECONDS + 0.5:
        raise refuse(TOO_LONG)


def measured(file: Path) -> Made:
    """What a finished wave file holds; BadInput when nothing is to be heard in it."""
    try:
        with wave.open(str(file)) as sound:
            data = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError):
        raise refuse(NOT_AUDIO) from None
    samples = array.array("h", data[: len(data) // 2 * 2])
    seconds = len(samples) / RATE
    if seconds > MAX_SECONDS + 0.5:
        raise refuse(TOO_LONG)
    if seconds < MIN_SECONDS or max(max(samples), -min(samples)) < _SILENT:
        raise refuse(EMPTY)
    return Made(seconds=round(seconds, 2), digest=hashlib.sha256(data).hexdigest())


def _run(*command: str) -> tuple[int, bytes]:
    if shutil.which(command[0]) is None:
        raise Unavailable(NO_TOOL, code="no_ffmpeg", reason=f"{command[0]} is missing")
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LONGEST_RUN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise refuse(TOO_SLOW) from None
    return done.returncode, done.stdout
