"""How often somebody may send, and when a form was shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callcenter.features.webforms import rules
from callcenter.features.webforms.rules import Buckets, Rate


def test_a_bucket_lets_a_burst_through_and_then_one_every_while() -> None:
    buckets, rate = Buckets(), Rate(3, 10.0)
    assert [buckets.take(("a", ""), rate, 100.0) for _ in range(3)] == [0, 0, 0]
    wait = buckets.take(("a", ""), rate, 100.0)
    assert 1 <= wait <= 11
    assert buckets.take(("b", ""), rate, 100.0) == 0
    assert buckets.take(("a", ""), rate, 105.0) > 0
    assert buckets.take(("a", ""), rate, 111.0) == 0


@given(st.lists(st.floats(0, 5), max_size=80))
def test_no_more_than_the_rate_ever_passes(gaps: list[float]) -> None:
    buckets, rate, now, passed = Buckets(), Rate(4, 2.0), 0.0, 0
    for gap in gaps:
        now += gap
        passed += buckets.take(("a", ""), rate, now) == 0
    assert passed <= 4 + now / 2.0 + 1e-6


def test_memory_is_bounded() -> None:
    buckets = Buckets(most=10)
    for number in range(100):
        buckets.take((str(number), ""), Rate(1, 1.0), 0.0)
    assert len(buckets) == 10


def test_nobody_can_pretend_when_a_form_was_shown() -> None:
    stamped = rules.stamp("secret", 1000.0)
    assert rules.age("secret", stamped, 1005.0) == 5.0
    assert rules.age("other", stamped, 1005.0) is None
    assert rules.age("secret", "900." + stamped.partition(".")[2], 1005.0) is None
    for wrong in ("", ".", "x.y", "1000", "1000.я", "１000.a"):
        assert rules.age("secret", wrong, 1005.0) is None


def test_names() -> None:
    assert rules.names("  Анна  Петровна Ким ") == ("Анна", "Петровна Ким")
    assert rules.names("x" * 150) == ("x" * 100, "")
