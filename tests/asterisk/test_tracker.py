"""Calls on a real Asterisk with the product's own configuration become the calls that people made."""

from __future__ import annotations

from pathlib import Path

from tests.traces import replay
from tests.traces.scenarios import EXPECTED, SCENARIOS
from tests.traces.world import world

NAMES = (
    "queue_held",
    "queue_second_agent",
    "personal_two_devices",
    "click_answered",
    "click_agent_declines",
    "outgoing_wrong_number",
    "blind_transfer",
    "attended_transfer",
)


async def test_real_calls_are_understood(tmp_path: Path) -> None:
    """One Asterisk, one call after the other: results, agents, holds and stories are what happened."""
    wrong: dict[str, list[str]] = {}
    async with world(tmp_path) as line:
        for name in NAMES:
            line.forget()
            await SCENARIOS[name](line)
            await line.quiet()
            calls = replay.ended(replay.replay(replay.split(line.stream.take())))
            assert len(calls) == len(EXPECTED[name]), [replay.story(call) for call in calls]
            found = [
                difference
                for call, expected in zip(calls, EXPECTED[name], strict=True)
                for difference in replay.differences(call, expected, tolerance=0.8)
            ]
            if found:
                wrong[name] = found
    assert wrong == {}
