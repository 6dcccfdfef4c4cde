"""A letter of the service as the mail server takes it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple

PAUSES: Sequence[float] = (5.0, 60.0, 600.0)
"""Seconds before each new try; after the last one the letter is given up."""


class Attached(NamedTuple):
    """A file that goes with a letter; ``kind`` is its media type (``audio/mpeg``)."""

    name: str
    kind: str
    content: bytes


class Letter(NamedTuple):
    """A letter in plain text."""

    to: str
    subject: str
    text: str
    files: tuple[Attached, ...] = ()


def message(letter: Letter, sender: str) -> EmailMessage:
    """The message; line breaks in addresses and subject are taken out. Raises ValueError for no address."""
    made = EmailMessage(policy=SMTP)
    made["From"] = _line(sender)
    made["To"] = _line(letter.to)
    made["Subject"] = _line(letter.subject)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    for file in letter.files:
        main, _, kind = file.kind.partition("/")
        made.add_attachment(file.content, maintype=main, subtype=kind, filename=_line(file.name))
    return made


def _line(text: str) -> str:
    return " ".join(text.split())
