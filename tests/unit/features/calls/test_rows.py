"""What a row of the call list says."""

from __future__ import annotations

import pytest

from callcenter.features.calls.rules.rows import Label, Timing, clock, kind, label, responsible, timing


@pytest.mark.parametrize(
    ("direction", "result", "expected"),
    [
        ("in", "answered", "in"),
        ("in", None, "in"),
        ("in", "abandoned", "missed"),
        ("in", "missed", "missed"),
        ("in", "busy", "missed"),
        ("out", "no_answer", "out"),
        ("out", "answered", "out"),
        ("internal", "missed", "internal"),
    ],
)
def test_kinds(direction: str, result: str | None, expected: str) -> None:
    assert kind(direction, result) == expected


def test_an_answered_call_belongs_to_who_talked_and_a_missed_one_to_whom_it_rang() -> None:
    assert responsible([(1, False), (2, True), (3, True)], answered=True) == (2, 3)
    assert responsible([(1, False), (2, False)], answered=False) == (1, 2)
    assert responsible([(1, False)], answered=True) == (1,)
    assert responsible([], answered=False) == ()


@pytest.mark.rule("TEL-05", "TEL-06", "TEL-07")
def test_labels() -> None:
    def of(agents: list[str], kind: str | None, title: str = "", owner: str = "") -> Label:
        return label(agents, number_kind=kind, number_title=title, number_shown="+7 1", owner=owner)

    assert of(["Анна", "Вера"], "multichannel", "Продажи") == Label(("Анна", "Вера"), "Продажи")
    assert of([], "multichannel", "Продажи") == Label((), "Продажи")
    assert of(["Анна"], "multichannel") == Label(("Анна",), "+7 1")
    assert of(["Анна"], "personal", "Прямой", owner="Анна") == Label(("Анна",), "")
    assert of([], "personal", "Прямой", owner="Анна") == Label(("Анна",), "")
    assert of(["Анна"], None) == Label(("Анна",), "")


@pytest.mark.rule("TEL-10")
def test_an_answered_call_shows_talk_and_another_one_waiting() -> None:
    assert timing(True, 4, 60) == Timing("talk", 60)
    assert timing(False, 4, 0) == Timing("wait", 4)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00"), (4.9, "00:04"), (65, "01:05"), (3599, "59:59"), (3723, "1:02:03"), (-5, "00:00")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
