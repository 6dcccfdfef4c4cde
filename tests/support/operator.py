"""An operator that lines sign in at: takes or refuses REGISTER by digest, answers OPTIONS, calls and is called."""

from __future__ import annotations

import asyncio
import hashlib
import re

from tests.support.telephone import Telephone
from tests.traces.phone import Call, Message

REALM, NONCE = "operator", "5f2a77c1"
_AUTH = re.compile(r'(\w+)="?([^",]+)"?')


class Operator(Telephone):
    """``accounts`` are the logins and their passwords; ``contacts`` are the addresses that signed in.

    ``failing`` is the status with which every call is refused (0 = none is); ``silent`` answers nothing at all.
    """

    def __init__(self, user: str, port: int, server_port: int, password: str = "") -> None:
        super().__init__(user, port, server_port, password)
        self.accounts: dict[str, str] = {}
        self.contacts: dict[str, str] = {}
        self.registers: list[Message] = []
        self.signed_in = asyncio.Event()
        self.failing = 0
        self.silent = False
        self.asked = 0

    def call_in(self, login: str) -> Call:
        """Calls the address that ``login`` has signed in with, as an operator does."""
        return self.call(self.contacts[login].removeprefix("sip:").partition("@")[0], uri=self.contacts[login])

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if self.silent or len(data) < 16:
            return
        message = Message(data)
        method = "" if message.status else message.start.split()[0]
        if method == "REGISTER":
            self._register(message, address)
        elif method == "OPTIONS":
            self.asked += 1
            self._reply(message, 200, "OK", address)
        else:
            super().datagram_received(data, address)

    def _invited(self, message: Message, call: Call | None) -> None:
        if call is None and self.failing:
            tagged = f"{message.headers['to']};tag=no"
            self.respond(message, self.failing, "Service Unavailable", tag=tagged)
            self.asked += 1
            return
        super()._invited(message, call)

    def _register(self, message: Message, address: tuple[str, int]) -> None:
        self.registers.append(message)
        given = dict(_AUTH.findall(message.headers.get("authorization", "")))
        if not given:
            self._reply(
                message, 401, "Unauthorized", address, f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"\r\n'
            )
            return
        login = given["username"]
        if login not in self.accounts:
            self._reply(message, 404, "Not Found", address)
            return
        one = _md5(f"{login}:{REALM}:{self.accounts[login]}")
        wanted = _md5(f"{one}:{NONCE}:{_md5('REGISTER:' + given['uri'])}")
        if given["response"] != wanted:
            self._reply(message, 403, "Forbidden", address)
            return
        contact = message.headers.get("contact", "")
        found = re.search(r"<([^>]+)>", contact)
        if found:
            gone = "expires=0" in contact or message.headers.get("expires") == "0"
            if gone:
                self.contacts.pop(login, None)
            else:
                self.contacts[login] = found[1]
                self.signed_in.set()
        self._reply(message, 200, "OK", address, f"Contact: {contact};expires=300\r\n" if found else "")

    def _reply(self, message: Message, status: int, words: str, address: tuple[str, int], extra: str = "") -> None:
        vias = "".join(f"Via: {via}\r\n" for via in message.vias)
        text = (
            f"SIP/2.0 {status} {words}\r\n{vias}From: {message.headers['from']}\r\n"
            f"To: {message.headers['to']};tag=op\r\nCall-ID: {message.headers['call-id']}\r\n"
            f"CSeq: {message.headers['cseq']}\r\n{extra}Content-Length: 0\r\n\r\n"
        )
        assert self.transport
        self.transport.sendto(text.encode(), address)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
