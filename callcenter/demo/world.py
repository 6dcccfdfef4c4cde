"""What the seed, the past and the robots agree on: names, numbers, and the ids that the seed made."""

from __future__ import annotations

from dataclasses import dataclass, field

BUSINESS = "Тёплый дом"
SALES_NUMBER = "+74950000001"
SUPPORT_NUMBER = "+74950000002"
# Keys of the voice menu of support.
SALES_KEY, SUPPORT_KEY, REGULAR_KEY, MESSAGE_KEY = "1", "2", "0", "9"
CALL_BACK_KEY = "1"
CLIENTS, STRANGERS = 300, 120
# Of the dice that make the clients: the robots throw the same ones to know their numbers.
SEED = 20


@dataclass
class Demo:
    """What the seed made: ids by name, for the past calls and the robots."""

    business_id: int
    agents: dict[str, int] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    clients: list[tuple[int, str, str]] = field(default_factory=list)
    strangers: list[tuple[int, str, str]] = field(default_factory=list)


def personal_number(index: int) -> str:
    """The personal number of the ``index``-th demo person (from 0)."""
    return f"+7495000010{index}"
