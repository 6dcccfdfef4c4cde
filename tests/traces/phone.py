"""A small SIP telephone without sound: enough of SIP over UDP to make Asterisk go through real calls.

It calls, rings, answers, rejects, holds, transfers blindly and with consultation, and hangs up. No audio is sent, no
authentication is done, nothing is repeated: for recording traces and for tests on the loopback only.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets

_SERIAL = itertools.count(1)
_HEADER = re.compile(r"^([^:\r\n]+)\s*:\s*(.*)$")


class Message:
    """A SIP message: ``start`` line, ``headers`` by lower-case name (first wins), ``body``."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.start = lines[0]
        self.headers: dict[str, str] = {}
        self.vias: list[str] = []
        self.routes: list[str] = []
        for line in lines[1:]:
            found = _HEADER.match(line)
            if found:
                name = found[1].lower()
                if name == "via":
                    self.vias.append(found[2])
                elif name == "record-route":
                    self.routes.append(found[2])
                self.headers.setdefault(name, found[2])

    @property
    def status(self) -> int:
        """The status of a response, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of what a response answers."""
        return self.headers["cseq"].split()[1]


class Call:
    """One dialog of a telephone. ``until(state)`` waits for ringing, answered, ended."""

    def __init__(self, phone: Phone, call_id: str, local: str, remote: str, target: str) -> None:
        self.phone = phone
        self.id = call_id
        self.local = local
        self.remote = remote
        self.target = target
        self.cseq = 100
        self.status = 0
        self.invite: Message | None = None
        # The BYE of the other side.
        self.ended_by: Message | None = None
        self.branch = ""
        self.request_uri = target
        self.tag_sent = False
        self.states: dict[str, asyncio.Event] = {
            name: asyncio.Event() for name in ("ringing", "answered", "ended", "held", "referred")
        }

    async def until(self, state: str, timeout: float = 15.0) -> Call:
        """Waits for ``state``; TimeoutError when it does not come."""
        async with asyncio.timeout(timeout):
            await self.states[state].wait()
        return self

    # What a called telephone does.
    def ring(self) -> None:
        """Says 180 Ringing."""
        self._respond(180, "Ringing")

    def answer(self) -> None:
        """Says 200 OK with an audio offer of ulaw."""
        self._respond(200, "OK", sdp=self.phone.sdp("sendrecv"))
        self.states["answered"].set()

    def reject(self, status: int = 486, reason: str = "Busy Here") -> None:
        """Says no."""
        self._respond(status, reason)
        self.states["ended"].set()

    # What both may do.
    def bye(self) -> None:
        """Hangs up an answered call."""
        self._request("BYE")
        self.states["ended"].set()

    def cancel(self) -> None:
        """Gives up calling before the answer."""
        self.phone.send(
            f"CANCEL {self.request_uri} SIP/2.0\r\nVia: {self.phone.via(self.branch)}\r\nMax-Forwards: 70\r\n"
            f"From: {self.local}\r\nTo: {self.request_uri_to}\r\nCall-ID: {self.id}\r\n"
            f"CSeq: {self.invite_cseq} CANCEL\r\n"
            "Content-Length: 0\r\n\r\n"
        )

    async def hold(self, on: bool = True) -> None:
        """Puts the other side on hold, or takes it back."""
        self.states["held"].clear()
        self._request("INVITE", sdp=self.phone.sdp("sendonly" if on else "sendrecv"))
        await self.until("held")

    def refer(self, to: str) -> None:
        """Blind transfer of the other side to ``to``."""
        self._request(
            "REFER", extra=f"Refer-To: <sip:{to}@{self.phone.server_text}>\r\nReferred-By: {self.phone.uri}\r\n"
        )

    def refer_to_call(self, other: Call) -> None:
        """Attended transfer: joins the other side of this call with the other side of ``other``."""
        remote = re.search(r"tag=([^;>]+)", other.remote)
        local = re.search(r"tag=([^;>]+)", other.local)
        assert remote
        assert local
        replaces = f"{other.id}%3Bto-tag%3D{remote[1]}%3Bfrom-tag%3D{local[1]}"
        target = re.search(r"<([^>]+)>", other.remote)
        assert target
        self._request(
            "REFER", extra=f"Refer-To: <{target[1]}?Replaces={replaces}>\r\nReferred-By: {self.phone.uri}\r\n"
        )

    # The wire.
    request_uri_to: str = ""
    invite_cseq: int = 1

    def _request(self, method: str, *, sdp: str = "", extra: str = "") -> None:
        self.cseq += 1
        kind = "Content-Type: application/sdp\r\n" if sdp else ""
        self.phone.send(
            f"{method} {self.target} SIP/2.0\r\nVia: {self.phone.via()}\r\nMax-Forwards: 70\r\n"
            f"From: {self.local}\r\nTo: {self.remote}\r\nCall-ID: {self.id}\r\nCSeq: {self.cseq} {method}\r\n"
            f"Contact: <{self.phone.contact}>\r\n{extra}{kind}Content-Length: {len(sdp)}\r\n\r\n{sdp}"
        )

    def _respond(self, status: int, reason: str, *, sdp: str = "") -> None:
        assert self.invite is not None
        self.phone.respond(self.invite, status, reason, tag=self.local, sdp=sdp)

    def on_response(self, message: Message) -> None:
        """Takes a response to one of our requests."""
        status, method = message.status, message.method
        if method == "INVITE" and status >= 200:
            self.remote = message.headers["to"]
            contact = re.search(r"<([^>]+)>", message.headers.get("contact", ""))
            if contact and status < 300:
                self.target = contact[1]
            self._ack(message)
            if status < 300 and self.states["answered"].is_set():
                self.states["held"].set()
            elif status < 300:
                self.status = status
                self.states["answered"].set()
            else:
                self.status = status
                self.states["ended"].set()
        elif method == "INVITE" and status in (180, 183):
            self.states["ringing"].set()
        elif method == "REFER" and status >= 200:
            self.status = status
            self.states["referred"].set()

    def _ack(self, message: Message) -> None:
        number = message.headers["cseq"].split()[0]
        fresh = message.status < 300
        uri = self.target if fresh else self.request_uri
        via = self.phone.via() if fresh else message.vias[0]
        self.phone.send(
            f"ACK {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {self.local}\r\nTo: {self.remote}\r\n"
            f"Call-ID: {self.id}\r\nCSeq: {number} ACK\r\nContent-Length: 0\r\n\r\n"
        )


