"""How a line's figures are judged and joined. Pure."""

from __future__ import annotations

import io
import wave

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

CHECKS = {
    "browser": N_("Browser"),
    "found": N_("Microphone found"),
    "allowed": N_("Microphone allowed"),
    "loud": N_("Microphone loud enough"),
    "server": N_("Connection to the server"),
    "phone": N_("Phone registered"),
    "route": N_("Way of the sound"),
}
"""The self-test's lines in their order."""


def joined(old: float, before: int, new: float, more: int) -> float:
    """The mean of two means over ``before`` and ``more`` samples; 0.0 when there are none."""
    count = before + more
    return (old * before + new * more) / count if count else 0.0


def word(mos: float) -> str:
    """A line in one word (a gettext key), as telephone engineers divide MOS."""
    if mos >= 4.0:
        return N_("Excellent connection")
    if mos >= 3.6:
        return N_("Good connection")
    return N_("Poor connection") if mos >= 3.1 else N_("Bad connection")


MELODY_SECONDS = 30.0
MELODY_BYTES = 12 * 1024 * 1024
NO_WAV = N_("This is no WAV file. Save the melody as WAV (PCM) and load it again.")
TOO_LONG = N_("The melody is too long: at most %(seconds)s seconds.")


def melody_seconds(sound: bytes) -> float:
    """How long a melody lasts; BadInput when it is no WAV of PCM samples or too long."""
    try:
        with wave.open(io.BytesIO(sound)) as file:
            seconds = float(file.getnframes() / file.getframerate())
            there = len(file.readframes(1)) > 0
    except (wave.Error, EOFError, ZeroDivisionError, ValueError):
        raise BadInput(NO_WAV, fields={"file": NO_WAV}) from None
    if not there:
        raise BadInput(NO_WAV, fields={"file": NO_WAV})
    if seconds > MELODY_SECONDS:
        raise BadInput(TOO_LONG, fields={"file": TOO_LONG}, seconds=int(MELODY_SECONDS))
    return seconds
