"""Our own wire protocol under panoramisk's manager: looks at an event's name first and parses only what is wanted.

Bytes are framed before they are decoded, so that a letter split over two reads is never lost. Answers to actions go to
panoramisk's futures; wanted events become ``dict[str, str]`` and are handed over in the order of the wire.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

log = logging.getLogger(__name__)

Fields = dict[str, str]

_END = b"\r\n\r\n"
_ACTION_ID = b"\r\nActionID: "
_VARIABLE = b"\r\nVariable: "
_STEP = b"\r\nUserEvent: CcStep"
_ASK = b"\r\nUserEvent: CcAsk"
# A message that grows past this is no AMI message: Asterisk's longest ones are some tens of kilobytes.
LONGEST_MESSAGE = 4 * 1024 * 1024


def parse(frame: bytes) -> Fields | None:
    """A whole event as a dict; bytes that are no UTF-8 become U+FFFD.

    None when it has been tampered with: AMI escapes nothing, so whoever gets a line break into a caller ID (Asterisk
    decodes ``%0D%0A`` in a SIP address) adds lines of his own. No event that we want says a thing twice.
    """
    lines = frame.decode("utf-8", "replace").split("\r\n")
    try:
        fields = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        pairs = [line.partition(":") for line in lines]
        if any(not found or (value and not value.startswith(" ")) for _, found, value in pairs):
            return None
        fields = {key: value[1:] for key, _, value in pairs}
    return fields if len(fields) == len(lines) else None


class EventProtocol(AMIProtocol):  # type: ignore[misc]
    """One connection to AMI.

    ``wanted`` are the names of events to hand over; of VarSet only those of our own variables (``CC_...``), of
    UserEvent only the dialplan's steps and questions.
    ``deliver`` gets them in lists and may not raise. ``lost`` is called once, with the reason, when the connection
    ends.
    """

    def __init__(
        self,
        wanted: frozenset[str],
        deliver: Callable[[list[Fields]], None],
        lost: Callable[[Exception | None], None],
    ) -> None:
        self._wanted = frozenset(name.encode() for name in wanted)
        self._deliver = deliver
        self._lost = lost
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self.heard_at = self._loop.time()
        self.received = 0
        self.forged = 0
        self._mark = b""
        self.closed = True
        self.version: str | None = None
        self.responses: dict[str | None, Any] = {}

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.heard_at = self._loop.time()

    def data_received(self, data: bytes) -> None:
        """Frames what came. This is the hot path: most messages are dropped after one look at their name."""
        self.heard_at = self._loop.time()
        if self.closed:
            return
        frames = (self._rest + data if self._rest else data).split(_END)
        self._rest = frames.pop()
        self.received += len(frames)
        events: list[Fields] = []
        wanted, waiting = self._wanted, self.responses
        for frame in frames:
            if not frame.startswith(b"Event: "):
                self._other(frame, events)
                continue
            name = frame[7 : frame.find(b"\r", 7)]
            if waiting and _ACTION_ID in frame and self._answer(frame):
                continue
            if name in wanted and self._wants(name, frame):
                self._take(name, frame, events)
        if events:
            self._deliver(events)
        if len(self._rest) > LONGEST_MESSAGE:
            log.error("AMI sent %d bytes without an end of message", len(self._rest))
            self.drop(ConnectionError("endless message"))

    def trust(self, system_name: str) -> None:
        """From now on only events count that carry Asterisk's own name in their head, which no caller knows."""
        self._mark = f"\r\nSystemName: {system_name}\r\n".encode() if system_name else b""

    def _wants(self, name: bytes, frame: bytes) -> bool:
        """A second look at what is wanted: of VarSet only our own variables, of UserEvent only the dialplan's own."""
        if name == b"VarSet":
            # Variable and value stand at the end.
            return frame.startswith((b"CC_", b"__CC_"), frame.rfind(_VARIABLE) + 12) and not _inherited(frame)
        return name in self._wanted and (name != b"UserEvent" or _STEP in frame or _ASK in frame)

    def _take(self, name: bytes, frame: bytes, events: list[Fields]) -> None:
        genuine = not self._mark or frame.find(self._mark, 7, 300) > 0 or name == b"FullyBooted"
        fields = parse(frame) if genuine else None
        if fields is not None:
            events.append(fields)
            return
        self.forged += 1
        if self.forged < 20 or not self.forged % 1000:
            log.warning("an AMI event was tampered with and is not believed (%d so far): %r", self.forged, frame[:500])

    def _other(self, frame: bytes, events: list[Fields]) -> None:
        """The banner, an answer, or a message after one of Asterisk's superfluous line ends."""
        if self.version is None and frame.startswith(b"Asterisk Call Manager/"):
            banner, _, frame = frame.partition(b"\r\n")
            self.version = banner.decode("ascii", "replace").rpartition("/")[2]
        frame = frame.lstrip(b"\r\n")
        if frame.startswith(b"Event: "):
            name = frame[7 : frame.find(b"\r\n")]
            answered = _ACTION_ID in frame and self._answer(frame)
            if not answered and self._wants(name, frame):
                self._take(name, frame, events)
        elif frame:
            self._answer(frame)

    def _answer(self, frame: bytes) -> bool:
        """Gives an answer, or an item of a list, to the action that waits for it; False = nobody waits."""
        message = Message.from_line(frame.decode("utf-8", "replace"))
        if message is None:
            return False
        action = self.responses.get(message.id) or self.responses.get(message.action_id)
        if action is None:
            return False
        try:
            done = action.add_message(message)
        except Exception:
            log.exception("AMI sent an answer that cannot be understood: %r", message)
            done = True
            if not action.future.done():
                action.future.set_exception(ConnectionError("answer not understood"))
        if done:
            self.forget(action)
        return True

    def forget(self, action: Any) -> None:
        """No longer waits for the answer of ``action``."""
        self.responses.pop(action.id, None)
        self.responses.pop(action.action_id, None)

    def drop(self, reason: Exception) -> None:
        """Ends the connection at once; what was to be sent is thrown away."""
        if not self.closed:
            self.transport.abort()
            self.connection_lost(reason)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed:
            self.close()
            self._lost(exc)

    def close(self) -> None:
        """Closes the connection. Actions without an answer fail now and are never sent again."""
        if self.closed:
            return
        self.closed = True
        self.transport.close()
        waiting, self.responses = self.responses, {}
        for action in waiting.values():
            if not action.future.done():
                action.future.set_exception(ConnectionError("connection lost"))
                action.future.exception()


def _inherited(frame: bytes) -> bool:
    """Whether a VarSet only repeats the call's variables on a leg that inherited them (a third of what is wanted).

    Only the channel that began the call says something new; but where recording is set up says which leg is recorded.
    """
    start = frame.find(b"\r\nUniqueid: ") + 12
    end = frame.find(b"\r\nLinkedid: ", start)
    if start < 12 or end < 0 or b"CC_REC\r\n" in frame:
        return False
    return not frame.startswith(frame[start:end] + b"\r\n", end + 12)
