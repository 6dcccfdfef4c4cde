"""Names, places, levels, byte ranges and pauses between attempts. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from callcenter.core.calls import Step

# One flat name that Asterisk's dialplan chose: never a path, never hidden, never an option of a command.
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SIDES = ("-client.wav", "-agent.wav")
DONE = ".done"
MIXED = ".wav"

BARS = 400
_BAR_SECONDS = 0.05
# Seconds to wait after the 1st, 2nd, … failed conversion; the last one for ever after.
PAUSES = (5, 30, 120, 600, 1800, 3600)
ALERT_AFTER = 5

WAVE_WIDTH = 900
WAVE_HEIGHT = 56
_WAVE_BARS = 220


def valid_stem(stem: str) -> bool:
    """Whether ``stem`` is one safe file name without ending."""
    return _STEM.fullmatch(stem) is not None and ".." not in stem


def is_message(stem: str) -> bool:
    """Whether a caller spoke it for somebody who did not take his call, as the dialplan names such files."""
    return stem.endswith("v")


def stem_of(file_name: str) -> str | None:
    """The stem of a raw file or of its done mark, None for any other file."""
    for ending in (*_SIDES, DONE, MIXED):
        if file_name.endswith(ending):
            stem = file_name[: -len(ending)]
            return stem if valid_stem(stem) else None
    return None


def raw_names(stem: str) -> tuple[str, str]:
    """The names of what the client said and of what the agent said."""
    return stem + _SIDES[0], stem + _SIDES[1]


def leavings(stem: str) -> tuple[str, ...]:
    """Every name that Asterisk may have left for ``stem``; the done mark last."""
    return (*raw_names(stem), stem + MIXED, stem + DONE)


def place(business_id: int, started_at: datetime, stem: str) -> str:
    """Where the finished file lies below the recordings folder: ``<business>/<yyyy>/<mm>/<dd>/<stem>.opus``."""
    if not valid_stem(stem):
        raise ValueError(f"not a recording's name: {stem!r}")
    return f"{business_id}/{started_at:%Y/%m/%d}/{stem}.opus"


def inside(file: str) -> bool:
    """Whether a stored relative path stays below the recordings folder."""
    parts = file.split("/")
    return bool(file) and not any(part in ("", ".", "..") or "\x00" in part for part in parts)


def pause_after(attempts: int) -> int:
    """Seconds from a failed attempt to the next; ``attempts`` is how many failed."""
    return PAUSES[min(max(attempts, 1), len(PAUSES)) - 1]


# --- levels -----------------------------------------------------------------------------------------


def bar_samples(samples: int, rate: int) -> int:
    """How many samples one bar covers, so that there are at most BARS bars of at least 50 ms."""
    return max(int(rate * _BAR_SECONDS), -(-samples // BARS), 1)


def level(peak: int) -> int:
    """A 16-bit peak as a bar of 0–100. The root lifts quiet telephone speech to where an eye sees it."""
    return round(100 * math.sqrt(min(peak, 32767) / 32767))


def shares(agent_seconds: float, client_seconds: float) -> tuple[int, int]:
    """Who spoke how much of the speech, in per cent (agent, client); 0, 0 when nobody spoke."""
    spoken = agent_seconds + client_seconds
    if spoken <= 0:
        return 0, 0
    agent = round(100 * agent_seconds / spoken)
    return agent, 100 - agent


def thinned(levels: Sequence[int], count: int) -> list[int]:
    """At most ``count`` bars: each the highest of those it stands for."""
    if len(levels) <= count:
        return list(levels)
    edges = [i * len(levels) // count for i in range(count + 1)]
    return [max(levels[a:b]) for a, b in pairwise(edges)]


def wave_paths(agent: Sequence[int], client: Sequence[int]) -> tuple[str, str]:
    """SVG paths (client above the middle, agent below) in a box of WAVE_WIDTH × WAVE_HEIGHT.

    Both are scaled by the loudest bar of the call, but a nearly silent call stays nearly flat.
    """
    count = min(_WAVE_BARS, max(len(agent), len(client), 1))
    above, below = thinned(client, count), thinned(agent, count)
    loudest = max([40, *above, *below])
    step = WAVE_WIDTH / count
    half = WAVE_HEIGHT / 2 - 1
    width = f"{step * 0.6:.1f}"

    def bars(levels: list[int], *, up: bool) -> str:
        made = []
        for n, value in enumerate(levels):
            height = max(1.0, (half - 2) * value / loudest)
            top = half - height if up else half + 2
            made.append(f"M{n * step:.1f} {top:.1f}h{width}v{height:.1f}h-{width}z")
        return "".join(made)

    return bars(above, up=True), bars(below, up=False)


# --- gaps -------------------------------------------------------------------------------------------

_TALK_ENDS = frozenset({"transferred", "redirected", "queued", "hangup"})
_SILENCE_SLACK = 0.3


class Stretch(NamedTuple):
    """A part of a recording: where it begins and how long it is, in seconds."""

    at: float
    seconds: float


def gaps_of(steps: Sequence[Step]) -> list[Stretch]:
    """Where the recording of a call was paused, as its story tells: only the time of talks is in a recording.

    What Asterisk wrote may be some tenths of a second off, after a hold more: ``placed`` puts that right.
    """
    talks: list[tuple[float, float]] = []
    since: float | None = None
    for n, step in enumerate(steps):
        if step.kind == "answered" and since is None:
            since = step.at
        elif (
            step.kind in _TALK_ENDS
            and since is not None
            # Who was joined with somebody he talked to already begins no new talk.
            and (step.kind == "hangup" or any(later.kind == "answered" for later in steps[n:]))
        ):
            talks.append((since, step.at))
            since = None
    if since is not None:
        talks.append((since, math.inf))

    def place_of(moment: float) -> float:
        return sum(max(0.0, min(moment, until) - begin) for begin, until in talks)

    found: list[Stretch] = []
    paused: float | None = None
    for step in steps:
        if step.kind == "record_pause":
            paused = place_of(step.at)
        elif step.kind == "record_resume" and paused is not None:
            found.append(Stretch(round(paused, 2), round(place_of(step.at) - paused, 2)))
            paused = None
    return found


def stored_gaps(peaks: Mapping[str, Any]) -> list[Stretch]:
    """The gaps in what is stored of a recording (Recording.peaks)."""
    return [Stretch(float(at), float(seconds)) for at, seconds in peaks.get("gaps", ())]


def placed(gaps: Sequence[Stretch], silences: Sequence[Stretch], duration: float) -> list[Stretch]:
    """The gaps where they really are in the sound: each in a stretch in which both sides are wholly silent.

    Of those that are long enough the nearest to where the story puts the gap is taken; without one the story counts.
    """
    found: list[Stretch] = []
    after = 0.0
    for gap in gaps:
        fits = [
            one
            for one in silences
            if one.seconds >= gap.seconds - _SILENCE_SLACK and one.at + one.seconds > after + 0.05
        ]
        best = min(fits, key=lambda one: _away(one, gap), default=None)
        if best is None:
            at, seconds = gap
        elif best.seconds <= gap.seconds + _SILENCE_SLACK:
            at, seconds = best
        else:
            # Both were silent beside it, too.
            at = min(max(gap.at, best.at, after), best.at + best.seconds - gap.seconds)
            seconds = gap.seconds
        at = min(max(at, 0.0), duration)
        seconds = min(seconds, duration - at)
        after = at + seconds
        found.append(Stretch(round(at, 2), round(seconds, 2)))
    return found


def _away(silence: Stretch, gap: Stretch) -> float:
    """How far ``gap`` would have to be moved to lie in ``silence``, in seconds."""
    return max(silence.at - gap.at, gap.at - (silence.at + silence.seconds - gap.seconds), 0.0)


MESSAGE_SECONDS = 0.3
"""Less speech is no message but the sound of hanging up."""


def is_spoken(peaks: Mapping[str, Any]) -> bool:
    """Whether a message was said in a recording of which the levels are known."""
    return float(peaks.get("talk", {}).get("client", 0.0)) >= MESSAGE_SECONDS


# --- names for people -------------------------------------------------------------------------------


def download_name(local: datetime, number: str, ending: str) -> str:
    """A file name that tells when (``local`` time) and with whom: ``2026-11-21 14-08 +79152043618.opus``."""
    safe = "".join(c for c in number if c in "+0123456789")[:20]
    return " ".join(part for part in (f"{local:%Y-%m-%d %H-%M}", safe) if part) + "." + ending


# --- byte ranges ------------------------------------------------------------------------------------


class ByteRange(NamedTuple):
    """Bytes ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1


class Unsatisfiable(ValueError):
    """The range asks for nothing that is in the file."""


_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE | re.ASCII)


def byte_range(header: str | None, size: int) -> ByteRange | None:
    """What of a file of ``size`` bytes is asked for. None = all of it.

    A header that is malformed or names several ranges is ignored, as RFC 9110 allows. Raises Unsatisfiable.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None:
        return None
    first, last = found[1], found[2]
    if not first and not last:
        return None
    if not first:
        wanted = int(last)
        if wanted == 0 or size == 0:
            raise Unsatisfiable
        return ByteRange(max(0, size - wanted), size - 1)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return ByteRange(start, min(int(last), size - 1) if last else size - 1)
