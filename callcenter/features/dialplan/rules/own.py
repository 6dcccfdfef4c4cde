"""Own pieces of the dialplan that an owner writes: what may stand in them, and how they come into the file. Pure.

What may be used is a list of what is allowed: plain applications, few functions, variables of one's own. So a piece can
neither start a program, nor read a file, nor look at what belongs to others, nor reach a telephone around the rules of
the house: it answers, speaks, asks for keys and leads the call to a place that the business has.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from callcenter.core.i18n import N_

MAX_TEXT = 20_000
APPLICATIONS = frozenset(
    (
        "answer background busy congestion echo gosub gosubif goto gotoif hangup incomplete noop playback playtones "
        "proceeding progress read return ringing sayalpha saydigits saynumber sayphonetic set stopplaytones wait "
        "waitexten"
    ).split()
)
FUNCTIONS = frozenset({"CALLERID", "EPOCH", "FILTER", "IF", "LEN", "RAND", "STRFTIME"})
VARIABLES = frozenset(
    {"CC_BUSINESS", "CC_DIR", "CC_FROM", "CC_NUMBER", "CC_TO", "EPOCH", "EXTEN", "CONTEXT", "GOSUB_RETVAL", "UNIQUEID"}
    | {f"ARG{n}" for n in range(1, 10)}
)
_CONTEXT = re.compile(r"\[([^\]]*)\]\s*(;.*)?\Z")
_EXTEN = re.compile(
    r"exten\s*=>?\s*([^,\s]+)\s*,\s*([0-9]+|n)(?:\(([A-Za-z][A-Za-z0-9_-]{0,30})\))?\s*,\s*(.+)\Z", re.I
)
_SAME = re.compile(r"same\s*=>?\s*(n|[0-9]+)(?:\(([A-Za-z][A-Za-z0-9_-]{0,30})\))?\s*,\s*(.+)\Z", re.I)
_CALL = re.compile(r"([A-Za-z]+)(?:\((.*)\))?\Z", re.S)
_EXTENSION = re.compile(r"_?[A-Za-z0-9*#+.!\[\]-]{1,40}\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SOUND = re.compile(r"[a-z0-9][A-Za-z0-9_-]*(/[a-z0-9][A-Za-z0-9_-]*)?\Z")
_PLAIN = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]*\Z")
_LITERAL = re.compile(r"[\w .,:+*#@/-]*\Z")
_IN_EXPRESSION = re.compile(r'[\w\s"=<>!&|+*/%()?:.#-]*\Z')
_OWN_PROMPT = "prompt:"

LONG = N_("The text is too long: at most %(limit)s characters.")
UNKNOWN_LINE = N_("This is no context, exten, same or comment: %(text)s")
NO_CONTEXT = N_("A context comes first, such as [%(prefix)sname].")
WRONG_CONTEXT = N_("A context here is called %(prefix)s and a name of letters, digits and dashes.")
TWICE = N_("The context %(name)s stands twice.")
NO_EXTEN = N_("“same” needs an “exten” before it.")
NO_FIRST = N_("The first step of an extension has the priority 1.")
WRONG_EXTEN = N_("This cannot be an extension: %(text)s")
NO_APPLICATION = N_("“%(name)s” may not be used here. Allowed are: %(allowed)s")
NO_FUNCTION = N_("The function “%(name)s” may not be used here. Allowed are: %(allowed)s")
NO_VARIABLE = N_("The variable “%(name)s” may not be used here; own ones begin with OWN_.")
BRACKETS = N_("A bracket or quotation mark is not closed: %(text)s")
NO_PLACE = N_("“%(name)s” is no place of your company that a call may be led to.")
NO_SOUND = N_("“%(name)s” is no sound that may be played. Own prompts are written prompt:name.")
WRONG_VALUE = N_("This value may not be used here: %(text)s")


class Fault(NamedTuple):
    """What is wrong in a line (1 = the first): a gettext key with values."""

    line: int
    text: str
    values: dict[str, Any]


class _Wrong(Exception):
    def __init__(self, key: str, **values: Any) -> None:
        self.text, self.values = key, values


def prefix(business_id: int) -> str:
    """How the names of a business's own contexts begin."""
    return f"own-{business_id}-"


def faults(text: str, business_id: int, places: Collection[str], prompts: Collection[str]) -> list[Fault]:
    """What is wrong with a text; [] when it may be used.

    ``places`` are the contexts of the house that calls may be led to, ``prompts`` the names of the business's prompts.
    """
    if len(text) > MAX_TEXT:
        return [Fault(1, LONG, {"limit": MAX_TEXT})]
    reader = _Reader(business_id, places, prompts)
    found = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        try:
            reader.line(line.strip())
        except _Wrong as wrong:
            found.append(Fault(number, wrong.text, wrong.values))
    for number, name in reader.gotos:
        if name not in reader.contexts and name not in places:
            found.append(Fault(number, NO_PLACE, {"name": name}))
    return sorted(found, key=lambda one: one.line)


