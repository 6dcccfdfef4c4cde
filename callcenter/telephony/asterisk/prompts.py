"""Makes the audio of voice prompts: texts of ``ivr_prompts/prompts.toml`` -> ``sounds/<language>/<name>.ulaw|alaw``."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance

TEXTS = Path(__file__).resolve().parents[3] / "ivr_prompts" / "prompts.toml"
# Voice of each language in espeak-ng, and words a minute.
VOICES = {"ru": ("ru", 150), "en": ("en-us", 155)}
# ffmpeg's name of each format that Asterisk plays to a trunk as it is; the file's ending is Asterisk's name.
FORMATS = {"ulaw": "mulaw", "alaw": "alaw"}
# Grows when the recipe changes, so that all prompts are spoken anew.
_RECIPE = "2"


def texts(file: Path = TEXTS) -> dict[str, dict[str, str]]:
    """Prompt texts by language and name."""
    return {language: dict(named) for language, named in tomllib.loads(file.read_text("utf-8")).items()}


def make(instance: Instance, progress: Callable[[str], None] = lambda line: None) -> int:
    """Makes what is missing or changed in the instance's sounds folder; how many prompts were made.

    Raises AsteriskError when espeak-ng or ffmpeg is missing or fails.
    """
    made = 0
    for language, named in texts().items():
        folder = instance.sounds / language
        folder.mkdir(parents=True, exist_ok=True)
        instance.give(folder)
        for name, text in named.items():
            mark = folder / f".{name}.sha256"
            wanted = hashlib.sha256(f"{_RECIPE}\n{language}\n{text}".encode()).hexdigest()
            if (
                mark.is_file()
                and mark.read_text() == wanted
                and all((folder / f"{name}.{f}").is_file() for f in FORMATS)
            ):
                continue
            progress(f"speaking the prompt {language}/{name}")
            speak(text, language, folder / name, instance.give)
            mark.write_text(wanted)
            made += 1
    return made


def speak(text: str, language: str, target: Path, give: Callable[[Path], None] = lambda path: None) -> None:
    """Speaks ``text`` into ``target`` with each format's ending; a file is there whole or not at all."""
    voice, speed = VOICES[language]
    with tempfile.TemporaryDirectory(prefix="prompt-") as temporary:
        wave = Path(temporary) / "spoken.wav"
        _run("espeak-ng", "-v", voice, "-s", str(speed), "-w", str(wave), text)
        for ending, muxer in FORMATS.items():
            fresh = target.with_name(f".{target.name}.{ending}.new")
            # Telephones carry 300 to 3400 Hz; a little silence before lets the line open.
            sound = "highpass=f=200,lowpass=f=3400,loudnorm=I=-20,adelay=250"
            _run("ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-i", str(wave), "-af", sound,
                 "-ar", "8000", "-ac", "1", "-f", muxer, str(fresh))  # fmt: skip
            fresh.chmod(0o644)
            give(fresh)
            fresh.replace(target.with_name(f"{target.name}.{ending}"))


def _run(*command: str) -> None:
    if shutil.which(command[0]) is None:
        raise AsteriskError(f"{command[0]} is missing: run `make setup`, or as root `apt-get install {command[0]}`")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AsteriskError(f"{command[0]} failed: {done.stderr.strip()[-300:]}")
