"""A letter as a mail server takes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple

# What is folded here stays so: folding it again would take the quotes off names.
POLICY = SMTP.clone(refold_source="none")
PAUSES: Sequence[float] = (5.0, 60.0, 600.0)
"""Seconds before each new try; after the last one the letter is given up."""


class Attached(NamedTuple):
    """A file that goes with a letter; ``kind`` is its media type (``audio/mpeg``)."""

    name: str
    kind: str
    content: bytes


class Letter(NamedTuple):
    """A letter in plain text that the service itself writes."""

    to: str
    subject: str
    text: str
    files: tuple[Attached, ...] = ()


class Picture(NamedTuple):
    """A picture in the text of a letter: ``src`` is the address by which the HTML names it."""

    src: str
    kind: str
    content: bytes


class Written(NamedTuple):
    """A letter that a person sends: ``html`` is clean HTML, ``text`` the same in plain words."""

    to: str
    to_name: str
    sender: str
    sender_name: str
    subject: str
    html: str
    text: str
    message_id: str
    files: tuple[Attached, ...] = ()
    pictures: tuple[Picture, ...] = ()


def message(letter: Letter, sender: str) -> EmailMessage:
    """The message; line breaks in addresses and subject are taken out. Raises ValueError for no address."""
    made = EmailMessage(policy=POLICY)
    made["From"] = line(sender)
    made["To"] = line(letter.to)
    made.set_raw("Subject", _words("Subject", letter.subject))
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    _attach(made, letter.files)
    return made


def written(letter: Written) -> EmailMessage:
    """A person's letter: plain words and HTML, pictures inside, files after it. Raises ValueError for no address."""
    made = EmailMessage(policy=POLICY)
    made.set_raw("From", _mailbox("From", letter.sender_name, letter.sender))
    made.set_raw("To", _mailbox("To", letter.to_name, letter.to))
    made.set_raw("Subject", _words("Subject", letter.subject))
    made["Message-ID"] = letter.message_id
    made.set_content(letter.text)
    html, used = letter.html, []
    for number, picture in enumerate(letter.pictures, 1):
        name = f"picture{number}@{letter.message_id.strip('<>').partition('@')[2]}"
        found = re.sub(f'src="{re.escape(picture.src)}"', f'src="cid:{name}"', html)
        if found != html:
            html = found
            used.append((name, picture))
    made.add_alternative(f"<!doctype html><html><body>{html}</body></html>", subtype="html")
    parts = made.get_payload()
    assert isinstance(parts, list)
    body = parts[1]
    assert isinstance(body, EmailMessage)
    for name, picture in used:
        main, _, kind = picture.kind.partition("/")
        body.add_related(picture.content, maintype=main, subtype=kind, cid=f"<{name}>")
    _attach(made, letter.files)
    return made


def _attach(made: EmailMessage, files: Sequence[Attached]) -> None:
    for file in files:
        main, _, kind = file.kind.partition("/")
        made.add_attachment(file.content, maintype=main, subtype=kind, filename=line(file.name))


def _mailbox(header: str, name: str, address: str) -> str:
    box, _, domain = line(address).rpartition("@")
    # Mail servers know names of domains in Latin letters; the address itself is checked here.
    plain = Address(username=box, domain=domain.encode("idna").decode()).addr_spec
    quoted = line(name).replace("\\", "").replace('"', "'")
    if not quoted:
        return plain
    if quoted.isascii():
        return f'"{quoted}"\r\n <{plain}>'
    return f"{_words(header, quoted)}\r\n <{plain}>"


def _words(header: str, text: str) -> str:
    """A header's text, folded. The message's own folding loses spaces between words that are not in Latin letters."""
    found = line(text)
    charset = "us-ascii" if found.isascii() else "utf-8"
    return Header(found, charset, header_name=header).encode(linesep="\r\n")


def line(text: str) -> str:
    """Text that may stand in a header: one line."""
    return " ".join(text.split())