def contexts(text: str) -> list[str]:
    """The contexts of a text, in its order."""
    return [m[1] for line in text.splitlines() if (m := _CONTEXT.match(line.strip()))]


HEAD_BEGIN = "; Own dialplan of business "


def head(business_id: int) -> str:
    """The line before the first one of a business's own dialplan."""
    return f"{HEAD_BEGIN}{business_id}"


def compose(text: str, business_id: int, sounds: str) -> str:
    """What is added to extensions.conf: the text with the paths of prompts, and the way of phones into it."""
    lines = [
        re.sub(rf"\b{_OWN_PROMPT}([A-Za-z0-9_-]+)", rf"{sounds}/\1", line.rstrip())
        for line in text.replace("\r\n", "\n").split("\n")
    ]
    tail = []
    if f"{prefix(business_id)}phones" in contexts(text):
        # What employees may dial beside numbers.
        tail = ["", f"[agents-{business_id}](+)", f"include => {prefix(business_id)}phones"]
    return "\n".join(["", head(business_id), *lines, *tail, ""])


class _Reader:
    def __init__(self, business_id: int, places: Collection[str], prompts: Collection[str]) -> None:
        self.prefix = prefix(business_id)
        self.places, self.prompts = places, prompts
        self.contexts: set[str] = set()
        self.gotos: list[tuple[int, str]] = []
        self.number = 0
        self.inside = False
        self.exten = ""
        self.begun: set[str] = set()

    def line(self, line: str) -> None:
        self.number += 1
        if not _PLAIN.match(line):
            raise _Wrong(UNKNOWN_LINE, text=ascii(line)[:60])
        if not line or (line.startswith(";") and not line.startswith(";--")):
            return
        if found := _CONTEXT.match(line):
            self._context(found[1])
            return
        body = line
        if found := _EXTEN.match(body):
            if not self.inside:
                raise _Wrong(NO_CONTEXT, prefix=self.prefix)
            if not _EXTENSION.match(found[1]):
                raise _Wrong(WRONG_EXTEN, text=found[1][:40])
            if found[1] not in self.begun and found[2] != "1":
                raise _Wrong(NO_FIRST)
            self.exten = found[1]
            self.begun.add(found[1])
            self._step(found[4])
        elif found := _SAME.match(body):
            if not self.exten:
                raise _Wrong(NO_EXTEN if self.inside else NO_CONTEXT, prefix=self.prefix)
            self._step(found[3])
        else:
            raise _Wrong(UNKNOWN_LINE, text=line[:60])

    def _context(self, name: str) -> None:
        self.inside, self.exten, self.begun = True, "", set()
        if not re.fullmatch(re.escape(self.prefix) + r"[a-z0-9-]{1,40}", name):
            raise _Wrong(WRONG_CONTEXT, prefix=self.prefix)
        if name in self.contexts:
            raise _Wrong(TWICE, name=name)
        self.contexts.add(name)

    def _step(self, text: str) -> None:
        code = text.strip()
        if ";" in code:
            raise _Wrong(WRONG_VALUE, text=";")
        found = _CALL.match(code)
        if found is None:
            raise _Wrong(BRACKETS if "(" in code else UNKNOWN_LINE, text=code[:60])
        name, given = found[1].lower(), found[2] or ""
        if name not in APPLICATIONS:
            raise _Wrong(NO_APPLICATION, name=found[1], allowed=", ".join(sorted(APPLICATIONS)))
        _balanced(given)
        self._values(given)
        if name in ("goto", "gosub"):
            self._goto(given)
        elif name in ("gotoif", "gosubif"):
            self._goto_if(given)
        elif name == "set":
            variable, _, value = given.partition("=")
            if not re.fullmatch(r"OWN_[A-Za-z0-9_]{1,40}", variable):
                raise _Wrong(NO_VARIABLE, name=variable[:40])
            _literal(value)
        elif name == "read":
            parts = given.split(",")
            if not re.fullmatch(r"OWN_[A-Za-z0-9_]{1,40}", parts[0]):
                raise _Wrong(NO_VARIABLE, name=parts[0][:40])
            self._sounds(parts[1] if len(parts) > 1 else "")
        elif name in ("playback", "background"):
            self._sounds(given.split(",")[0])
        elif name == "playtones":
            if given not in ("busy", "congestion", "dial", "ring", "record", "info"):
                raise _Wrong(WRONG_VALUE, text=given[:60])
        else:
            _literal(given)

    def _sounds(self, given: str) -> None:
        for one in given.split("&") if given else ():
            own = one.removeprefix(_OWN_PROMPT)
            if own in self.prompts if one != own else _SOUND.match(one):
                continue
            raise _Wrong(NO_SOUND, name=one[:40])

    def _goto(self, given: str) -> None:
        # Values are put in before Asterisk looks for commas: the context must be fixed before the first of them.
        where = re.sub(r"\(.*\)\Z", "", given, flags=re.S)
        parts = where.split(",")
        if len(parts) >= 3:
            if "$" in parts[0] or not re.fullmatch(r"[a-z0-9-]+", parts[0]):
                raise _Wrong(NO_PLACE, name=parts[0][:40])
            self.gotos.append((self.number, parts[0]))
        elif "$" in given:
            raise _Wrong(WRONG_VALUE, text=given[:60])
        if "$" not in where and not re.fullmatch(r"[A-Za-z0-9*#+,_-]+", where):
            raise _Wrong(WRONG_VALUE, text=where[:60])

    def _goto_if(self, given: str) -> None:
        if not given.startswith("$["):
            raise _Wrong(WRONG_VALUE, text=given[:60])
        end = _end(given, 1, "[", "]")
        ways = given[end + 1 :]
        if not ways.startswith("?") or "$" in ways:
            raise _Wrong(WRONG_VALUE, text=given[:60])
        for way in ways[1:].split(":"):
            if way:
                self._goto(way)

    def _values(self, text: str) -> None:
        """Every ``${}`` and ``$[]`` of a text, however deep."""
        at = 0
        while (at := text.find("$", at)) >= 0:
            if text.startswith("${", at):
                end = _end(text, at + 1, "{", "}")
                self._variable(text[at + 2 : end])
                at = end
            elif text.startswith("$[", at):
                end = _end(text, at + 1, "[", "]")
                self._expression(text[at + 2 : end])
                at = end
            else:
                raise _Wrong(WRONG_VALUE, text=text[at : at + 20])

    def _variable(self, text: str) -> None:
        found = _NAME.match(text)
        name = found[0] if found else ""
        rest = text[len(name) :]
        if rest.startswith("("):
            end = _end(rest, 0, "(", ")")
            if name not in FUNCTIONS:
                raise _Wrong(NO_FUNCTION, name=name or text[:30], allowed=", ".join(sorted(FUNCTIONS)))
            inside, rest = rest[1:end], rest[end + 1 :]
            if name == "CALLERID" and inside not in ("num", "number"):
                raise _Wrong(NO_FUNCTION, name=f"CALLERID({inside[:20]})", allowed="CALLERID(num)")
            self._values(inside)
            _literal(inside, more='=?!<>&|"$%[]{}()')
        elif name not in VARIABLES and not re.fullmatch(r"OWN_[A-Za-z0-9_]{1,40}", name):
            raise _Wrong(NO_VARIABLE, name=name or text[:30])
        if not re.fullmatch(r"(:-?[0-9]{1,3}){0,2}", rest):
            raise _Wrong(WRONG_VALUE, text=text[:60])

    def _expression(self, text: str) -> None:
        self._values(text)
        bare = _without_values(text)
        # Asterisk calls any of its functions by name inside $[]; and what a variable holds must stay a text.
        if re.search(r"[A-Za-z_]\w*\s*\(", re.sub(r'"[^"]*"', '""', bare)) or not _IN_EXPRESSION.match(bare):
            raise _Wrong(WRONG_VALUE, text=text[:60])
        if bare.count('"') % 2:
            raise _Wrong(BRACKETS, text=text[:60])
        quoted = False
        for index, letter in enumerate(text):
            if _nested(text, index):
                continue
            quoted ^= letter == '"'
            bare_value = text.startswith("${", index) and not quoted
            if bare_value and not text.startswith(("${LEN(", "${EPOCH}", "${RAND("), index):
                raise _Wrong(WRONG_VALUE, text=text[:60])


