"""Rules of sign-in, sessions and passwords."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.features.accounts import rules
from tests.support.house import NOW

MINUTE = timedelta(minutes=1)


def test_the_wait_ends_when_enough_failures_left_the_window() -> None:
    failures = [NOW - n * MINUTE for n in range(5)]
    assert rules.seconds_to_wait(failures, 5, NOW) == 11 * 60
    assert rules.seconds_to_wait(failures, 6, NOW) == 0
    assert rules.seconds_to_wait(failures, 3, NOW) == 13 * 60
    assert rules.seconds_to_wait([NOW - rules.WINDOW] * 9, 5, NOW) == 0


@given(st.lists(st.integers(0, 1800), max_size=40), st.integers(1, 30))
def test_after_the_named_wait_one_may_try(ages: list[int], limit: int) -> None:
    failures = [NOW - timedelta(seconds=age) for age in ages]
    wait = rules.seconds_to_wait(failures, limit, NOW)
    assert 0 <= wait <= rules.WINDOW.total_seconds()
    assert rules.seconds_to_wait(failures, limit, NOW + timedelta(seconds=wait)) == 0
    if wait > 1:
        assert rules.seconds_to_wait(failures, limit, NOW + timedelta(seconds=wait - 1)) > 0


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "/a\r\nSet-Cookie: x=1",
        "javascript:alert(1)",
        "evil",
        "/sign-in?next=/",
        "/api/v1/me",
    ],
)
def test_only_local_addresses_are_gone_back_to(address: str | None) -> None:
    assert rules.safe_next(address) == "/"


def test_local_addresses_are_kept() -> None:
    assert rules.safe_next("/calls?result=missed#x") == "/calls?result=missed#x"


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaa", "anna@firm.ru", "x" * 201])
def test_poor_passwords_are_refused(password: str) -> None:
    assert rules.password_fault(password, "anna@firm.ru")


CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome 126, Windows"),
        (f"{CHROME} Edg/126.1", "Edge 126, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox 127, Linux"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1 Version/17.4 Mobile/15E148 Safari/604.1", "Safari 17, iPhone"),
        ("curl/8.0", "curl/8.0"),
        ("", ""),
    ],
)
def test_browsers_are_named_for_people(user_agent: str, name: str) -> None:
    assert rules.browser_name(user_agent) == name


def test_fair_passwords_pass() -> None:
    assert rules.password_fault("correct horse", "anna@firm.ru") is None


def test_a_session_ends_idle_old_or_revoked() -> None:
    alive = {"seen_at": NOW, "expires_at": NOW + timedelta(days=1), "revoked_at": None}
    assert rules.session_alive(**alive, now=NOW)  # type: ignore[arg-type]
    assert not rules.session_alive(**{**alive, "seen_at": NOW - rules.IDLE}, now=NOW)  # type: ignore[arg-type]
    assert not rules.session_alive(**{**alive, "expires_at": NOW}, now=NOW)  # type: ignore[arg-type]
    assert not rules.session_alive(**{**alive, "revoked_at": NOW}, now=NOW)  # type: ignore[arg-type]
