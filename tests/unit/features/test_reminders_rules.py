"""When a reminder may be, what it says, how it stands. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.core.errors import BadInput
from callcenter.features.reminders import rules

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def test_a_time_is_on_the_persons_own_clock() -> None:
    assert rules.moment("2026-03-02T15:30", MOSCOW) == datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    for wrong in ("", "tomorrow", "2026-13-01T10:00"):
        with pytest.raises(BadInput):
            rules.moment(wrong, MOSCOW)
    assert rules.proposed(NOW, MOSCOW).isoformat() == "2026-03-02T14:00:00+03:00"


def test_a_reminder_lies_ahead() -> None:
    assert rules.ahead(NOW - timedelta(seconds=59), NOW)
    for wrong in (NOW - timedelta(minutes=2), NOW + timedelta(days=800), datetime(2026, 3, 3, 9, 0)):  # noqa: DTZ001
        with pytest.raises(BadInput) as error:
            rules.ahead(wrong, NOW)
        assert set(error.value.fields) == {"at"}


def test_how_a_reminder_stands() -> None:
    assert rules.status(NOW, None, NOW) == "overdue"
    assert rules.status(NOW + timedelta(seconds=1), None, NOW) == ""
    assert rules.status(NOW, NOW, NOW) == "done"


def test_something_says_what_it_is_about() -> None:
    assert rules.text("  ", needed=False) == ""
    with pytest.raises(BadInput):
        rules.text("  ", needed=True)
    with pytest.raises(BadInput):
        rules.text("x" * 1001, needed=False)
