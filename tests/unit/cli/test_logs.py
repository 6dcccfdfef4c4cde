"""Logs are one JSON object a line and never hold a secret."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from callcenter.cli.logs import JsonFormatter, clean


def line(text: str, *args: object, **extra: object) -> dict[str, object]:
    record = logging.getLogger("x").makeRecord("x", logging.INFO, "f", 1, text, args, None, extra=extra)
    return dict(json.loads(JsonFormatter().format(record)))


def test_a_line_has_time_level_source_and_what_was_given() -> None:
    found = line("call %s ended", "1.2", call="1.2", ms=3.5, none=None)
    assert found.pop("at")
    assert found == {"level": "info", "from": "x", "text": "call 1.2 ended", "call": "1.2", "ms": 3.5}


def test_a_text_with_line_breaks_stays_one_line() -> None:
    record = logging.getLogger("x").makeRecord("x", logging.INFO, "f", 1, "a\r\nb", (), None)
    assert "\n" not in JsonFormatter().format(record)


def test_an_error_keeps_its_stack() -> None:
    try:
        raise RuntimeError("password=hunter2")
    except RuntimeError:
        record = logging.getLogger("x").makeRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    found = json.loads(JsonFormatter().format(record))
    assert "RuntimeError" in found["error"]
    assert "hunter2" not in json.dumps(found)


@pytest.mark.parametrize(
    "text",
    [
        "Secret: hunter2",
        "password='hunter2'",
        '{"password": "hunter2"}',
        "Authorization: Bearer hunter2",
        "Cookie: callcenter=hunter2; x",
        "token=hunter2&x=1",
        "made cc_hunter2hunter2hunter2hunter2",
    ],
)
def test_secrets_are_blotted_out(text: str) -> None:
    assert "hunter2" not in clean(text)


def test_other_words_stay() -> None:
    text = "the password is wrong for operator@a.example, 3 tokens left"
    assert clean(text) == text