class Phone(asyncio.DatagramProtocol):
    """A telephone on a UDP port of the loopback, known to Asterisk by its From ``user``."""

    def __init__(self, user: str, port: int, server_port: int) -> None:
        self.user = user
        self.port = port
        self.server = ("127.0.0.1", server_port)
        self.server_text = f"127.0.0.1:{server_port}"
        self.uri = f"<sip:{user}@{self.server_text}>"
        self.contact = f"sip:{user}@127.0.0.1:{port}"
        self.calls: dict[str, Call] = {}
        self.ringing: asyncio.Queue[Call] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, user: str, port: int, server_port: int) -> Phone:
        """Opens the telephone's port."""
        phone = cls(user, port, server_port)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: phone, local_addr=("127.0.0.1", port))
        return phone

    def close(self) -> None:
        """Closes the port."""
        if self.transport:
            self.transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport

    def call(self, to: str, *, name: str = "", uri: str = "") -> Call:
        """Calls ``to`` through Asterisk, or the whole address ``uri``; returns at once."""
        shown = f'"{name}" ' if name else ""
        target = uri or f"sip:{to}@{self.server_text}"
        call = Call(self, secrets.token_hex(8), f"{shown}{self.uri};tag={secrets.token_hex(4)}", f"<{target}>", target)
        call.request_uri_to = f"<{target}>"
        call.branch = f"z9hG4bK{secrets.token_hex(6)}"
        self.calls[call.id] = call
        sdp = self.sdp("sendrecv")
        self.send(
            f"INVITE {target} SIP/2.0\r\nVia: {self.via(call.branch)}\r\nMax-Forwards: 70\r\nFrom: {call.local}\r\n"
            f"To: <{target}>\r\nCall-ID: {call.id}\r\nCSeq: 1 INVITE\r\nContact: <{self.contact}>\r\n"
            f"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\r\nSupported: replaces\r\n"
            f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"
        )
        return call

    async def incoming(self, timeout: float = 15.0, *, to: str = "") -> Call:
        """The next call that comes in, as yet without a word to the caller; ``to`` is the number that it must be for.

        Asterisk repeats what nobody answered: a new phone at the same port may be asked for an older test's call.
        """
        async with asyncio.timeout(timeout):
            while True:
                call = await self.ringing.get()
                if not to or (call.invite and to in call.invite.start):
                    return call

    def via(self, branch: str = "") -> str:
        """A Via line of this telephone."""
        return f"SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch or 'z9hG4bK' + secrets.token_hex(6)}"

    def sdp(self, direction: str) -> str:
        """A session with ulaw; its RTP port is one that nobody reads."""
        return (
            f"v=0\r\no=- {next(_SERIAL)} {next(_SERIAL)} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.port + 400} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
            f"a={direction}\r\n"
        )

    def send(self, text: str) -> None:
        """Sends a message to Asterisk."""
        if self.transport and not self.transport.is_closing():
            self.transport.sendto(text.encode(), self.server)

    def respond(self, request: Message, status: int, reason: str, *, tag: str = "", sdp: str = "") -> None:
        """Answers a request."""
        vias = "".join(f"Via: {via}\r\n" for via in request.vias)
        routes = "".join(f"Record-Route: {route}\r\n" for route in request.routes)
        to = tag or request.headers["to"]
        kind = "Content-Type: application/sdp\r\n" if sdp else ""
        self.send(
            f"SIP/2.0 {status} {reason}\r\n{vias}{routes}From: {request.headers['from']}\r\nTo: {to}\r\n"
            f"Call-ID: {request.headers['call-id']}\r\nCSeq: {request.headers['cseq']}\r\nContact: <{self.contact}>\r\n"
            f"Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\r\nSupported: replaces\r\n"
            f"{kind}Content-Length: {len(sdp)}\r\n\r\n{sdp}"
        )

    def datagram_received(self, data: bytes, _address: tuple[str, int]) -> None:
        if len(data) < 16:
            return
        message = Message(data)
        call = self.calls.get(message.headers.get("call-id", ""))
        if message.status:
            if call:
                call.on_response(message)
            return
        method = message.start.split()[0]
        if method == "INVITE":
            self._invited(message, call)
        elif method == "ACK":
            return
        elif method == "CANCEL":
            self.respond(message, 200, "OK")
            if call and call.invite:
                self.respond(call.invite, 487, "Request Terminated", tag=call.local)
                call.states["ended"].set()
        elif method == "BYE":
            self.respond(message, 200, "OK")
            if call:
                call.ended_by = message
                call.states["ended"].set()
        else:
            self.respond(message, 200, "OK")

    def _invited(self, message: Message, call: Call | None) -> None:
        if call:
            self.respond(message, 200, "OK", sdp=self.sdp("sendrecv"))
            return
        contact = re.search(r"<([^>]+)>", message.headers.get("contact", ""))
        local = f"{message.headers['to']};tag={secrets.token_hex(4)}"
        call = Call(self, message.headers["call-id"], local, message.headers["from"], contact[1] if contact else "")
        call.invite = message
        self.calls[call.id] = call
        self.respond(message, 100, "Trying")
        self.ringing.put_nowait(call)
