"""Names of lines."""

from __future__ import annotations

import pytest

from callcenter.core.errors import BadInput
from callcenter.features.numbers.rules import own_queue_name, title


def test_a_line_s_name_is_one_clean_line() -> None:
    assert title("  Отдел\r\n продаж\x00 ") == "Отдел продаж"
    assert title("") == ""
    with pytest.raises(BadInput):
        title("x" * 101)


def test_the_private_queue_is_called_like_the_line() -> None:
    assert own_queue_name("Продажи", "+7 1") == "Продажи"
    assert own_queue_name("", "+7 1") == "+7 1"
