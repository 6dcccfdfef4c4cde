"""Telephones by the hundred on one port: each call is answered, only rings, or is refused. No sound."""

from __future__ import annotations

import asyncio
import re
from typing import Literal

Manner = Literal["answers", "rings", "refuses"]
_KEPT = re.compile(rb"^(?:via|from|call-id|cseq|v|f|i)\s*:", re.IGNORECASE)


class Phones(asyncio.DatagramProtocol):
    """All telephones of one manner."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._invites: dict[bytes, bytes] = {}

    @classmethod
    async def start(cls, manner: Manner) -> Phones:
        """Opens a free port."""
        loop = asyncio.get_running_loop()
        transport, phones = await loop.create_datagram_endpoint(lambda: cls(manner), local_addr=("127.0.0.1", 0))
        phones._transport = transport
        phones.port = transport.get_extra_info("sockname")[1]
        return phones

    def close(self) -> None:
        """Closes the port."""
        if self._transport:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answers a request; answers to our own are none."""
        method = data.split(b" ", 1)[0]
        if method == b"INVITE":
            key = _header(data, b"call-id")
            self._invites[key] = data
            if self.manner == "refuses":
                self._say(data, "486 Busy Here", addr)
                return
            self._say(data, "180 Ringing", addr)
            if self.manner == "answers":
                self._say(data, "200 OK", addr, sdp=True)
        elif method == b"CANCEL":
            self._say(data, "200 OK", addr)
            invite = self._invites.get(_header(data, b"call-id"))
            if invite:
                self._say(invite, "487 Request Terminated", addr)
        elif method in (b"BYE", b"OPTIONS", b"NOTIFY", b"UPDATE", b"INFO"):
            self._say(data, "200 OK", addr)

    def _say(self, request: bytes, status: str, addr: tuple[str, int], *, sdp: bool = False) -> None:
        lines = [f"SIP/2.0 {status}".encode()]
        lines += [line for line in request.split(b"\r\n\r\n", 1)[0].split(b"\r\n") if _KEPT.match(line)]
        to = _header(request, b"to")
        lines.append(b"To: " + (to if b";tag=" in to else to + b";tag=t" + str(self.port).encode()))
        lines.append(f"Contact: <sip:robot@127.0.0.1:{self.port}>".encode())
        body = b""
        if sdp:
            body = (
                b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                b"m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
            )
            lines.append(b"Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}".encode())
        if self._transport:
            self._transport.sendto(b"\r\n".join(lines) + b"\r\n\r\n" + body, addr)


def _header(data: bytes, name: bytes) -> bytes:
    found = re.search(rb"^" + name + rb"\s*:\s*(.*?)\r?$", data, re.IGNORECASE | re.MULTILINE)
    return found.group(1) if found else b""
