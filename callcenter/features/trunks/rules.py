"""What a line to an operator may look like, as people type it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.core.phones import to_e164

CODECS: dict[str, str] = {"alaw": "G.711 A-law", "ulaw": "G.711 µ-law", "g722": "G.722", "opus": "Opus", "gsm": "GSM"}
CALLER_RULES: dict[str, str] = {
    "number": N_("As the number that the call is made from"),
    "fixed": N_("Always one number"),
    "asserted": N_("The login, with the number in P-Asserted-Identity"),
}
DEFAULT_PORT = 5060
QUALIFY_SECONDS = 20
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,60}\]")
_LOGIN = re.compile(r"[A-Za-z0-9._+-]{1,100}")
_PASSWORD = re.compile(r"[A-Za-z0-9._~!@#$%^&*+=-]{1,100}")
_NUMBER = re.compile(r"[A-Za-z0-9._+-]{1,40}")
_ADDRESSES = re.compile(r"[A-Za-z0-9.:_-]{1,253}(/[0-9]{1,3})?")


class Preset(NamedTuple):
    """What an operator's line is filled in with; the person adds the login and the password."""

    title: str
    server: str
    domain: str
    register: bool
    caller_rule: str


PRESETS: dict[str, Preset] = {
    "multifon": Preset(N_("MultiFon"), "sbc.megafon.ru:5060", "multifon.ru", True, "asserted"),
    "sipnet": Preset(N_("Sipnet"), "sipnet.ru:5060", "sipnet.ru", True, "asserted"),
}


def one_line(field: str, text: str, most: int) -> str:
    """A name in one line; raises BadInput when it is empty or too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not line or len(line) > most:
        raise wrong(field, N_("Fill in this field.") if not line else N_("This is too long."))
    return line


def server(typed: str) -> tuple[str, int]:
    """Host and port of ``pbx.companyname.ru:1122``, with or without ``sip:``; names of other alphabets become ASCII."""
    text = re.sub(r"^sips?:(//)?", "", typed.strip(), flags=re.IGNORECASE).rstrip("/")
    host, port = text, DEFAULT_PORT
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", text)
    if found:
        host, port = found[1], int(found[2])
    host = domain("server", host)
    if not host or not 0 < port < 65_536:
        raise wrong("server", N_("Write the server like pbx.companyname.ru:1122."))
    return host, port


def domain(field: str, typed: str) -> str:
    """A domain in ASCII, '' for none; raises BadInput."""
    text = typed.strip().rstrip(".").lower()
    if not text:
        return ""
    try:
        ascii_text = text if text.startswith("[") else text.encode("idna").decode()
    except UnicodeError:
        ascii_text = ""
    if not _HOST.fullmatch(ascii_text) or ".." in ascii_text:
        raise wrong(field, N_("Write the server like pbx.companyname.ru:1122."))
    return ascii_text


def sip_number(typed: str) -> str:
    """The line's own number: E.164 where it is a telephone number, else as it is called in the PBX; '' = none."""
    text = typed.strip()
    if not text:
        return ""
    digits = re.sub(r"[\s()-]", "", text)
    if sum(c.isdigit() for c in digits) >= 10 and (found := to_e164(digits)):
        return found
    if not _NUMBER.fullmatch(digits):
        raise wrong("number", N_("Write the number as your PBX or operator calls it."))
    return digits


def login(typed: str) -> str:
    """A login; raises BadInput."""
    text = typed.strip()
    if text and not _LOGIN.fullmatch(text):
        raise wrong("login", N_("A login has Latin letters, digits and . _ + - only."))
    return text


def password(typed: str) -> str:
    """A password; raises BadInput."""
    if typed and not _PASSWORD.fullmatch(typed):
        raise wrong("password", N_("A password has Latin letters, digits and . _ ~ ! @ # $ % ^ & * + = - only."))
    return typed


def addresses(typed: str) -> str:
    """Addresses that calls come from, with commas; '' = the server's."""
    parts = [part for part in re.split(r"[\s,;]+", typed.strip()) if part]
    if any(not _ADDRESSES.fullmatch(part) for part in parts) or len(", ".join(parts)) > 253:
        raise wrong("match", N_("Write IP addresses or networks with commas between them."))
    return ", ".join(parts)


def codecs(chosen: list[str]) -> str:
    """Codecs in the order of choice; raises BadInput when there are none."""
    found = list(dict.fromkeys(one for one in chosen if one))
    if not found or any(one not in CODECS for one in found):
        raise wrong("codecs", N_("Choose at least one codec."))
    return ",".join(found)


def caller_id(rule: str, typed: str, signed: bool) -> str:
    """The number that is always shown, '' for other rules; raises BadInput."""
    if rule not in CALLER_RULES:
        raise wrong("caller_rule", N_("Choose what the called person sees."))
    if rule == "asserted" and not signed:
        raise wrong("caller_rule", N_("This needs a login."))
    if rule != "fixed":
        return ""
    found = to_e164(typed)
    if found is None:
        raise wrong("caller_id", N_("This is not a telephone number."))
    return found


def wrong(field: str, message: str) -> BadInput:
    """One wrong field."""
    return BadInput(message, fields={field: message})


OUTCOMES: dict[str, str] = {
    "ok": N_("The server answers and takes the login."),
    "there": N_("The server answers."),
    "refused": N_("The server answers, but refuses the login or the password."),
    "unknown_account": N_("The server answers, but knows no such login."),
    "no_answer": N_("The server does not answer. Check the address and the port, and that it lets this address in."),
    "no_address": N_("There is no server with this name."),
    "failed": N_("The server answers with an error: %(words)s"),
}
STATES: dict[str, tuple[str, str, str]] = {
    # Word, mark of the state, icon.
    "registered": (N_("Registered"), "ready", "check"),
    "reachable": (N_("Reachable"), "ready", "check"),
    "unwatched": (N_("Connected, not watched"), "pause", "link"),
    "connecting": (N_("Being connected"), "ring", "clock"),
    "refused": (N_("Refused"), "missed", "alert"),
    "unreachable": (N_("Not reachable"), "missed", "alert"),
    "unknown": (N_("Not known: no link to Asterisk"), "pause", "info"),
    "disconnected": (N_("Not in use"), "pause", "ban"),
}
