"""From CEL rows to the tracker's facts, so that the journal says of a call what the live tracker would have said. Pure.

CEL knows less than AMI: it has no ringing and no dial status of a single leg. Both are concluded here from how each
channel ended, which is known because a call is looked at only when all its rows are there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from callcenter.core.directory import parse_object
from callcenter.telephony import facts as f
from callcenter.telephony import gaps
from callcenter.telephony.cel_file import Row
from callcenter.telephony.intents import OUR_CALL_ID
from callcenter.telephony.translate import endpoint_of, is_wire, party

_DOWN, _RING, _RINGING, _UP = 0, 4, 5, 6
# A phone that was called for less than this had no time to ring (not on line, refused at once).
_TIME_TO_RING = 0.15
# A caller who leaves the queue and is gone within this time has hung up there.
_AT_ONCE = 1.0
# Rows of one moment are this close together.
_TOGETHER = 0.05
_STATUS_BY_CAUSE = {17: "BUSY", 34: "CONGESTION", 3: "CHANUNAVAIL", 20: "CHANUNAVAIL"}
_DIALLED = re.compile(r"[^/&,]+/([^&,]+)")


class _Life:
    """What became of one channel."""

    __slots__ = (
        "account",
        "answered_at",
        "began_at",
        "cause",
        "dial_status",
        "ended_at",
        "ended_by",
        "left_at",
        "returns",
    )

    def __init__(self, began_at: float) -> None:
        self.began_at = began_at
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.cause = 0
        self.ended_by = ""
        self.left_at = 0.0
        self.account = ""
        self.dial_status = ""
        # When he left whom he rang by an order of his own.
        self.returns: list[float] = []


class CallFacts:
    """The facts of one call (and of those it was joined with) in the order of its ``rows``."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._lives: dict[str, _Life] = {}
        self._names: dict[str, str] = {}
        self._dialling: dict[str, tuple[str, str, str]] = {}
        self._sources: dict[str, str] = {}
        self._waiting: dict[str, int] = {}
        self._bridges: dict[str, str] = {}
        self._holder: dict[str, str] = {}
        self._called: dict[str, str] = {}
        self._asked: set[str] = set()
        self._readers: dict[str, Callable[[Row], Iterator[f.Fact]]] = {
            "CHAN_START": self._began,
            "ANSWER": self._answered,
            "APP_START": self._app_began,
            "APP_END": self._app_ended,
            "BRIDGE_ENTER": self._entered,
            "BRIDGE_EXIT": self._left,
            "HANGUP": self._hung_up,
            "BLINDTRANSFER": self._sent_on,
            "ATTENDEDTRANSFER": self._joined,
            "STREAM_BEGIN": self._stream_began,
            "STREAM_END": self._stream_ended,
            "CC": self._variables,
            "CcStep": self._step,
            "CcGaps": self._gaps,
        }
        for row in rows:
            self._look_ahead(row)

    def __iter__(self) -> Iterator[f.Fact]:
        for row in self._rows:
            reader = self._readers.get(row.kind)
            if reader is not None and row.uniqueid:
                yield from reader(row)

    def alive(self) -> list[str]:
        """Uniqueids of channels that have not ended."""
        return [uniqueid for uniqueid, life in self._lives.items() if life.ended_at is None]

    def _look_ahead(self, row: Row) -> None:
        life = self._lives.setdefault(row.uniqueid, _Life(row.time))
        self._names.setdefault(row.uniqueid, row.channel)
        life.account = life.account or row.fields.get("accountcode", "")
        if row.kind == "ANSWER" and life.answered_at is None:
            life.answered_at = row.time
        elif row.kind == "BRIDGE_EXIT":
            life.left_at = row.time
        elif row.kind == "CcStep" and str(_extra(row).get("extra", "")) == "kind=returned&text=":
            life.returns.append(row.time)
        elif row.kind == "HANGUP":
            extra = _extra(row)
            life.ended_at = row.time
            life.cause = _whole(extra.get("hangupcause"))
            life.ended_by = str(extra.get("hangupsource", ""))
            life.dial_status = str(extra.get("dialstatus", ""))

    # --- channels -----------------------------------------------------------------------------------

    def _began(self, row: Row) -> Iterator[f.Fact]:
        first = row.uniqueid == row.linkedid
        dialled = not first or bool(OUR_CALL_ID.match(row.uniqueid))
        channel = _channel(row, _DOWN if dialled else _RING)
        get = row.fields.get
        yield f.ChannelSeen(
            row.time,
            channel,
            True,
            party(get("cid_num", "")),
            party(get("cid_name", "")),
            get("context", ""),
            get("exten", ""),
        )
        if is_wire(row.channel):
            yield from self._wire(row)
            return
        if not dialled:
            return
        if first:
            yield from self._ordered(row)
        source, target = self._dialled_by(row)
        if source:
            self._sources[row.uniqueid] = source
        yield f.DialBegun(row.time, self._other(source, row) if source else None, channel, target)
        life = self._lives[row.uniqueid]
        until = life.answered_at or life.ended_at
        if until is None or until - row.time > _TIME_TO_RING:
            yield f.ChannelSeen(row.time, _channel(row, _RINGING), False, "", "", "", "")

    def _wire(self, row: Row) -> Iterator[f.Fact]:
        half = row.channel.rpartition(";")
        for uniqueid, name in self._names.items():
            if name.rpartition(";")[0] == half[0] and name != row.channel:
                if self._lives[uniqueid].began_at <= row.time:
                    yield f.WireLaid(row.time, uniqueid, row.uniqueid)
                return

    def _dialled_by(self, row: Row) -> tuple[str, str]:
        """Which channel calls this one, and the dial string."""
        endpoint = endpoint_of(row.channel)
        newest = ("", "")
        for uniqueid, (linkedid, app, data) in self._dialling.items():
            if linkedid != row.linkedid:
                continue
            if app == "Dial":
                for target in _DIALLED.findall(data.partition(",")[0]):
                    if target.rpartition("@")[2].partition("/")[0] == endpoint:
                        return uniqueid, target
            newest = (uniqueid, endpoint)
        return newest

    def _ordered(self, row: Row) -> Iterator[f.Fact]:
        """What a click-to-dial was ordered with: it is the account code, for the dialplan may never be reached."""
        words = self._lives[row.uniqueid].account.split(":")
        for name, value in zip(("NUMBER", "FROM", "TO", "DIR", "AGENT"), words, strict=False):
            if value:
                yield f.VariableSet(row.time, _channel(row, _DOWN), f"CC_{name}", value)

    def _answered(self, row: Row) -> Iterator[f.Fact]:
        channel = _channel(row, _UP)
        yield f.ChannelSeen(row.time, channel, False, "", "", "", "")
        if row.uniqueid in self._sources:
            yield f.DialEnded(row.time, channel, "ANSWER")

    def _hung_up(self, row: Row) -> Iterator[f.Fact]:
        life = self._lives[row.uniqueid]
        yield from self._who_asked(row, life)
        if row.uniqueid in self._waiting:
            yield from self._leaves_queue(row)
        if row.uniqueid in self._sources and life.answered_at is None:
            yield f.DialEnded(row.time, _channel(row), self._status(row, life))
        self._dialling.pop(row.uniqueid, None)
        self._bridges.pop(row.uniqueid, None)
        yield f.HungUp(row.time, row.uniqueid, life.cause)

    def _who_asked(self, row: Row, life: _Life) -> Iterator[f.Fact]:
        """Whose telephone hung up: Asterisk names its channel in the rows of all that end with it."""
        if not life.ended_by or life.ended_by in self._asked:
            return
        for uniqueid, name in self._names.items():
            if name == life.ended_by:
                self._asked.add(name)
                yield f.HangupAsked(row.time, self._other(uniqueid, row))
                return

    def _status(self, row: Row, life: _Life) -> str:
        """How calling a phone ended that did not answer."""
        if life.cause in _STATUS_BY_CAUSE:
            return _STATUS_BY_CAUSE[life.cause]
        source = self._sources[row.uniqueid]
        caller = self._lives.get(source)
        if caller is not None and any(abs(row.time - at) < _AT_ONCE for at in caller.returns):
            return "CANCEL"
        if caller is not None and caller.ended_at is not None and caller.ended_at <= row.time + _AT_ONCE / 2:
            gave_up = caller.dial_status == "CANCEL" or caller.ended_by == self._names.get(source)
            if gave_up:
                return "CANCEL"
        others = [self._lives[one].answered_at for one, its in self._sources.items() if its == source]
        taken = any(at is not None and life.began_at <= at <= row.time + _TOGETHER for at in others)
        return "CANCEL" if taken else "NOANSWER"

    # --- applications and bridges -------------------------------------------------------------------

    def _app_began(self, row: Row) -> Iterator[f.Fact]:
        app, data = row.fields.get("appname", ""), row.fields.get("appdata", "")
        self._dialling.pop(row.uniqueid, None)
        self._dialling[row.uniqueid] = (row.linkedid, app, data)
        if app == "Queue":
            found = parse_object(data.partition(",")[0])
            if found is not None and found.kind == "queue":
                self._waiting[row.uniqueid] = found.id
                yield f.QueueJoined(row.time, _channel(row), found.id)

    def _app_ended(self, row: Row) -> Iterator[f.Fact]:
        self._dialling.pop(row.uniqueid, None)
        if row.uniqueid in self._waiting and row.fields.get("appname") == "Queue":
            life = self._lives[row.uniqueid]
            abandoned = life.ended_by == row.channel and self._ends_soon(life, row)
            if abandoned:
                yield from self._who_asked(row, life)
            yield from self._leaves_queue(row, abandoned=abandoned)

    @staticmethod
    def _ends_soon(life: _Life, row: Row) -> bool:
        return life.ended_at is not None and life.ended_at - row.time < _AT_ONCE

    def _leaves_queue(self, row: Row, *, abandoned: bool = False) -> Iterator[f.Fact]:
        yield f.QueueLeft(row.time, _channel(row), self._waiting.pop(row.uniqueid), abandoned)

    def _entered(self, row: Row) -> Iterator[f.Fact]:
        extra = _extra(row)
        bridge = str(extra.get("bridge_id", ""))
        if not bridge:
            return
        if row.uniqueid in self._waiting:
            yield from self._leaves_queue(row)
        self._bridges[row.uniqueid] = bridge
        yield f.BridgeEntered(row.time, _channel(row), bridge, extra.get("bridge_technology") == "holding_bridge")

    def _left(self, row: Row) -> Iterator[f.Fact]:
        bridge = str(_extra(row).get("bridge_id", ""))
        if not bridge:
            return
        yield from self._stream_ended(row)
        life = self._lives[row.uniqueid]
        if life.ended_by == row.channel and life.left_at == row.time and self._ends_soon(life, row):
            yield from self._who_asked(row, life)
        if self._bridges.get(row.uniqueid) == bridge:
            del self._bridges[row.uniqueid]
        yield f.BridgeLeft(row.time, _channel(row), bridge)

    def _stream_began(self, row: Row) -> Iterator[f.Fact]:
        """Music for one of two in a bridge: the other one has put him on hold."""
        bridge = self._bridges.get(row.uniqueid)
        if bridge is None or "class" not in _extra(row):
            return
        others = [one for one, where in self._bridges.items() if where == bridge and one != row.uniqueid]
        if len(others) == 1:
            self._holder[row.uniqueid] = others[0]
            yield f.HoldChanged(row.time, self._other(others[0], row), True)

    def _stream_ended(self, row: Row) -> Iterator[f.Fact]:
        holder = self._holder.pop(row.uniqueid, None)
        if holder is not None:
            yield f.HoldChanged(row.time, self._other(holder, row), False)

    # --- transfers, variables, steps ----------------------------------------------------------------

    def _sent_on(self, row: Row) -> Iterator[f.Fact]:
        extra = _extra(row)
        who = str(extra.get("transferee_channel_uniqueid", ""))
        transferee = self._other(who, row) if who in self._lives else None
        yield f.SentOn(row.time, _channel(row), transferee, str(extra.get("extension", "")))

    def _joined(self, row: Row) -> Iterator[f.Fact]:
        extra = _extra(row)

        def one(key: str) -> f.Channel | None:
            uniqueid = str(extra.get(f"{key}_uniqueid", ""))
            return self._other(uniqueid, row) if uniqueid in self._lives else None

        second, target = one("channel2"), one("transfer_target_channel")
        number = self._called.get(second.id, "") if second is not None else ""
        yield f.Joined(row.time, _channel(row), second, one("transferee_channel"), target, number)

    def _variables(self, row: Row) -> Iterator[f.Fact]:
        for pair in str(_extra(row).get("extra", "")).split("&"):
            name, _, value = pair.partition("=")
            if name.lower().removeprefix("cc_") == "to":
                self._called[row.uniqueid] = value
            if value:
                yield f.VariableSet(row.time, _channel(row), f"CC_{name.upper().removeprefix('CC_')}", value)

    def _step(self, row: Row) -> Iterator[f.Fact]:
        pairs = dict(pair.partition("=")[::2] for pair in str(_extra(row).get("extra", "")).split("&"))
        if pairs.get("kind"):
            yield f.StepTold(row.time, _channel(row), pairs["kind"], pairs.get("text", ""))

    def _gaps(self, row: Row) -> Iterator[f.Fact]:
        """The recording's gaps, told at its end with their own times."""
        yield f.VariableSet(row.time, _channel(row), gaps.VARIABLE, str(_extra(row).get("extra", "")))

    def _other(self, uniqueid: str, row: Row) -> f.Channel:
        return f.Channel(uniqueid, self._names.get(uniqueid, ""), row.linkedid, _RING)


def _channel(row: Row, state: int = _RING) -> f.Channel:
    return f.Channel(row.uniqueid, row.channel, row.linkedid, state)


def _extra(row: Row) -> dict[str, Any]:
    text = row.fields.get("eventextra", "")
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
