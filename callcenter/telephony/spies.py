"""Supervisors' own legs: a phone that listens to somebody else's call is no call of its own. Pure.

A spy's channel carries an id of ours (``s`` + milliseconds), by which AMI events and CEL rows of it are known at once:
neither the tracker nor the journal ever hears of them. What becomes of it is told here by ``SpyChanged``.
"""

from __future__ import annotations

import re
import secrets
from typing import Literal

from callcenter.core.events import SpyChanged
from callcenter.telephony.protocol import Fields

Mode = Literal["listen", "whisper", "barge"]
MODES: tuple[Mode, ...] = ("listen", "whisper", "barge")
SPY_ID = re.compile(r"sn?[0-9]{13}\.[0-9a-f]{8}\Z")


def is_spy(channel_id: str) -> bool:
    """Whether a channel (by its Uniqueid) is a supervisor's leg."""
    return channel_id.startswith("s") and SPY_ID.match(channel_id) is not None


def is_standing(channel_id: str) -> bool:
    """Whether a channel is the standing leg of an agent of a dial list (`telephony.nailing`)."""
    return channel_id.startswith("sn") and is_spy(channel_id)


def new_spy_id(now: float) -> str:
    """A fresh id for a spy's channel: unique over restarts, unlike any that Asterisk makes."""
    return f"s{int(now * 1000)}.{secrets.token_hex(4)}"


class Spies:
    """Which spies are there, from AMI events and from the whole state after a break."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def ordered(self, spy_id: str) -> None:
        """A spy's phone is about to be rung."""
        self._known[spy_id] = "ordered"

    def forget(self, spy_id: str) -> None:
        """The order was refused: nothing will come of it."""
        self._known.pop(spy_id, None)

    def feed(self, fields: Fields, at: float) -> list[SpyChanged]:
        """What an event of a spy's channel changes."""
        spy_id = fields.get("Uniqueid", "")
        event = fields.get("Event", "")
        if event == "Hangup":
            return self._end(spy_id, at)
        if event in ("Newchannel", "Newstate") and fields.get("ChannelState") == "6":
            return self._up(spy_id, at)
        return []

    def failed(self, spy_id: str, at: float) -> list[SpyChanged]:
        """No channel came about."""
        return self._end(spy_id, at)

    def resync(self, alive: dict[str, bool], at: float) -> list[SpyChanged]:
        """``alive`` are the spies that Asterisk has (True = picked up); whoever is not there any more has ended."""
        out: list[SpyChanged] = []
        for spy_id, up in alive.items():
            if up:
                out += self._up(spy_id, at)
            else:
                self._known.setdefault(spy_id, "ordered")
        for spy_id in [one for one in self._known if one not in alive]:
            out += self._end(spy_id, at)
        return out

    def is_up(self, spy_id: str) -> bool:
        """Whether his phone is picked up."""
        return self._known.get(spy_id) == "up"

    def alive(self) -> frozenset[str]:
        """The spies that are there, as far as is known."""
        return frozenset(self._known)

    def _up(self, spy_id: str, at: float) -> list[SpyChanged]:
        if self._known.get(spy_id) == "up":
            return []
        self._known[spy_id] = "up"
        return [SpyChanged(at=at, spy_id=spy_id, state="up")]

    def _end(self, spy_id: str, at: float) -> list[SpyChanged]:
        self._known.pop(spy_id, None)
        return [SpyChanged(at=at, spy_id=spy_id, state="ended")]
