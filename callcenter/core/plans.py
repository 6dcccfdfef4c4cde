"""The plans that a business can be on, and which of them hold a paid part of the product (OUT-35). Pure."""

from __future__ import annotations

from typing import Any, Literal, get_args

Plan = Literal["basic", "skorozvon", "premium"]
Paid = Literal["scripts"]
PLANS: tuple[Plan, ...] = get_args(Plan)
SETTING = "plan"
# A business that nobody has put on a plan has everything.
DEFAULT: Plan = "premium"
HOLDS: dict[Paid, frozenset[Plan]] = {"scripts": frozenset({"skorozvon", "premium"})}


def plan_in(settings: dict[str, Any]) -> Plan:
    """The plan that stands in a business's settings."""
    found = settings.get(SETTING)
    return next((one for one in PLANS if one == found), DEFAULT)
