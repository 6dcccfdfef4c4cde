"""Limits of figures: colours, alerts that do not flicker, and addresses that are never called."""

from __future__ import annotations

import pytest

from callcenter.features.wallboard import gateway
from callcenter.features.wallboard.rules import limits


@pytest.mark.rule("SUP-06")
@pytest.mark.parametrize(
    ("value", "worse", "wanted"),
    [
        (4.0, "above", ""),
        (5.0, "above", "warn"),
        (10.0, "above", "alarm"),
        (11.0, "below", ""),
        (10.0, "below", "alarm"),
        (None, "above", ""),
    ],
)
def test_a_value_is_coloured_by_its_limit(value: float | None, worse: str, wanted: str) -> None:
    assert limits.level(value, 5.0 if worse == "above" else 10.0, 10.0, worse) == wanted


@pytest.mark.rule("SUP-06")
def test_an_alert_ends_only_when_the_figure_is_well_again() -> None:
    on, told = False, []
    for value in (9, 10, 9, 8.5, 8, 7.9, 9, 10, None, 9):
        on = limits.still(on, value, 10.0, 2.0, "above")
        told.append(on)
    assert told == [False, True, True, True, True, False, False, True, False, False]
    assert limits.still(True, 0.85, 0.8, 0.1, "below")
    assert not limits.still(True, 0.91, 0.8, 0.1, "below")


@pytest.mark.rule("SUP-06")
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "http://localhost/x", "http://10.1.2.3/", "http://169.254.169.254/latest", "http://[::1]/",
        "http://[::ffff:127.0.0.1]/", "http://192.168.1.1/", "ftp://example.org/", "http://user@example.org/", "http://",
        "javascript:alert(1)", "http://intranet/", "http://0.0.0.0/", "http://[fe80::1]/", "http://example.org:x/",
    ],
)  # fmt: skip
def test_an_address_inside_our_network_is_refused(url: str) -> None:
    assert not gateway.fits(url)


def test_an_address_outside_is_taken() -> None:
    assert gateway.fits("https://hooks.example.org/alerts?team=1")
    assert gateway.fits("https://93.184.216.34/x")


def test_values_are_said_as_people_read_them() -> None:
    assert [limits.said(0.805, "share"), limits.said(75, "seconds"), limits.said(3, "count")] == ["80 %", "1:15", "3"]
