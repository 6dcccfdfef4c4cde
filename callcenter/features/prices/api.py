"""The door to prices for other features."""

from __future__ import annotations

from callcenter.features.prices.queries import prices
from callcenter.features.prices.rules import Price, call_cost

__all__ = ["Price", "call_cost", "prices"]
