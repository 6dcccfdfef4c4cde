"""Codes, how long a confirmation lasts, when one may ask again; who may call out and what is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.features.confirmations import rules
from callcenter.features.confirmations.api import Calling, Confirmation
from callcenter.features.numbers.api import Callers

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MOBILE, OTHER, LINE, SERVICE = "+79161234567", "+79161234568", "+74950000001", "+78005550000"


@pytest.mark.rule("TEL-34")
@pytest.mark.parametrize(
    ("begin", "end"),
    [("2026-03-02", "2026-06-02"), ("2026-11-30", "2027-02-28"), ("2027-11-30", "2028-02-29"),
     ("2026-10-15", "2027-01-15"), ("2026-12-31", "2027-03-31")],
)  # fmt: skip
def test_it_lasts_three_calendar_months(begin: str, end: str) -> None:
    ends = rules.ends(datetime.fromisoformat(f"{begin}T23:59:00+00:00"))
    assert ends == datetime.fromisoformat(f"{end}T23:59:00+00:00")


@pytest.mark.rule("TEL-34")
def test_it_warns_fourteen_days_before() -> None:
    assert rules.state(None, NOW) == "none"
    for left, wanted in ((15, "valid"), (14, "ending"), (1, "ending"), (0, "expired"), (-1, "expired")):
        assert rules.state(NOW + timedelta(days=left), NOW) == wanted


@given(st.text(max_size=50))
def test_only_six_digits_are_a_code(typed: str) -> None:
    assert rules.clean_code(typed) == "" or len(rules.clean_code(typed)) == 6


def test_digits_may_be_grouped() -> None:
    good, bad = ("123456", " 123-456 ", "12 34 56"), ("12345", "1234567", "１２３４５６", "")
    assert [rules.clean_code(one) for one in good] == ["123456"] * 3
    assert [rules.clean_code(one) for one in bad] == [""] * 4
    assert rules.spoken("004512", "Code:") == "Code: 0. 0. 4. 5. 1. 2."


def test_a_hash_is_of_one_number_and_one_server() -> None:
    hashes = {
        rules.hashed(code, number, key) for code in ("000000", "000001") for number in (MOBILE, OTHER) for key in "ab"
    }
    assert len(hashes) == 8


def test_one_asks_five_times_an_hour() -> None:
    asks = [NOW + timedelta(minutes=n) for n in range(5)]
    assert rules.wait(asks[:4], NOW) == 0
    assert rules.wait(asks, NOW + timedelta(minutes=10)) == 50 * 60
    assert rules.wait(asks, NOW + timedelta(minutes=61)) == 0


def test_a_choice_that_cannot_be_read_is_none() -> None:
    for stored in ({}, {"calling": 5}, {"calling": {"caller_mode": "loud"}}):
        assert rules.calling(stored) == Calling()


def known(agent_id: int | None, e164: str, days: int = 10) -> Confirmation:
    at = NOW + timedelta(days=days)
    return Confirmation(business_id=1, agent_id=agent_id, e164=e164, confirmed_at=NOW, expires_at=at)


@pytest.mark.rule("TEL-28", "TEL-29", "TEL-31", "TEL-32")
@pytest.mark.parametrize(
    ("number_mode", "caller_mode", "number", "confirmed", "may", "seen"),
    [
        ("common", "line", "", [], True, ""),
        ("personal", "line", "", [], True, ""),
        ("common", "own", "", [], False, ""),
        ("common", "own", MOBILE, [], False, MOBILE),
        ("common", "own", MOBILE, [known(None, MOBILE)], True, MOBILE),
        ("common", "own", MOBILE, [known(None, MOBILE, 0)], False, MOBILE),
        ("common", "own", MOBILE, [known(None, OTHER), known(7, MOBILE)], False, MOBILE),
        ("common", "own", LINE, [], True, LINE),
        ("common", "service", MOBILE, [], False, SERVICE),
        ("common", "service", MOBILE, [known(None, MOBILE)], True, SERVICE),
        ("personal", "own", MOBILE, [known(None, MOBILE), known(7, MOBILE)], False, OTHER),
        ("personal", "own", "", [known(7, OTHER)], True, OTHER),
        ("personal", "own", "", [known(8, OTHER)], False, OTHER),
        ("personal", "service", "", [], False, SERVICE),
        ("personal", "service", "", [known(7, OTHER)], True, SERVICE),
    ],
)
def test_who_may_call_out_and_what_is_seen(
    number_mode: str, caller_mode: str, number: str, confirmed: list[Confirmation], may: bool, seen: str
) -> None:
    callers = Callers(
        calling=Calling(number_mode=number_mode, caller_mode=caller_mode, number=number),  # type: ignore[arg-type]
        lines=frozenset({LINE}),
        confirmations=tuple(confirmed),
        own={7: OTHER},
        service=SERVICE,
    )
    assert (callers.allowed(7, NOW), callers.shown(7)) == (may, seen)
    # What no agent makes needs no personal number.
    if number_mode == "personal":
        assert callers.allowed(None, NOW)
        assert callers.shown(None) == (SERVICE if caller_mode == "service" else "")
