"""``pace --stdio``: the pacer of production behind one JSON object a line, for a check from outside."""

from __future__ import annotations

import argparse
import sys
from typing import Any, BinaryIO

import msgspec

from callcenter.config import Settings
from callcenter.features.dialer.rules.pacing.predictive import Predictive
from callcenter.features.dialer.rules.pacing.seen import Event, Id, Pacer, Seen, Setting

Timed = list[tuple[Id, float]]


class Start(msgspec.Struct, tag_field="type", tag="start"):
    """Begins a run; ``cap`` and the ledger's two counts may be left out."""

    agents: int
    trunks: int
    drop_after: float = 2.0
    period: float = 1.0
    cap: float = 0.03
    persons: int = 0
    abandoned: int = 0


class Tick(msgspec.Struct, tag_field="type", tag="tick"):
    """One look at the floor; times are seconds, of the run or of how long ago."""

    now: float
    state: list[int]
    since: list[float]
    trunk_free: int
    dialing: Timed = []
    in_amd: Timed = []
    waiting: Timed = []
    events: list[list[Any]] = []


LINE = msgspec.json.Decoder(Start | Tick)


def pace(settings: Settings, args: argparse.Namespace) -> int:
    """Answers line by line until the input ends."""
    talk(sys.stdin.buffer, sys.stdout.buffer)
    return 0


def talk(lines: BinaryIO, answers: BinaryIO) -> None:
    """One answer for each line; one that cannot be understood gets ``{"error": …}`` and changes nothing."""
    conversation = Conversation()
    for line in lines:
        if not line.strip():
            continue
        try:
            answer = conversation.answer(LINE.decode(line))
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            answer = {"error": str(error)}
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()


class Conversation:
    """One run: a pacer from its start on."""

    def __init__(self) -> None:
        self._pacer: Pacer | None = None
        self._ages = False

    def answer(self, said: Start | Tick) -> dict[str, Any]:
        """The answer to one line. ValueError when it cannot be given."""
        if isinstance(said, Start):
            if said.agents < 0 or said.trunks < 0:
                raise ValueError("agents and trunks cannot be less than nothing")
            self._pacer = Predictive(
                Setting(said.agents, said.trunks, said.drop_after, said.cap, said.persons, said.abandoned)
            )
            return {}
        if self._pacer is None:
            raise ValueError("a tick before the start")
        if len(said.state) != len(said.since):
            raise ValueError("state and since differ in length")
        return {"place": self._pacer.place(self._seen(said))}

    def _seen(self, said: Tick) -> Seen:
        events = [_event(fields) for fields in said.events]
        self._look_at_times(said, events)
        return Seen(
            now=said.now,
            state=said.state,
            since=[said.now - age for age in said.since] if self._ages else said.since,
            dialing=self._times(said.now, said.dialing),
            in_amd=self._times(said.now, said.in_amd),
            waiting=self._times(said.now, said.waiting),
            trunk_free=max(said.trunk_free, 0),
            events=events,
        )

    def _look_at_times(self, said: Tick, events: list[Event]) -> None:
        """A call that was just placed tells whether the lists hold moments or ages."""
        placed = {who: at for at, kind, who, _ in events if kind == "placed"}
        for call, told in said.dialing:
            at = placed.get(call)
            if at is not None:
                self._ages = abs(told - at) > abs(told - (said.now - at))
                return

    def _times(self, now: float, told: Timed) -> dict[Id, float]:
        return {who: now - at if self._ages else at for who, at in told}


def _event(fields: list[Any]) -> Event:
    at, kind, who, data = [*fields, None, None, None, None][:4]
    if not isinstance(at, int | float) or not isinstance(kind, str) or not isinstance(who, int | str):
        raise ValueError("an event is [time, kind, who, data]")
    if kind in ("talk_end", "wrap_end") and not isinstance(data, int | float):
        raise ValueError(f"{kind} needs its seconds")
    return float(at), kind, who, data
