"""A mail server as an administrator describes it, and when a letter is tried again. Pure."""

from __future__ import annotations

import re
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

Security = Literal["tls", "starttls", "none"]
SECURITY: dict[Security, str] = {
    "tls": N_("TLS from the start (usually port 465)"),
    "starttls": N_("STARTTLS (usually port 587)"),
    "none": N_("No encryption (only inside your own network)"),
}
PAUSES = (10.0, 60.0, 600.0, 3600.0)
"""Seconds before each new try of a person's letter; after the last one it is given up."""
WRONG = N_("The mail server cannot be kept yet. See the notes at the fields.")
NO_NAME = N_("Name the mail server, at most 60 characters.")
TAKEN = N_("There is a mail server of this name already.")
NO_HOST = N_("Write the server's address, for example smtp.example.com.")
NO_PORT = N_("A port is a number from 1 to 65535.")
NO_ADDRESS = N_("Write the e-mail address that letters come from, for example sales@example.com.")
NO_PASSWORD = N_("Write the password that belongs to this user name.")
OPEN_PASSWORD = N_("Without encryption the password would be readable on the way. Choose TLS, or take the login out.")
LONG = N_("This is too long.")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LOCAL = ("localhost", "127.0.0.1", "::1")


class ServerForm(msgspec.Struct, kw_only=True):
    """A mail server (SMTP). ``password`` left out stays as it is; ``in_scripts``: scripts may send by it (OUT-23).

    ``main`` = letters go by it where nothing else is chosen. ``signature`` is plain text at the end of its letters.
    """

    name: str
    host: str
    port: int = 465
    security: Security = "tls"
    username: str = ""
    password: str | UnsetType = UNSET
    from_address: str
    from_name: str = ""
    in_scripts: bool = False
    main: bool = False


def checked(form: ServerForm, others: frozenset[str], *, had_password: bool, address: str | None) -> ServerForm:
    """The form as it is kept; ``address`` is its ``from_address`` as an address, None when it is none.

    Raises BadInput that names every wrong field.
    """
    name, host = " ".join(form.name.split()), form.host.strip()
    username, from_name = form.username.strip(), " ".join(form.from_name.split())
    wrong: dict[str, str] = {}
    if not name or len(name) > 60:
        wrong["name"] = NO_NAME
    elif name.casefold() in others:
        wrong["name"] = TAKEN
    if len(host) > 253 or not (_HOST.fullmatch(host) or host == "::1"):
        wrong["host"] = NO_HOST
    if not 1 <= form.port <= 65535:
        wrong["port"] = NO_PORT
    if address is None:
        wrong["from_address"] = NO_ADDRESS
    if len(from_name) > 100:
        wrong["from_name"] = LONG
    if len(username) > 254:
        wrong["username"] = LONG
    password = form.password
    if isinstance(password, str) and len(password) > 500:
        wrong["password"] = LONG
    elif username and not (had_password if password is UNSET else password):
        wrong["password"] = NO_PASSWORD
    if username and form.security == "none" and host not in _LOCAL:
        wrong["security"] = OPEN_PASSWORD
    if wrong:
        raise BadInput(WRONG, fields=wrong)
    return msgspec.structs.replace(
        form, name=name, host=host, username=username, from_name=from_name, from_address=address or "",
        password=password if username else "",
    )  # fmt: skip


def pause(tries: int) -> float | None:
    """Seconds until the next try after ``tries`` that failed; None = the letter is given up."""
    return PAUSES[tries - 1] if 0 < tries <= len(PAUSES) else None
