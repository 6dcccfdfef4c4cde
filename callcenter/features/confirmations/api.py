"""The door to confirmed numbers for other features."""

from __future__ import annotations

from callcenter.features.confirmations import rules
from callcenter.features.confirmations.queries import asked_of_number, forget
from callcenter.features.confirmations.rules import (
    CALLER_MODES,
    NUMBER_MODES,
    STATES,
    WAYS,
    CallerMode,
    Calling,
    NumberMode,
    Way,
    calling,
    spoken,
    state,
)
from callcenter.features.confirmations.usecases import (
    Confirmation,
    compare,
    confirm,
    every,
    own_of,
    own_of_all,
    remember,
    set_own,
    too_many,
    until,
    valid,
    waiting,
)

__all__ = [
    "CALLER_MODES", "NUMBER_MODES", "STATES", "WAYS", "CallerMode", "Calling", "Confirmation", "NumberMode", "Way",
    "asked_of_number", "calling", "compare", "confirm", "every", "forget", "own_of", "own_of_all", "remember", "rules",
    "set_own", "spoken", "state", "too_many", "until", "valid", "waiting",
]  # fmt: skip
