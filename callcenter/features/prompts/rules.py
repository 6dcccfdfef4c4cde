"""What a prompt may be: names, limits, the stock set. Pure."""

from __future__ import annotations

import re
import unicodedata

from callcenter.core.i18n import N_

MAX_BYTES = 10 * 1024 * 1024
"""Bytes of one uploaded file (INB-20, INB-28)."""
MAX_FILES = 20
"""Files of a company's own: uploaded and recorded ones. Spoken texts and the stock set do not count."""
MAX_SPOKEN = 200
MAX_SECONDS = 600
MIN_SECONDS = 0.1
MAX_TEXT = 1000
MAX_TITLE = 100
LANGUAGES = ("ru", "en")
"""Languages that are spoken, and in whose folders Asterisk looks for a prompt."""
COUNTED = ("upload", "recorded")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")

# The stock set (ivr_prompts/prompts.toml) as people choose from it, in this order.
STOCK: dict[str, str] = {
    "standard-arrival": N_("Greeting on arrival"),
    "standard-waiting": N_("While the caller waits"),
    "standard-busy": N_("All agents are busy"),
    "standard-nobody": N_("Nobody can answer"),
    "standard-closed": N_("Out of working hours"),
    "standard-emergency": N_("Closed for an emergency"),
    "standard-voicemail": N_("Voicemail greeting"),
    "standard-callback-offer": N_("Call-back: the offer"),
    "standard-callback-confirm": N_("Call-back: confirmed"),
    "callback-hello": N_("Call-back: the greeting"),
    "standard-survey-rating": N_("Survey: rate the talk"),
    "standard-survey-agent": N_("Survey: rate the agent"),
    "standard-survey-solved": N_("Survey: was it solved"),
    "standard-dropped": N_("Dial list: nobody is free"),
    "standard-thanks": N_("Thanks"),
    "standard-wrong-key": N_("Menu: wrong key"),
    "demo-sales": N_("Demo: greeting of sales"),
    "demo-support": N_("Demo: menu of support"),
    "transfer-failed": N_("Nobody took a transferred call"),
    "outgoing-unconfirmed": N_("Calls out: the number is not confirmed"),
    "outgoing-no-number": N_("Calls out: no number to call with"),
}


def new_name(business_id: int, token: str) -> str:
    """The file's name of a new prompt; ``token`` is eight hexadecimal digits."""
    return f"b{business_id}-{token}"


def clean(text: str) -> str:
    """A title or text as it is kept: one line, no control signs, no doubled spaces."""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", text))
    return " ".join(plain.split())


def title_of(file_name: str) -> str:
    """A title out of the name of an uploaded file: ``C:\\sounds\\hello_world.mp3`` -> ``hello world``."""
    stem = file_name.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return clean((stem[0] or stem[2]).replace("_", " "))[:MAX_TITLE]


def fits(typed: str, *texts: str) -> bool:
    """Whether every word that is looked for stands in one of the texts, whatever the letters' case."""
    there = " ".join(texts).casefold()
    return all(word in there for word in typed.casefold().split())
