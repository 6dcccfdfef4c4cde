"""The catalogues: English texts are the keys, every ``locale/<language>/*.po`` is read and merged at start."""

from __future__ import annotations

import gettext
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

LANGUAGES = ("ru", "en")
DEFAULT = "ru"


class Catalogue:
    """One language. An unknown text is given back as it is, so a forgotten translation shows English, never a fault."""

    def __init__(self, messages: Mapping[str, str | tuple[str, ...]], plural: Callable[[int], int]) -> None:
        self.messages = dict(messages)
        self._plural = plural

    def gettext(self, text: str) -> str:
        """The translation of ``text``."""
        found = self.messages.get(text)
        if found is None:
            return text
        return found if isinstance(found, str) else found[0]

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The form for ``number``: English has two, Russian three."""
        found = self.messages.get(one)
        if isinstance(found, tuple):
            return found[self._plural(number)]
        return one if number == 1 else many

    def fill(self, text: str, values: Mapping[str, Any]) -> str:
        """The translation with its ``%(name)s`` places filled."""
        said = self.gettext(text)
        return said % dict(values) if values else said


class Texts:
    """All languages; ``refresh`` reads the files again when one of them changed (development)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp: tuple[tuple[str, int], ...] = ()
        self._catalogues: dict[str, Catalogue] = {}
        self._json: dict[str, bytes] = {}
        self.load()

    def language(self, name: str) -> Catalogue:
        """The catalogue of a language; an unknown language is English, whose texts are the keys themselves."""
        return self._catalogues.get(name) or self._catalogues["en"]

    def load(self) -> None:
        """Reads every catalogue. Of two files that translate one text, the first by name wins (a test finds it)."""
        self._stamp = self._stamps()
        self._catalogues = {"en": Catalogue({}, lambda n: int(n != 1))}
        self._json = {}
        for language in LANGUAGES:
            files = sorted((self.folder / language).glob("*.po"))
            if files:
                self._catalogues[language] = read(files)

    def refresh(self) -> None:
        """Reads the files again if any changed since."""
        if self._stamp != self._stamps():
            self.load()

    def for_scripts(self, language: str) -> tuple[bytes, str]:
        """All texts as JSON for the page's scripts, and a hash that names this content."""
        if language not in self._json:
            body = json.dumps(self.language(language).messages, ensure_ascii=False, sort_keys=True)
            self._json[language] = body.encode()
        body_bytes = self._json[language]
        return body_bytes, hashlib.sha256(body_bytes).hexdigest()[:10]

    def _stamps(self) -> tuple[tuple[str, int], ...]:
        return tuple(sorted((str(f), f.stat().st_mtime_ns) for f in self.folder.glob("*/*.po")))


def read(files: list[Path]) -> Catalogue:
    """One catalogue from several files of the same language."""
    messages: dict[str, str | tuple[str, ...]] = {}
    plural: Callable[[int], int] = gettext.c2py("n != 1")
    for file in files:
        with file.open("rb") as stream:
            catalogue = read_po(stream)
        plural = gettext.c2py(catalogue.plural_expr)
        for message in catalogue:
            if not message.id or message.fuzzy:
                continue
            key = message.id if isinstance(message.id, str) else message.id[0]
            value = message.string if isinstance(message.string, str) else tuple(message.string or ())
            if not value or (isinstance(value, tuple) and not all(value)):
                continue
            messages.setdefault(key, value)
    return Catalogue(messages, plural)


def choose(header: str) -> str:
    """The best of our languages for an ``Accept-Language`` header."""
    wishes: list[tuple[float, int, str]] = []
    for order, part in enumerate(header.split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        language = name.split("-")[0].strip().lower()
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and weight > 0:
            wishes.append((-weight, order, language))
    return min(wishes)[2] if wishes else DEFAULT
