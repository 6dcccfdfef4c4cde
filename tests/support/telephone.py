"""A SIP telephone with sound and keys for tests with a real Asterisk: registers, calls, answers, plays a tone, listens.

It builds on the mute telephone of the traces. Media is µ-law over RTP on a port of its own, one call at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
import socket
import struct
from array import array
from collections.abc import Callable

from tests.support import audio
from tests.traces.phone import Call, Message, Phone

_FRAME = 160
_EVENTS = 101
_AUTH = re.compile(r'(\w+)="?([^",]+)"?')


class Telephone(Phone):
    """``user`` is the From user: an employee's endpoint with ``password``, or any number that calls over the trunk."""

    def __init__(self, user: str, port: int, server_port: int, password: str = "") -> None:
        super().__init__(user, port, server_port)
        self.password = password
        self.frequency = 0.0
        self.heard = bytearray()
        self.digits = ""
        self.rtp_port = 0
        self._remote: tuple[str, int] | None = None
        self._rtp: asyncio.DatagramTransport | None = None
        self._invites: dict[str, str] = {}
        self._registered: asyncio.Future[int] | None = None
        self._player: asyncio.Task[None] | None = None
        self._keys: asyncio.Queue[str] = asyncio.Queue()

    @classmethod
    async def start(
        cls, user: str, server_port: int, *, port: int = 0, password: str = "", tone: float = 0.0
    ) -> Telephone:
        """Opens the telephone; ``tone`` (Hz) is what it says all the time, 0 = silence. Port 0 = any free one."""
        phone = cls(user, port or free_port(), server_port, password)
        phone.frequency = tone
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: phone, local_addr=("127.0.0.1", phone.port))
        rtp, _ = await loop.create_datagram_endpoint(lambda: _Ear(phone), local_addr=("127.0.0.1", 0))
        phone._rtp = rtp
        phone.rtp_port = rtp.get_extra_info("sockname")[1]
        phone._player = asyncio.create_task(phone._play())
        return phone

    async def stop(self) -> None:
        """Closes everything."""
        if self._player:
            self._player.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._player
        if self._rtp:
            self._rtp.close()
        self.close()

    async def register(self, *, expires: int = 300, timeout: float = 10.0) -> None:
        """Signs in at Asterisk; AssertionError when it refuses."""
        call_id, tag = secrets.token_hex(8), secrets.token_hex(4)
        authorization = ""
        for cseq in (1, 2):
            self._registered = asyncio.get_running_loop().create_future()
            self.send(
                f"REGISTER sip:{self.server_text} SIP/2.0\r\nVia: {self.via()}\r\nMax-Forwards: 70\r\n"
                f"From: {self.uri};tag={tag}\r\nTo: {self.uri}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n"
                f"Contact: <{self.contact}>\r\nExpires: {expires}\r\n{authorization}Content-Length: 0\r\n\r\n"
            )
            async with asyncio.timeout(timeout):
                status = await self._registered
            if status != 401:
                break
            authorization = self._answer("REGISTER", f"sip:{self.server_text}")
        assert status == 200, f"{self.user} was not registered: {status}"

    def press(self, keys: str) -> None:
        """Sends digits (RFC 4733) into the call, one after the other."""
        for key in keys:
            self._keys.put_nowait(key)

    def say(self, frequency: float) -> None:
        """Says another tone from now on; 0 = silence."""
        self.frequency = frequency

    def listen(self) -> array[int]:
        """What was heard since the call's media began or since ``forget``."""
        return audio.from_ulaw(bytes(self.heard))

    def forget(self) -> None:
        """Throws away what was heard so far."""
        self.heard.clear()

    async def hears(self, frequency: float, seconds: float = 0.5, timeout: float = 8.0) -> None:
        """Waits until ``frequency`` was heard for ``seconds`` from now on; AssertionError when it is not."""
        self.forget()
        try:
            async with asyncio.timeout(timeout):
                while audio.seconds_of(self.listen(), frequency) < seconds:  # noqa: ASYNC110 - sound has no event
                    await asyncio.sleep(0.1)
        except TimeoutError:
            heard = self.listen()
            said = {f: round(audio.power(heard, f), 2) for f in (425, 440, 660, 880, 1000, 1300)}
            raise AssertionError(
                f"{self.user} does not hear {frequency} Hz: {len(heard) / audio.RATE:.1f} s, "
                f"loudness {audio.loudness(heard):.0f}, {said}"
            ) from None

    async def hears_sound(self, seconds: float = 1.0, *, but: float, timeout: float = 8.0) -> None:
        """Waits until ``seconds`` were loud from now on and were not the tone ``but`` (music on hold)."""
        await self._quarters(
            lambda piece: audio.loudness(piece) > 100 and audio.power(piece, but) < 0.1, seconds, timeout
        )

    async def hears_nothing(self, seconds: float = 1.0, timeout: float = 8.0) -> None:
        """Waits until it was silent for ``seconds`` from now on, while packets came."""
        await self._quarters(lambda piece: audio.loudness(piece) < 30, seconds, timeout)

    async def _quarters(self, fits: Callable[[array[int]], bool], seconds: float, timeout: float) -> None:
        self.forget()
        size = audio.RATE // 4
        try:
            async with asyncio.timeout(timeout):
                while True:
                    heard = self.listen()[-int(seconds * audio.RATE) :]
                    pieces = [heard[at : at + size] for at in range(0, len(heard) - size + 1, size)]
                    if len(pieces) >= seconds * 4 and all(map(fits, pieces)):
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{self.user} hears something else: {audio.loudness(self.listen()):.0f}") from None

    # --- the wire ------------------------------------------------------------------------------------

    def sdp(self, direction: str) -> str:
        return super().sdp(direction).replace(f"m=audio {self.port + 400} ", f"m=audio {self.rtp_port} ")

    def send(self, text: str) -> None:
        if text.startswith("INVITE "):
            found = re.search(r"^Call-ID: (\S+)", text, re.M)
            assert found
            self._invites[found[1]] = text
        super().send(text)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if len(data) < 16:
            return
        message = Message(data)
        if found := re.search(r"^m=audio (\d+) ", message.body, re.M):
            self._remote = ("127.0.0.1", int(found[1]))
        if message.status in (401, 407):
            self._challenge = message.headers.get("www-authenticate") or message.headers["proxy-authenticate"]
        if message.status and message.method == "REGISTER":
            if self._registered and not self._registered.done() and message.status >= 200:
                self._registered.set_result(message.status)
            return
        call = self.calls.get(message.headers.get("call-id", ""))
        if call and message.status in (401, 407) and message.method == "INVITE" and self.password:
            self._call_again(call, message)
            return
        super().datagram_received(data, address)

    def _call_again(self, call: Call, challenge: Message) -> None:
        """Repeats an INVITE with the answer to Asterisk's challenge."""
        unknown = call.remote
        call.remote = challenge.headers["to"]
        call._ack(challenge)
        call.remote = unknown
        text = self._invites[call.id]
        uri = text.split(" ", 2)[1]
        call.branch = f"z9hG4bK{secrets.token_hex(6)}"
        call.invite_cseq = 2
        text = re.sub(r"branch=[^;\r]+", f"branch={call.branch}", text, count=1)
        text = text.replace("CSeq: 1 INVITE\r\n", f"CSeq: 2 INVITE\r\n{self._answer('INVITE', uri)}", 1)
        super().send(text)

    def _answer(self, method: str, uri: str) -> str:
        given = dict(_AUTH.findall(self._challenge))
        realm, nonce = given["realm"], given["nonce"]
        one = _md5(f"{self.user}:{realm}:{self.password}")
        count, own = "00000001", secrets.token_hex(6)
        answer = _md5(f"{one}:{nonce}:{count}:{own}:auth:{_md5(f'{method}:{uri}')}")
        return (
            f'Authorization: Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{answer}", algorithm=MD5, qop=auth, nc={count}, cnonce="{own}"'
            + (f', opaque="{given["opaque"]}"' if "opaque" in given else "")
            + "\r\n"
        )

    # --- media ---------------------------------------------------------------------------------------

    async def _play(self) -> None:
        """Sends a frame every 20 ms to where Asterisk listens; digits between the frames."""
        loop = asyncio.get_running_loop()
        said, piece = -1.0, b""
        sequence, stamp, source = 1, 0, struct.unpack("!I", secrets.token_bytes(4))[0]
        due = loop.time()
        while True:
            if self._remote and self._rtp:
                if not self._keys.empty():
                    sequence, stamp = await self._key(self._keys.get_nowait(), sequence, stamp, source)
                    due = loop.time()
                if said != self.frequency:
                    # Whole periods, so that the tone has no clicks where the piece begins anew.
                    said = self.frequency
                    piece = audio.to_ulaw(audio.tone(said, 1.0) if said else array("h", bytes(2 * audio.RATE)))
                at = stamp % len(piece)
                head = struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, stamp & 0xFFFFFFFF, source)
                self._rtp.sendto(head + (piece + piece)[at : at + _FRAME], self._remote)
                sequence, stamp = sequence + 1, stamp + _FRAME
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _key(self, key: str, sequence: int, stamp: int, source: int) -> tuple[int, int]:
        assert self._rtp
        assert self._remote
        event = "0123456789*#".index(key)
        for step in range(1, 11):
            end = step > 7
            duration = _FRAME * min(step, 8)
            head = struct.pack(
                "!BBHII", 0x80, _EVENTS | (0x80 if step == 1 else 0), sequence & 0xFFFF, stamp & 0xFFFFFFFF, source
            )
            body = struct.pack("!BBH", event, (0x80 if end else 0) | 10, duration)
            self._rtp.sendto(head + body, self._remote)
            sequence += 1
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        return sequence, stamp + _FRAME * 8 + 800


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, phone: Telephone) -> None:
        self.phone = phone
        self.last_key = b""

    def datagram_received(self, data: bytes, _address: tuple[str, int]) -> None:
        if len(data) >= 16 and data[1] & 0x7F == _EVENTS:
            # A key's packets all carry the stamp of its begin.
            at = data[4:8]
            if at != self.last_key:
                self.last_key = at
                self.phone.digits += "0123456789*#"[data[12]]
        if len(data) > 12 and data[1] & 0x7F == 0:
            self.phone.heard += data[12 + 4 * (data[0] & 0x0F) :]


def free_port() -> int:
    """A free UDP port of the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
