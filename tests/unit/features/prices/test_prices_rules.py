"""What calls cost: the price that fits, steps, paid legs, prices as people type them."""

from __future__ import annotations

from typing import Any

import pytest

from callcenter.core.calls import Call, Leg
from callcenter.features.prices import rules
from callcenter.features.prices.rules import Price

EVERYWHERE = Price("+", None, 50_000, 0, 60)
RUSSIA = Price("+7", None, 18_500, 0, 60)
MOSCOW = Price("+7495", None, 6_000, 1_000, 1)
MOSCOW_BY_3 = Price("+7495", 3, 4_000, 0, 1)
PRICES = [EVERYWHERE, RUSSIA, MOSCOW, MOSCOW_BY_3]


def leg(channel: str = "PJSIP/t1-0001", address: str = "+74950000000", seconds: float | None = 60, **more: Any) -> Leg:
    return Leg(
        **{
            "id": channel,
            "channel": channel,
            "role": "client",
            "state": "ended",
            "started_at": 90.0,
            "address": address,
            "answered_at": None if seconds is None else 100.0,
            "ended_at": 100.0 + (seconds or 0),
            **more,
        }
    )


def call(*legs: Leg, direction: str = "out") -> Call:
    return Call(
        id="1.1", business_id=1, direction=direction, state="ended", started_at=90.0, ended_at=900.0, legs=tuple(legs)
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "trunk", "price"),
    [
        ("+442079460000", 1, EVERYWHERE),
        ("+79031112233", 1, RUSSIA),
        ("+74951112233", 1, MOSCOW),
        ("+74951112233", 3, MOSCOW_BY_3),
        ("+79031112233", 3, RUSSIA),
    ],
)
def test_the_longest_beginning_counts_and_the_trunk_before_any(number: str, trunk: int, price: Price) -> None:
    assert rules.price_of(PRICES, number, trunk) == price
    assert rules.price_of([MOSCOW], "+79031112233", 1) is None


@pytest.mark.parametrize(("seconds", "minutes"), [(0.4, 1), (60.0, 1), (60.05, 1), (61.0, 2), (119.0, 2), (3600.0, 60)])
def test_every_minute_begun_is_paid(seconds: float, minutes: int) -> None:
    assert rules.leg_cost(RUSSIA, seconds) == 18_500 * minutes


def test_by_the_second_and_for_the_connection() -> None:
    assert rules.leg_cost(MOSCOW, 30.0) == 1_000 + 3_000
    assert rules.leg_cost(Price("+", None, 1_000, 0, 7), 8.0) == -(-1_000 * 14 // 60)


@pytest.mark.rule("TEL-63")
def test_a_call_costs_what_its_answered_legs_to_the_outside_cost() -> None:
    out = leg(address="+79031112233", seconds=61)
    agent = leg("PJSIP/a12w-0002", address="101", role="agent")
    assert rules.call_cost(PRICES, call(agent, out)) == 370
    # Half a rouble rounds up to whole kopecks, not down to nothing.
    assert rules.call_cost([Price("+", None, 1, 0, 60)], call(agent, out)) == 1
    # Nobody answered: free. The own phone outside of an employee makes a second paid leg (TEL-40).
    assert rules.call_cost(PRICES, call(agent, leg(address="+79031112233", seconds=None))) is None
    mobile = leg("PJSIP/t1-0009", address="+79035554433", seconds=70, role="agent")
    assert rules.call_cost(PRICES, call(mobile, out)) == 740
    # Who calls us pays himself; somebody outside to whom he was transferred is paid by us.
    caller = leg(seconds=600)
    assert rules.call_cost(PRICES, call(caller, agent, direction="in")) is None
    passed_on = leg("PJSIP/t1-0005", address="+79031112233", seconds=60, role="other")
    assert rules.call_cost(PRICES, call(caller, agent, passed_on, direction="in")) == 185
    assert rules.call_cost([], call(agent, out)) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", "+"), ("*", "+"), ("8 (495)", "+7495"), ("7495", "+7495"), ("+7 495", "+7495"), ("+44", "+44"), ("44", "+44"),
     ("abc", None), ("+7x", None), ("+" + "1" * 15, None)],
)  # fmt: skip
def test_the_beginning_of_a_number_as_people_write_it(typed: str, kept: str | None) -> None:
    assert rules.prefix(typed) == kept


@pytest.mark.parametrize(
    ("typed", "parts"),
    [("1.85", 18_500), ("1,85", 18_500), ("0.0001", 1), ("", 0), ("1 200", 12_000_000), ("-1", None), ("x", None),
     ("0.00001", None), ("1e99", None), ("nan", None), ("100001", None)],
)  # fmt: skip
def test_a_price_as_people_write_it(typed: str, parts: int | None) -> None:
    assert rules.money(typed) == parts
    if parts is not None:
        assert rules.money(rules.typed_money(parts)) == parts
