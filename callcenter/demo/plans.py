"""What the demo's callers do: which number they ring, which keys they press, what they say. Pure but for the dice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from callcenter.demo import names
from callcenter.demo.world import (
    CALL_BACK_KEY,
    MESSAGE_KEY,
    REGULAR_KEY,
    SALES_KEY,
    SALES_NUMBER,
    SUPPORT_KEY,
    SUPPORT_NUMBER,
)
from callcenter.features.demo import api as phones

# Of a hundred callers. Most just ask something; the rest shows what else a caller can do.
SHARES = {"sales": 48, "menu": 21, "hasty": 10, "score": 10, "callback": 6, "message": 5}
KNOWN_SHARE = 0.85
_MENU_KEYS = (SALES_KEY, SUPPORT_KEY, SUPPORT_KEY)
# The menu's greeting takes some seconds; a key may be pressed into it.
_FIRST_KEY = 4.0
# Who would rather be called back has heard the music for a moment: the first phone rings by then.
_CALL_BACK_AFTER = 2.0
# Nobody knows when an agent hangs up: who scores presses a key now and then, which means nothing during a talk.
_SCORE_EVERY, _SCORES = 5.0, 12
# As long as the request to leave a message is.
_MESSAGE_AFTER = 9.0


@dataclass(frozen=True)
class Voices:
    """What callers say: sound files for a talk, and captures for a message."""

    talks: Sequence[Path]
    messages: Sequence[Path]


def plan(numbers: Sequence[str], voices: Voices, dice: Random) -> phones.CallPlan:
    """One caller, as the dice fall by SHARES."""
    kind = dice.choices(list(SHARES), list(SHARES.values()))[0]
    return make(kind, numbers, voices, dice)


def make(kind: str, numbers: Sequence[str], voices: Voices, dice: Random) -> phones.CallPlan:
    """A caller of one kind, a key of SHARES."""
    number = dice.choice(numbers) if dice.random() < KNOWN_SHARE else names.mobile(dice)
    talk = str(dice.choice(voices.talks))
    seconds = dice.uniform(25, 75)
    if kind == "hasty":
        to = dice.choice((SALES_NUMBER, SUPPORT_NUMBER))
        return phones.CallPlan(number=number, to=to, seconds=dice.uniform(8, 12), patience=12.0, audio=talk)
    if kind == "sales":
        return phones.CallPlan(number=number, to=SALES_NUMBER, seconds=seconds, patience=90.0, audio=talk)
    presses: list[tuple[float, str]] = [(_FIRST_KEY, dice.choice(_MENU_KEYS))]
    message = ""
    if kind == "message":
        presses = [(_FIRST_KEY, MESSAGE_KEY)]
        message = str(dice.choice(voices.messages))
    elif kind == "callback":
        # The world outside is busy at numbers that end in 0 and does not answer at those in 9.
        while number[-1] in "09":
            number = dice.choice(numbers)
        presses = [(_FIRST_KEY, SUPPORT_KEY), (_CALL_BACK_AFTER, CALL_BACK_KEY)]
    elif kind == "score":
        presses = [(_FIRST_KEY, REGULAR_KEY), *((_SCORE_EVERY, dice.choice("3455")) for _ in range(_SCORES))]
        seconds = 10.0
    return phones.CallPlan(
        number=number,
        to=SUPPORT_NUMBER,
        seconds=seconds,
        patience=90.0,
        presses=tuple(presses),
        audio=talk,
        message=message,
        message_after=_MESSAGE_AFTER,
    )
