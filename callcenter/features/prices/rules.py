"""What a call costs. Pure; money inside is whole ten-thousandths of a currency unit: nothing is lost by rounding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from callcenter.core.calls import Call, Leg
from callcenter.core.directory import parse_object

UNIT = 10_000
"""Parts of a currency unit in which prices are kept."""
DEAREST = 100_000 * UNIT
_PREFIX = re.compile(r"^\+\d{0,14}$")
_TRUNK = re.compile(r"^PJSIP/(t\d+)-")


class Price(NamedTuple):
    """As models.CallPrice."""

    prefix: str
    trunk_id: int | None
    per_minute: int
    connection: int
    step: int


def price_of(prices: Iterable[Price], number: str, trunk_id: int | None) -> Price | None:
    """The price of a call to ``number``: the longest beginning that fits, a price of the trunk before one of any."""
    fitting = [one for one in prices if number.startswith(one.prefix) and one.trunk_id in (None, trunk_id)]
    return max(fitting, key=lambda one: (len(one.prefix), one.trunk_id is not None), default=None)


def leg_cost(price: Price, seconds: float) -> int:
    """What ``seconds`` of an answered call cost, in ten-thousandths; every step begun is paid."""
    # A tenth of a second more than a whole step is how two clocks differ, not talk.
    steps = max(1, -int(-(max(0.0, seconds) - 0.1) // price.step))
    return price.connection + -(-price.per_minute * steps * price.step // 60)


def call_cost(prices: Iterable[Price], call: Call, digits: int = 2) -> int | None:
    """What a call cost, in minor units of a currency with ``digits``; None where no price is set for any paid leg.

    Every answered leg that we dialled over a trunk is paid: the client of a call out, somebody outside to whom a call
    was transferred or forwarded, and an employee's own outside phone (then a call has two paid legs, TEL-40).
    """
    known = tuple(prices)
    total, priced = 0, False
    for leg in call.legs:
        trunk = _paid_trunk(call, leg)
        if trunk is None or leg.answered_at is None:
            continue
        price = price_of(known, leg.address, trunk)
        if price is None:
            continue
        priced = True
        total += leg_cost(price, (leg.ended_at or call.ended_at or leg.answered_at) - leg.answered_at)
    return -(-total * 10**digits // UNIT) if priced else None


def _paid_trunk(call: Call, leg: Leg) -> int | None:
    """The trunk that the leg went out over; None when it is one of ours, or the caller's own."""
    found = _TRUNK.match(leg.channel)
    if found is None or (call.direction == "in" and leg.role == "client"):
        return None
    name = parse_object(found[1])
    return name.id if name else None


def prefix(text: str) -> str | None:
    """The beginning of a number as it is kept, or None when it is none; ``8 495`` and ``7495`` mean ``+7495``."""
    typed = "".join(c for c in text if c not in " ()-.\u00a0")
    if typed in ("", "*", "+"):
        return "+"
    if typed[0] == "8" and not text.strip().startswith("+"):
        typed = "7" + typed[1:]
    typed = typed if typed.startswith("+") else "+" + typed
    return typed if _PREFIX.match(typed) else None


def money(text: str) -> int | None:
    """A price as typed (comma or point), in ten-thousandths; None when it is none or out of range."""
    try:
        value = Decimal(text.strip().replace(",", ".").replace(" ", "") or "0")
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    parts = value * UNIT
    return int(parts) if 0 <= parts <= DEAREST and parts == int(parts) else None


def typed_money(parts: int) -> str:
    """A price for a form field: ``1.85``."""
    return format((Decimal(parts) / UNIT).normalize(), "f")
