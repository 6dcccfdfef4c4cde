"""Makes the audio of voice prompts: texts of ``ivr_prompts/prompts.toml`` -> ``sounds/<language>/<name>.ulaw|alaw``."""

from __future__ import annotations

import hashlib
import os
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
            _spoken(instance, wanted, text, language, folder / name)
            mark.write_text(wanted)
            made += 1
    return made


def _spoken(instance: Instance, key: str, text: str, language: str, target: Path) -> None:
    """Speaks a prompt, or takes what another run of the same Debian root has spoken: a new run starts in no time."""
    root = instance.installation.root
    if root is None:
        speak(text, language, target, instance.give)
        return
    kept = root / "cc" / ".spoken"
    kept.mkdir(parents=True, exist_ok=True)
    if not all((kept / f"{key}.{ending}").is_file() for ending in FORMATS):
        speak(text, language, kept / key)
    for ending in FORMATS:
        fresh = target.with_name(f".{target.name}.{ending}.new")
        shutil.copyfile(kept / f"{key}.{ending}", fresh)
        fresh.chmod(0o644)
        instance.give(fresh)
        fresh.replace(target.with_name(f"{target.name}.{ending}"))


# Telephones carry 300 to 3400 Hz; a little silence before lets the line open.
_SPOKEN = "highpass=f=200,lowpass=f=3400,loudnorm=I=-20,adelay=250"


def speak(text: str, language: str, target: Path, give: Callable[[Path], None] = lambda path: None) -> None:
    """Speaks ``text`` into ``target`` with each format's ending; a file is there whole or not at all."""
    with tempfile.TemporaryDirectory(prefix="prompt-") as temporary:
        wave = Path(temporary) / "spoken.wav"
        say(text, language, wave)
        lay(wave, target, give, sound=_SPOKEN)


def say(text: str, language: str, wave: Path) -> None:
    """Speaks ``text`` into a wave file as espeak-ng makes it. Raises AsteriskError."""
    voice, speed = VOICES[language]
    # Not as an argument: a text that begins with a dash would be an option.
    _run("espeak-ng", "-v", voice, "-s", str(speed), "-w", str(wave), "-b", "1", "--stdin", text=text)


def lay(wave: Path, target: Path, give: Callable[[Path], None] = lambda path: None, *, sound: str = "anull") -> None:
    """Writes a wave file as ``target`` with each format's ending, through ffmpeg's filters ``sound``.

    Each file is replaced at once: who plays the former one hears it to its end. Raises AsteriskError.
    """
    fresh = {ending: target.with_name(f".{target.name}.{ending}.{os.getpid()}.new") for ending in FORMATS}
    # Filtered once for all formats: evening out the loudness is what takes the time.
    split = f"[0:a]{sound},aresample=8000,aformat=channel_layouts=mono,asplit={len(FORMATS)}"
    outputs = [
        part for ending, muxer in FORMATS.items() for part in ("-map", f"[{ending}]", "-f", muxer, str(fresh[ending]))
    ]
    _run("ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-i", str(wave), "-filter_complex",
         split + "".join(f"[{ending}]" for ending in FORMATS), *outputs)  # fmt: skip
    for ending, path in fresh.items():
        path.chmod(0o644)
        give(path)
        path.replace(target.with_name(f"{target.name}.{ending}"))


def _run(*command: str, text: str = "") -> None:
    if shutil.which(command[0]) is None:
        raise AsteriskError(f"{command[0]} is missing: run `make setup`, or as root `apt-get install {command[0]}`")
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=120, check=False)
    if done.returncode != 0:
        raise AsteriskError(f"{command[0]} failed: {done.stderr.strip()[-300:]}")
