"""Gives one letter to one mail server (SMTP), and says in our words why it did not go."""

from __future__ import annotations

import socket
import ssl
from email.message import EmailMessage
from typing import NamedTuple

import aiosmtplib
from aiosmtplib import errors

from callcenter.features.mail.rules.failing import Failure, answer

TIMEOUT = 20.0
"""Seconds for each answer of a mail server."""


class Way(NamedTuple):
    """How a mail server is reached. ``security`` tls, starttls or none."""

    host: str
    port: int
    security: str
    username: str
    password: str

    def __repr__(self) -> str:
        """Without the password: this stands in tracebacks."""
        return f"Way({self.host}:{self.port}, {self.security})"


class NotSent(Exception):
    """A letter did not go."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.kind} {failure.host}:{failure.port} {failure.answer}".strip())
        self.failure = failure


async def send(way: Way, message: EmailMessage, *, timeout: float = TIMEOUT) -> None:
    """Gives a letter to the mail server. Raises NotSent."""
    client = aiosmtplib.SMTP(
        hostname=way.host, port=way.port, timeout=timeout, use_tls=way.security == "tls",
        start_tls=way.security == "starttls", tls_context=ssl.create_default_context(),
        username=way.username or None, password=way.password or None,
    )  # fmt: skip
    try:
        async with client:
            await client.send_message(message)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise NotSent(_failure(way, error)) from None


def _failure(way: Way, error: Exception) -> Failure:
    host, port = way.host, way.port
    # What the library wraps names the cause better than its own words.
    inner = error.__cause__ or error.__context__ or error
    for one in (error, inner):
        if isinstance(one, ssl.SSLCertVerificationError):
            return Failure("certificate", host, port)
        if isinstance(one, ssl.SSLError):
            return Failure("no_tls", host, port)
        if isinstance(one, socket.gaierror):
            return Failure("no_host", host, port)
        if isinstance(one, ConnectionRefusedError):
            return Failure("closed", host, port)
    if isinstance(error, errors.SMTPRecipientsRefused):
        first = error.recipients[0]
        return _refused(way, "address", first.code, first.message)
    if isinstance(error, errors.SMTPAuthenticationError):
        return _refused(way, "login", error.code, error.message)
    if isinstance(error, errors.SMTPSenderRefused):
        return _refused(way, "sender", error.code, error.message)
    if isinstance(error, errors.SMTPResponseException) and error.code > 0:
        return _refused(way, "letter", error.code, error.message)
    if isinstance(error, errors.SMTPNotSupported | errors.SMTPException) and "STARTTLS" in str(error).upper():
        return Failure("no_starttls", host, port)
    if isinstance(error, errors.SMTPTimeoutError | TimeoutError):
        return Failure("no_answer", host, port)
    if isinstance(error, errors.SMTPConnectError):
        # A server that speaks no TLS where TLS is asked for just waits or hangs up.
        return Failure("no_tls" if way.security == "tls" else "no_answer", host, port)
    if isinstance(error, errors.SMTPServerDisconnected | OSError):
        return Failure("broken", host, port)
    return Failure("letter", host, port, answer(0, str(error)))


def _refused(way: Way, kind: str, code: int, text: str) -> Failure:
    # 4xx is «not at the moment»; greylisting answers so to every first try.
    named = "later" if 400 <= code < 500 else kind
    return Failure(named, way.host, way.port, answer(code, text))  # type: ignore[arg-type]