def _literal(text: str, more: str = "") -> None:
    rest = "".join(letter for letter in _without_values(text) if letter not in more)
    if not _LITERAL.match(rest):
        raise _Wrong(WRONG_VALUE, text=text[:60])


def _without_values(text: str) -> str:
    """The text without its outermost ``${}`` and ``$[]``."""
    found, at = [], 0
    while at < len(text):
        if text.startswith(("${", "$["), at):
            opening = text[at + 1]
            at = _end(text, at + 1, opening, "}" if opening == "{" else "]") + 1
        else:
            found.append(text[at])
            at += 1
    return "".join(found)


def _nested(text: str, index: int) -> bool:
    """Whether a place lies inside of some ``${}``."""
    depth = 0
    for at in range(index):
        depth += text.startswith("${", at)
        depth -= depth > 0 and text[at] == "}"
    return depth > 0


def _end(text: str, at: int, opening: str, closing: str) -> int:
    depth = 0
    for index in range(at, len(text)):
        depth += (text[index] == opening) - (text[index] == closing)
        if depth == 0:
            return index
    raise _Wrong(BRACKETS, text=text[:60])


def _balanced(text: str) -> None:
    closing = {")": "(", "]": "[", "}": "{"}
    open_: list[str] = []
    for letter in text:
        if letter in closing.values():
            open_.append(letter)
        elif letter in closing and (not open_ or open_.pop() != closing[letter]):
            raise _Wrong(BRACKETS, text=text[:60])
    if open_ or text.count('"') % 2:
        raise _Wrong(BRACKETS, text=text[:60])
