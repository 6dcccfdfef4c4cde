"""Registers the robots' telephones: a REGISTER with digest over UDP, renewed before it runs out."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass

EXPIRES = 120
ANSWER_SECONDS = 3.0
_CHALLENGE = re.compile(r'(\w+)="?([^",\r\n]+)"?')


class RegistrationError(Exception):
    """Asterisk did not take the registration; the text holds its answer."""


@dataclass(frozen=True)
class Phone:
    """A login and where its calls shall go (the port of a telephone on this machine)."""

    login: str
    password: str
    port: int


class _Line(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answers: asyncio.Queue[str] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answers.put_nowait(data.decode("utf-8", "replace"))


async def register(phone: Phone, sip_port: int, *, expires: int = EXPIRES) -> None:
    """Registers (``expires`` 0: takes back) one phone; raises RegistrationError when refused or unanswered."""
    loop = asyncio.get_running_loop()
    transport, line = await loop.create_datagram_endpoint(_Line, local_addr=("127.0.0.1", 0))
    try:
        call_id, tag = secrets.token_hex(8), secrets.token_hex(4)
        port = transport.get_extra_info("sockname")[1]
        answer = await _ask(line, transport, _request(phone, sip_port, port, call_id, tag, 1, expires, ""), sip_port)
        if answer.startswith("SIP/2.0 401"):
            challenge = dict(_CHALLENGE.findall(answer.partition("WWW-Authenticate:")[2].partition("\n")[0]))
            proof = _proof(phone, challenge)
            answer = await _ask(
                line, transport, _request(phone, sip_port, port, call_id, tag, 2, expires, proof), sip_port
            )
        if not answer.startswith("SIP/2.0 200"):
            raise RegistrationError(f"{phone.login}: {answer.partition(chr(13))[0] or 'no answer'}")
    finally:
        transport.close()


async def keep_registered(phones: list[Phone], sip_port: int) -> None:
    """Keeps all ``phones`` registered until cancelled; goes on after refusals and while Asterisk is away."""
    while True:
        results = await asyncio.gather(*(register(phone, sip_port) for phone in phones), return_exceptions=True)
        failed = any(isinstance(result, Exception) for result in results)
        await asyncio.sleep(3 if failed else EXPIRES / 3)


async def _ask(line: _Line, transport: asyncio.DatagramTransport, text: str, sip_port: int) -> str:
    for _ in range(3):
        transport.sendto(text.encode(), ("127.0.0.1", sip_port))
        try:
            while True:
                answer = await asyncio.wait_for(line.answers.get(), ANSWER_SECONDS)
                if not answer.startswith("SIP/2.0 1") and answer.startswith("SIP/2.0"):
                    return answer
        except TimeoutError:
            continue
    return ""


def _request(
    phone: Phone, sip_port: int, port: int, call_id: str, tag: str, number: int, expires: int, proof: str
) -> str:
    address = f"sip:{phone.login}@127.0.0.1:{sip_port}"
    lines = [
        f"REGISTER sip:127.0.0.1:{sip_port} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{call_id}{number};rport",
        f"From: <{address}>;tag={tag}",
        f"To: <{address}>",
        f"Call-ID: {call_id}@robots",
        f"CSeq: {number} REGISTER",
        f"Contact: <sip:{phone.login}@127.0.0.1:{phone.port}>;expires={expires}",
        f"Expires: {expires}",
        "Max-Forwards: 70",
        "User-Agent: demo robot",
    ]
    return "\r\n".join([*lines, *([proof] if proof else []), "Content-Length: 0", "", ""])


def _proof(phone: Phone, challenge: dict[str, str]) -> str:
    realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
    uri = "sip:127.0.0.1"
    secret = _md5(f"{phone.login}:{realm}:{phone.password}")
    request = _md5(f"REGISTER:{uri}")
    fields = f'username="{phone.login}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "qop" in challenge:
        client = secrets.token_hex(4)
        response = _md5(f"{secret}:{nonce}:00000001:{client}:auth:{request}")
        fields += f', qop=auth, nc=00000001, cnonce="{client}"'
    else:
        response = _md5(f"{secret}:{nonce}:{request}")
    if "opaque" in challenge:
        fields += f', opaque="{challenge["opaque"]}"'
    return f'Authorization: Digest {fields}, response="{response}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
