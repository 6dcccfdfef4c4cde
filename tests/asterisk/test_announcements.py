"""Who waits hears his place at the set interval, in the language of the company (INQ-01)."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
from array import array
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from callcenter.telephony.config import apply
from callcenter.telephony.config.render import render
from tests.support import audio
from tests.support.line import SALES, SALES_NUMBER, Line

MUSIC_HZ, EVERY = 700.0, 10
WINDOW = 400
VOICES = {"ru": "ru_RU_f_IvrvoiceRU", "en": "en"}


@pytest_asyncio.fixture(params=["ru", "en"])
async def spoken(line: Line, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Line, str]]:
    """A company of one language whose callers hear a tone while they wait, and every few seconds their place."""
    language: str = request.param
    numbers = tuple(
        replace(one, greeting="", waiting="test-waiting") if one.e164 == SALES_NUMBER else one
        for one in line.model.numbers
    )
    queues = tuple(replace(one, announce_seconds=EVERY) if one.id == SALES else one for one in line.model.queues)
    businesses = tuple(replace(one, language=language) for one in line.model.businesses)
    file = line.instance.sounds / language / "test-waiting.ulaw"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(audio.to_ulaw(audio.tone(MUSIC_HZ, 2.0)))
    line.instance.give(file.parent)
    line.instance.give(file)
    model = replace(line.model, numbers=numbers, queues=queues, businesses=businesses)
    await apply.reload(line.rx, apply.write(line.instance, render(model)))
    yield line, language
    await line.rx("channel request hangup all")
    file.unlink()
    await apply.reload(line.rx, apply.write(line.instance, render(line.model)))


def sound_of(line: Line, language: str, name: str) -> array[int]:
    """A packaged sound as a caller hears it."""
    folder = line.instance.installation.on_host(f"{line.instance.installation.data_dir}/sounds")
    packaged = folder / VOICES[language]
    if packaged.is_symlink():
        # In a root of its own the link leads to a place inside it.
        packaged = folder / "en_US_f_Allison"
    done = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "gsm",
            "-i",
            str(Path(packaged) / f"{name}.gsm"),
            "-ar",
            "8000",
            "-f",
            "s16le",
            "-",
        ],
        capture_output=True,
        check=True,
    )
    return array("h", done.stdout)


def shape(samples: array[int]) -> list[float]:
    """How loud each twentieth of a second is."""
    return [audio.loudness(samples[at : at + WINDOW]) for at in range(0, len(samples) - WINDOW + 1, WINDOW)]


def likeness(heard: list[float], known: list[float]) -> float:
    """How well ``known`` fits somewhere in what was heard, 0–1."""

    def fit(at: int) -> float:
        part = heard[at : at + len(known)]
        one, two = sum(part) / len(part), sum(known) / len(known)
        top = sum((a - one) * (b - two) for a, b in zip(part, known, strict=True))
        low = (sum((a - one) ** 2 for a in part) * sum((b - two) ** 2 for b in known)) ** 0.5
        return top / low if low else 0.0

    return max((fit(at) for at in range(len(heard) - len(known) + 1)), default=0.0)


def spoken_at(heard: array[int]) -> list[float]:
    """When somebody begins to speak over the music, in seconds."""
    size = audio.RATE // 10
    found: list[float] = []
    last = -9.0
    for at in range(0, len(heard) - size + 1, size):
        piece = heard[at : at + size]
        if audio.loudness(piece) > 300 and audio.power(piece, MUSIC_HZ) < 0.5:
            now = at / audio.RATE
            if now - last > 1.5:
                found.append(now)
            last = now
    return found


@pytest.mark.rule("INQ-01")
async def test_a_waiting_caller_hears_his_place_at_the_set_interval(spoken: tuple[Line, str]) -> None:
    line, language = spoken
    # Somebody is on shift, but busy; one caller waits before him.
    await line.rx(f"queue add member PJSIP/a12s to q{SALES}")
    client = await line.client()
    calling = client.call(SALES_NUMBER)
    await calling.until("answered")
    client.forget()
    # So long one listens to hear it three times.
    await asyncio.sleep(3 * EVERY + 5)
    heard = client.listen()
    # What was already being said when he began to listen began sooner.
    began = [at for at in spoken_at(heard) if at > 0]
    assert len(began) >= 3, began
    # Asterisk counts in whole seconds, ``spoken_at`` in tenths.
    assert all(EVERY - 1.2 <= two - one <= EVERY + 3 for one, two in itertools.pairwise(began)), began
    assert audio.seconds_of(heard, MUSIC_HZ) > 4
    fits = {one: likeness(shape(heard), shape(sound_of(line, one, "queue-youarenext"))) for one in VOICES}
    assert fits[language] > 0.9, fits
    assert fits["en" if language == "ru" else "ru"] < 0.8, fits
