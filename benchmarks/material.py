"""AMI streams for measurements: the recorded traces with all their events, made new as often as wanted."""

from __future__ import annotations

import re
from functools import lru_cache

from tests.traces import replay

_ID = re.compile(rb"^([A-Za-z]*(?:Uniqueid|Linkedid)): ([^\r\n]+)", re.M)
_MARK = b"@@"


@lru_cache(maxsize=1)
def template() -> tuple[bytes, int]:
    """Every recorded stream one after the other with a mark in each id, and the number of its events."""
    whole = b"".join(replay.raw(name).strip(b"\r\n") + b"\r\n\r\n" for name in replay.names())
    marked = _ID.sub(rb"\1: \2" + _MARK, whole)
    return marked, sum(1 for frame in marked.split(b"\r\n\r\n") if frame.lstrip(b"\r\n").startswith(b"Event: "))


def copy(number: int) -> bytes:
    """The streams once more, with ids of their own: calls that nobody has seen before."""
    return template()[0].replace(_MARK, b"%d" % number)


def chunks(data: bytes, size: int = 65536) -> list[bytes]:
    """As they come from a socket."""
    return [data[start : start + size] for start in range(0, len(data), size)]
