"""Promised calls: by whose clock, and what a call means for the promise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.core.errors import BadInput
from callcenter.features.dialer.rules import callbacks, outcomes
from callcenter.features.dialer.rules.outcomes import Verdict

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MOSCOW, OMSK, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Omsk"), ZoneInfo("Europe/Berlin")
THREE = callbacks.typed("2026-03-03T15:00")


@pytest.mark.rule("OBD-08")
def test_a_time_is_by_the_client_s_clock_or_by_one_s_own() -> None:
    assert callbacks.moment(THREE, "client", [OMSK], MOSCOW, NOW) == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    assert callbacks.moment(THREE, "mine", [OMSK], MOSCOW, NOW) == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    assert callbacks.moment(THREE, "mine", [OMSK, MOSCOW], MOSCOW, NOW) == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    assert callbacks.moment(THREE.replace(tzinfo=UTC), "client", [], MOSCOW, NOW) == THREE.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "clock", "client"),
    [
        (callbacks.typed("2026-03-02T11:59"), "mine", [OMSK]),
        (callbacks.typed("2027-04-01T12:00"), "mine", [OMSK]),
        (THREE, "client", []),
        (THREE, "client", [OMSK, MOSCOW]),
        # Clocks go from 2:00 to 3:00 in that night.
        (callbacks.typed("2026-03-29T02:30"), "client", [BERLIN]),
    ],
)
def test_a_time_that_cannot_be(at: datetime, clock: callbacks.Clock, client: list[ZoneInfo]) -> None:
    with pytest.raises(BadInput) as found:
        callbacks.moment(at, clock, client, MOSCOW, NOW)
    assert set(found.value.fields) == {"at"}
    with pytest.raises(BadInput):
        callbacks.typed("tomorrow")


@pytest.mark.rule("OBD-08")
def test_what_a_call_means_for_a_promise() -> None:
    done, again, due = Verdict("done", 2, 0), Verdict("later", 2, 1, NOW + timedelta(hours=1)), Verdict("due", 1, 0)
    later = NOW + timedelta(hours=5)
    assert callbacks.after(done, outcomes.ANSWERED, None, NOW) == (done, False)
    # Promised in this very call.
    assert callbacks.after(done, outcomes.ANSWERED, later, NOW) == (Verdict("later", 2, 0, later), True)
    # It was this one that had been promised.
    assert callbacks.after(done, outcomes.ANSWERED, NOW, NOW) == (done, False)
    assert callbacks.after(again, outcomes.BUSY, NOW, NOW) == (again, True)
    assert callbacks.after(due, outcomes.AGENT_AWAY, NOW, NOW) == (Verdict("later", 1, 0, NOW), True)


def test_what_becomes_of_who_is_promised_nothing_any_more() -> None:
    assert [callbacks.without(one) for one in ("", "no_answer", "answered")] == ["due", "due", "done"]
