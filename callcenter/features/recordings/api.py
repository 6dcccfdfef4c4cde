"""The door to recordings for other features: bind one to a call, show it beside a call."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.features.recordings import queries, rules
from callcenter.features.recordings.models import Recording
from callcenter.features.recordings.queries import messages
from callcenter.features.recordings.rules import is_message
from callcenter.features.recordings.usecases import erasing
from callcenter.features.recordings.usecases.erasing import erase, tidy
from callcenter.features.recordings.usecases.listening import message
from callcenter.features.recordings.usecases.registering import Told, bind, register
from callcenter.live.views import RecordingBrief

__all__ = [
    "Player",
    "Told",
    "bind",
    "briefs",
    "erase",
    "erasing",
    "is_message",
    "message",
    "messages",
    "player_of",
    "players",
    "register",
    "tidy",
]


class GapMark(msgspec.Struct, frozen=True, kw_only=True):
    """Where the recording was paused: seconds, and the same as x and width in the wave's box."""

    at: float
    seconds: float
    x: float
    width: float


class Player(msgspec.Struct, frozen=True, kw_only=True):
    """What the player draws: ``duration`` in seconds, shares in per cent of all speech, waves as SVG paths."""

    id: int
    call_id: str
    state: Literal["waiting", "ready", "failed"]
    duration: float = 0.0
    url: str = ""
    agent_share: int = 0
    client_share: int = 0
    client_wave: str = ""
    agent_wave: str = ""
    width: int = rules.WAVE_WIDTH
    height: int = rules.WAVE_HEIGHT
    gaps: list[GapMark] = []


async def briefs(session: AsyncSession, call_ids: Collection[str]) -> dict[str, RecordingBrief]:
    """The recording of each call that has one."""
    return {
        call_id: RecordingBrief(
            id=row.id, state=row.state, duration=row.duration, url=audio_url(row.id), message=row.message
        )
        for call_id, row in (await queries.of_calls(session, call_ids)).items()
    }


async def players(session: AsyncSession, call_ids: Collection[str]) -> dict[str, Player]:
    """What is needed to draw each call's player. The caller checks who may see the calls; listening checks it again."""
    rows = await queries.of_calls(session, call_ids, waves=True)
    return {call_id: player_of(row) for call_id, row in rows.items()}


def player_of(row: Recording) -> Player:
    """The player of one recording, whose waveform is loaded."""
    if row.state != "ready":
        return Player(id=row.id, call_id=row.call_id, state="failed" if row.state == "failed" else "waiting")
    levels = {side: [int(v) for v in row.peaks.get(side, ())] for side in ("agent", "client")}
    talk = row.peaks.get("talk", {})
    agent_share, client_share = rules.shares(float(talk.get("agent", 0)), float(talk.get("client", 0)))
    client_wave, agent_wave = rules.wave_paths(levels["agent"], levels["client"])
    return Player(
        id=row.id,
        call_id=row.call_id,
        state="ready",
        duration=row.duration,
        url=audio_url(row.id),
        agent_share=agent_share,
        client_share=client_share,
        client_wave=client_wave,
        agent_wave=agent_wave,
        gaps=_marks(row),
    )


def _marks(row: Recording) -> list[GapMark]:
    scale = rules.WAVE_WIDTH / row.duration if row.duration > 0 else 0.0
    return [
        GapMark(at=at, seconds=seconds, x=round(at * scale, 1), width=round(max(4.0, seconds * scale), 1))
        for at, seconds in rules.stored_gaps(row.peaks)
    ]


def audio_url(recording_id: int) -> str:
    """The address that plays a recording."""
    return f"/api/v1/recordings/{recording_id}/audio"
