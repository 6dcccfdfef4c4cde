"""The gaps that an agent makes in a recording, as the recorded channel's variable CC_GAPS keeps them. Pure.

``12:1732612345.123:1732612399.400:agent/12:1732612500.000:1732612680.000:``: agent, from, until, how it ended; gaps one
after the other. The variable lives as long as the recording does, whatever becomes of our server; Asterisk copies it
into the journal when the channel ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from callcenter.core.calls import Gap

VARIABLE = "CC_GAPS"
MOST = 40
"""Of one call: a variable that is longer would not go through Asterisk's dialplan whole."""

_GAP = re.compile(r"([0-9]{1,9}):([0-9]{9,11}\.[0-9]{3}):([0-9]{9,11}\.[0-9]{3}):([a-z]{0,8})\Z")


def write(gaps: Iterable[Gap]) -> str:
    """The variable's value."""
    return "/".join(f"{gap.agent_id}:{gap.since:.3f}:{gap.until:.3f}:{gap.how}" for gap in gaps)


def read(value: str) -> list[Gap]:
    """The gaps of a value, without what is none."""
    found = [_GAP.match(text) for text in value.split("/", MOST)]
    return [
        Gap(agent_id=int(one[1]), since=float(one[2]), until=max(float(one[2]), float(one[3])), how=one[4])
        for one in found
        if one
    ]


def opened(gaps: Sequence[Gap], agent_id: int, since: float, until: float) -> list[Gap]:
    """With one more gap, which ends by itself at ``until``."""
    return [*gaps, Gap(agent_id=agent_id, since=round(since, 3), until=round(until, 3))]


def closed(gaps: Sequence[Gap], at: float, how: str) -> list[Gap]:
    """With the one that lasts, if any, closed at ``at``."""
    return [
        gap if gap.how else Gap(agent_id=gap.agent_id, since=gap.since, until=max(gap.since, round(at, 3)), how=how)
        for gap in gaps
    ]
