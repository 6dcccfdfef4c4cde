"""Marks texts for translation. The English text is the key; Russian stands in ``callcenter/locale/ru/<part>.po``."""

from __future__ import annotations


def N_(text: str) -> str:
    """Marks ``text`` as translatable without translating it here."""
    return text
