"""Asks an operator or a PBX directly whether it is there and takes a login, before Asterisk is told of it.

A REGISTER without a Contact only asks what is registered: the password is checked and nothing changes there.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import socket
from typing import Literal

import msgspec

Outcome = Literal["ok", "refused", "unknown_account", "no_answer", "no_address", "failed"]
_AUTH = re.compile(r'(\w+)=(?:"([^"]*)"|([^",\s]+))')
_REPEAT = 0.5


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: ``status`` and ``words`` of the last SIP answer (0 and '' without one), ``latency`` in ms."""

    outcome: Outcome
    status: int = 0
    words: str = ""
    latency: float | None = None


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answers: asyncio.Queue[str] = asyncio.Queue(20)

    def datagram_received(self, data: bytes, _address: tuple[str, int]) -> None:
        if data.startswith(b"SIP/2.0 ") and len(data) <= 8192 and not self.answers.full():
            self.answers.put_nowait(data.decode("utf-8", "replace"))

    def error_received(self, _error: Exception) -> None:
        """Nobody listens there: the same as no answer."""


async def probe(
    host: str, port: int, *, login: str = "", password: str = "", domain: str = "", timeout: float = 4.0
) -> Probe:
    """Asks ``host``: with ``login`` by REGISTER, else by OPTIONS. ``timeout`` is in seconds for each answer.

    The caller checks that no value holds a line break. Never raises for what the other side does.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            there = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_DGRAM)
        host_there, port_there = str(there[0][4][0]), int(there[0][4][1])
        transport, answers = await loop.create_datagram_endpoint(_Answers, remote_addr=(host_there, port_there))
    except (OSError, TimeoutError, UnicodeError):
        return Probe(outcome="no_address")
    try:
        return await _ask(transport, answers, f"{host}:{port}", login, password, domain or host, timeout)
    except TimeoutError:
        return Probe(outcome="no_answer")
    finally:
        transport.close()


async def _ask(
    transport: asyncio.DatagramTransport,
    answers: _Answers,
    server: str,
    login: str,
    password: str,
    domain: str,
    timeout: float,
) -> Probe:
    method = "REGISTER" if login else "OPTIONS"
    uri = f"sip:{domain}" if ":" in domain or domain != server.rpartition(":")[0] else f"sip:{server}"
    call_id, tag = secrets.token_hex(10), secrets.token_hex(4)
    authorization, latency = "", None
    for number in (1, 2, 3):
        began = asyncio.get_running_loop().time()
        text = _request(transport, method, uri, login or "ping", domain, call_id, tag, number, authorization)
        head = await _answer(transport, answers, text, number, timeout)
        latency = latency or round((asyncio.get_running_loop().time() - began) * 1000, 1)
        status = int(head.split()[1]) if head.split()[1].isdecimal() else 0
        words = " ".join(head.partition("\r\n")[0].split()[2:])[:80]
        if status in (401, 407) and login and number < 3:
            challenge = re.search(r"^(WWW|Proxy)-Authenticate:\s*Digest\s+(.+?)\r?$", head, re.M | re.I)
            # A nonce that is only too old says so; else a second challenge means that the password is wrong.
            if challenge and (not authorization or "stale=true" in head.lower().replace('"', "")):
                name = "Authorization" if challenge[1].upper() == "WWW" else "Proxy-Authorization"
                answered = _digest(challenge[2], method, uri, login, password)
                if answered:
                    authorization = f"{name}: {answered}\r\n"
                    continue
        return Probe(outcome=_outcome(status, bool(login)), status=status, words=words, latency=latency)
    return Probe(outcome="refused", latency=latency)


def _request(
    transport: asyncio.DatagramTransport,
    method: str,
    uri: str,
    user: str,
    domain: str,
    call_id: str,
    tag: str,
    number: int,
    authorization: str,
) -> str:
    address, port = transport.get_extra_info("sockname")[:2]
    own = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    me = f"<sip:{user}@{domain}>"
    return (
        f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bK{secrets.token_hex(8)}\r\n"
        f"Max-Forwards: 70\r\nFrom: {me};tag={tag}\r\nTo: {me if method == 'REGISTER' else f'<{uri}>'}\r\n"
        f"Call-ID: {call_id}\r\nCSeq: {number} {method}\r\nUser-Agent: CallCenter\r\n{authorization}"
        "Content-Length: 0\r\n\r\n"
    )


async def _answer(
    transport: asyncio.DatagramTransport, answers: _Answers, text: str, number: int, timeout: float
) -> str:
    """Sends, again and again until a final answer to request ``number`` comes; raises TimeoutError."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + timeout, _REPEAT
    while loop.time() < until:
        transport.sendto(text.encode())
        repeat_at = min(until, loop.time() + pause)
        pause = min(pause * 2, 4.0)
        while (left := repeat_at - loop.time()) > 0:
            try:
                head = await asyncio.wait_for(answers.answers.get(), left)
            except TimeoutError:
                break
            if not head.startswith("SIP/2.0 1") and re.search(rf"^CSeq:\s*{number}\s", head, re.M | re.I):
                return head
    raise TimeoutError


def _outcome(status: int, signed: bool) -> Outcome:
    if 200 <= status < 300 or (not signed and 0 < status < 500):
        # To OPTIONS any answer says that somebody is there.
        return "ok"
    if status in (401, 403, 407):
        return "refused"
    return "unknown_account" if status == 404 else "failed"


def _digest(challenge: str, method: str, uri: str, login: str, password: str) -> str:
    """The value of an Authorization header; '' when the challenge wants what we cannot do."""
    given = {key.lower(): quoted or plain for key, quoted, plain in _AUTH.findall(challenge)}
    if given.get("algorithm", "MD5").upper() != "MD5" or "nonce" not in given:
        return ""
    realm, nonce = given.get("realm", ""), given["nonce"]
    one, two = _md5(f"{login}:{realm}:{password}"), _md5(f"{method}:{uri}")
    text = f'Digest username="{login}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "opaque" in given:
        text += f', opaque="{given["opaque"]}"'
    if "auth" in given.get("qop", "").split(","):
        own = secrets.token_hex(8)
        answer = _md5(f"{one}:{nonce}:00000001:{own}:auth:{two}")
        return f'{text}, response="{answer}", qop=auth, nc=00000001, cnonce="{own}"'
    return f'{text}, response="{_md5(f"{one}:{nonce}:{two}")}"'


def _md5(text: str) -> str:
    """RFC 2617 wants MD5: it is what operators speak."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
