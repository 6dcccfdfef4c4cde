"""Every text has a Russian translation with the same places, and no text stands outside the catalogues."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from callcenter.http import formats
from callcenter.http.site import LOCALE, ROOT
from callcenter.http.texts import Texts, choose
from tests.support import texts as source

_PLACE = re.compile(r"%\((\w+)\)([sd])|%%|%")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# What is written in its own language on purpose: the names of languages, prompts that are spoken, demo people.
_OWN_LANGUAGE = (
    "callcenter/demo/",
    "callcenter/features/demo/",
    "callcenter/telephony/asterisk/prompts.py",
    # The words of Russian tables by which columns and encodings are recognised, and sample files.
    "callcenter/features/imports/rules/",
    # Names of towns and regions as they stand in addresses.
    "callcenter/features/contacts/rules/regions.py",
    # The endings by which patronymics are told.
    "callcenter/features/mail/rules/tags.py",
)
_LANGUAGE_NAMES = "\u0420\u0443\u0441\u0441\u043a\u0438\u0439"


def places(text: str) -> set[str]:
    return {found[0] for found in _PLACE.finditer(text) if found[0] != "%%"}


@pytest.fixture(scope="module")
def russian() -> dict[str, str | tuple[str, ...]]:
    return Texts(LOCALE).language("ru").messages


@pytest.mark.rule("PLT-01")
def test_every_text_is_translated(russian: dict[str, str | tuple[str, ...]]) -> None:
    missing = sorted({f"{t.text!r}  ({t.where})" for t in source.all_texts() if t.text and t.text not in russian})
    assert not missing, "without Russian:\n" + "\n".join(missing)


def test_plurals_have_three_russian_forms(russian: dict[str, str | tuple[str, ...]]) -> None:
    wrong = [t for t in source.all_texts() if t.plural and len(russian.get(t.text, ("",))) != 3]
    assert not wrong


@pytest.mark.parametrize("file", sorted((LOCALE / "ru").glob("*.po")), ids=lambda f: f.name)
def test_catalogue_is_sound(file: Path) -> None:
    with file.open("rb") as stream:
        catalogue = read_po(stream, abort_invalid=True)
    assert catalogue.num_plurals == 3
    wrong = []
    for message in catalogue:
        if not message.id:
            continue
        keys = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        said = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        wanted = set().union(*(places(key) for key in keys))
        for text in said:
            # One form of a plural may leave the number out («один звонок»), others may not.
            if not text or (places(text) != wanted and (len(said) == 1 or not places(text) <= wanted)):
                wrong.append(f"{keys[0]!r} -> {text!r}")
        if message.fuzzy:
            wrong.append(f"fuzzy: {keys[0]!r}")
    assert not wrong, "\n".join(wrong)


def test_catalogues_agree_and_hold_nothing_unused() -> None:
    used = {t.text for t in source.all_texts()}
    said: dict[str, tuple[object, str]] = {}
    wrong = []
    for file in sorted((LOCALE / "ru").glob("*.po")):
        with file.open("rb") as stream:
            for message in read_po(stream):
                key = message.id if isinstance(message.id, str) else message.id[0]
                if not key:
                    continue
                if key not in used:
                    wrong.append(f"{file.name}: {key!r} is used nowhere")
                if key in said and said[key][0] != message.string:
                    wrong.append(f"{key!r}: {said[key][1]} and {file.name} differ")
                said[key] = (message.string, file.name)
    assert not wrong, "\n".join(wrong)


def test_no_russian_outside_the_catalogues() -> None:
    found = []
    for file in source.python_files():
        name = str(file.relative_to(ROOT))
        if name.startswith(_OWN_LANGUAGE):
            continue
        tree = ast.parse(file.read_text("utf-8"))
        notes = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes
            if is_text and _CYRILLIC.search(node.value):  # type: ignore[attr-defined]
                found.append(f"{name}:{node.lineno}: {node.value!r}")  # type: ignore[attr-defined]
    for file in source.template_files():
        text = re.sub(r"\{#.*?#\}", "", file.read_text("utf-8"), flags=re.S).replace(_LANGUAGE_NAMES, "")
        found += [f"{file.relative_to(ROOT)}: {line.strip()}" for line in text.splitlines() if _CYRILLIC.search(line)]
    for file in source.script_files():
        text = re.sub(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", "", file.read_text("utf-8"), flags=re.S)
        found += [f"{file.relative_to(ROOT)}: {line.strip()}" for line in text.splitlines() if _CYRILLIC.search(line)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en-US,en;q=0.9", "en"),
        ("de,en;q=0.5,ru;q=0.1", "en"),
        ("de", "ru"),
        ("en;q=0,ru", "ru"),
        ("en;q=x", "ru"),
        (";;;,,,=", "ru"),
    ],
)
def test_the_browsers_language_is_understood(header: str, language: str) -> None:
    assert choose(header) == language


MOMENT = datetime(2026, 11, 21, 20, 5, 9, tzinfo=UTC)


@pytest.mark.rule("PLT-01")
def test_dates_money_and_phones_by_locale() -> None:
    moscow = "Europe/Moscow"
    assert formats.moment(MOMENT, "ru", moscow) == "21 нояб. 2026\u202fг., 23:05"
    assert formats.moment(MOMENT, "en", moscow) == "21 Nov 2026, 23:05"
    assert formats.day(MOMENT, "ru", "Asia/Tokyo", "plain") == "22 ноября"
    assert formats.day("2026-11-21", "en", "UTC", "plain") == "21 November"
    assert formats.day(MOMENT, "ru", moscow, "short") == "21.11.2026"
    assert formats.time(MOMENT, "ru", "UTC", seconds=True) == "20:05:09"
    assert formats.money(120050, "RUB", "ru") == "1\xa0200,50\xa0₽"
    assert formats.money(120000, "RUB", "ru") == "1\xa0200\xa0₽"
    assert formats.money(-120050, "USD", "en") == "-US$1,200.50"
    assert formats.money(5000, "JPY", "en") == "JP¥5,000"
    assert formats.phone("+74951234567", "ru") == "+7 (495) 123-45-67"
    assert formats.phone("+74951234567", "en") == "+7 495 123-45-67"
    assert formats.phone("101", "en") == "101"
    assert formats.number(1234567.5, "ru", 1) == "1\xa0234\xa0567,5"
    assert formats.percent(0.805, "en", 1) == "80.5%"
    assert formats.percent(None, "ru") == "—"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (38.9, "0:38"), (3599, "59:59"), (6012, "1:40:12"), (-3, "0:00"), (None, "—")]
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert formats.duration(seconds) == shown


def test_an_unknown_zone_is_utc_and_a_naive_moment_is_refused() -> None:
    assert formats.time(MOMENT, "ru", "Moon/Base") == "20:05"
    assert formats.time("2026-11-21T20:05:00Z", "ru", "UTC") == "20:05"
    assert formats.time(MOMENT.timestamp(), "ru", "UTC") == "20:05"
    with pytest.raises(ValueError):
        formats.time(datetime(2026, 1, 1), "ru", "UTC")  # noqa: DTZ001
