"""Checks and writes single values for Asterisk's files, so that no name can begin a new line or a new setting.

Everything that stands in a template goes through ``finalize``; text that people type goes through one of the filters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from callcenter.telephony.config.model import CODECS, KEYS, STRATEGIES, ModelError, Number, Trunk

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_PATTERNS: dict[str, re.Pattern[str]] = {
    "e164": re.compile(r"\+[0-9]{5,15}"),
    "short": re.compile(r"[0-9]{2,8}"),
    "prompt": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"),
    "music": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}"),
    "password": re.compile(r"[A-Za-z0-9._~!@#$%^&*+=-]{1,128}"),
    "login": re.compile(r"[A-Za-z0-9._+-]{1,100}"),
    "host": re.compile(r"[A-Za-z0-9.:_-]{1,253}|\[[0-9A-Fa-f:.]{2,60}\]"),
    "uri": re.compile(r"sips?:[A-Za-z0-9.:_@+-]{1,200}"),
    "language": re.compile(r"[a-z]{2}([_-][A-Za-z]{2})?"),
    "voice": re.compile(r"[a-z]{2}(-[A-Za-z]{2})?(_[A-Za-z0-9]{1,20}){0,3}"),
    "path": re.compile(r"/[A-Za-z0-9._/+-]{1,200}"),
    "name": re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,40}"),
    "zone": re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(/[A-Za-z0-9_+-]{1,30}){0,2}"),
}


def finalize(value: Any) -> str:
    """What Jinja calls on every value: refuses what could begin a new line."""
    text = str(value)
    if _CONTROL.search(text):
        raise ModelError(f"a line break or control character cannot be given to Asterisk: {text!r}")
    return text


def checked(kind: str) -> Callable[[Any], str]:
    """A filter that lets a value pass only when it has the form of ``kind``."""
    pattern = _PATTERNS[kind]

    def check(value: Any) -> str:
        text = str(value)
        if not pattern.fullmatch(text):
            # A password is never shown, not even a wrong one.
            shown = "…" if kind == "password" else repr(text)
            raise ModelError(f"{shown} cannot be used as {kind} in Asterisk")
        return text

    return check


def comment(value: Any) -> str:
    """A name for people, in a comment: one line, and nothing that ends or widens a comment."""
    return _CONTROL.sub(" ", str(value)).replace(";", ",")[:120].strip()


def display(value: Any) -> str:
    """A name in double quotes for ``callerid``."""
    text = re.sub(r'["\\<>;]', "", _CONTROL.sub(" ", str(value)))
    return f'"{" ".join(text.split())[:80]}"'


def seconds(value: Any) -> int:
    """A whole number from 0 to a day."""
    number = int(value)
    if not 0 <= number <= 86_400:
        raise ModelError(f"{value!r} seconds cannot be used in Asterisk")
    return number


def port(value: Any) -> int:
    """A port."""
    number = int(value)
    if not 0 < number < 65_536:
        raise ModelError(f"{value!r} is no port")
    return number


def key(value: Any) -> str:
    """A key of the phone."""
    if str(value) not in KEYS or len(str(value)) != 1:
        raise ModelError(f"{value!r} is no key of a phone")
    return str(value)


def strategy(value: Any) -> str:
    """A queue strategy in Asterisk's words."""
    if value not in STRATEGIES:
        raise ModelError(f"{value!r} is no strategy of a queue; known: {', '.join(STRATEGIES)}")
    return str(value)


def addresses(trunk: Trunk) -> list[str]:
    """The addresses that a trunk's calls come from; its host when none are named."""
    named = [part.strip() for part in trunk.match.split(",") if part.strip()]
    ranges = re.compile(r"[A-Za-z0-9.:_-]{1,253}(/[0-9]{1,3}(\.[0-9]{1,3}){0,3})?")
    for part in named or [trunk.host]:
        if not ranges.fullmatch(part):
            raise ModelError(f"{part!r} cannot be used as an address of trunk {trunk.id}")
    return named or [trunk.host]


def codecs(trunk: Trunk) -> str:
    """A trunk's codecs as Asterisk wants them."""
    if not trunk.codecs or not set(trunk.codecs) <= set(CODECS):
        raise ModelError(f"{trunk.codecs!r} cannot be the codecs of trunk {trunk.id}; known: {', '.join(CODECS)}")
    return ",".join(dict.fromkeys(trunk.codecs))


def dialled_forms(number: Number) -> list[str]:
    """The forms in which an operator may name a number: with and without ``+``, Russian ones also with 8 and bare."""
    e164 = checked("e164")(number.e164)
    forms = [e164, e164[1:]]
    if e164.startswith("+7") and len(e164) == 12:
        forms += ["8" + e164[2:], e164[2:]]
    return forms


FILTERS: dict[str, Callable[..., Any]] = {
    **{kind: checked(kind) for kind in _PATTERNS},
    "comment": comment,
    "display": display,
    "seconds": seconds,
    "port": port,
    "key": key,
    "strategy": strategy,
    "addresses": addresses,
    "codecs": codecs,
    "dialled_forms": dialled_forms,
}
