"""Priorities by tags and lists: as they are kept, typed and looked up. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

SETTING = "caller_priorities"
"""The business's setting that holds them."""
HIGHEST = 100
"""Above it supervisors bring callers to the front."""
MOST = 100
WRONG = N_("Enter a priority from 0 to %(highest)s; 0 means none.")
TOO_MANY = N_("At most %(limit)s tags and lists may have a priority.")


class Priorities(msgspec.Struct, frozen=True, kw_only=True):
    """Priorities (1 … 100) of clients' calls: by tag (its key) and by list (its id as text)."""

    tags: dict[str, int] = {}
    lists: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self.tags or self.lists)

    def of(self, tags: Collection[str], lists: Collection[int]) -> int | None:
        """The highest priority of a client who carries these; None = no word about him."""
        found = [self.tags[one] for one in tags if one in self.tags]
        found += [self.lists[str(one)] for one in lists if str(one) in self.lists]
        return max(found, default=None)


def read(settings: Mapping[str, Any]) -> Priorities:
    """The business's priorities; none for what cannot be read."""
    try:
        return msgspec.convert(settings.get(SETTING) or {}, Priorities)
    except msgspec.ValidationError:
        return Priorities()


def checked(typed: Priorities) -> Priorities:
    """What may be kept: zeros are left out. Raises BadInput."""
    for value in (*typed.tags.values(), *typed.lists.values()):
        if not 0 <= value <= HIGHEST:
            raise BadInput(WRONG, highest=HIGHEST)
    if len(typed.tags) + len(typed.lists) > MOST:
        raise BadInput(TOO_MANY, limit=MOST)
    return Priorities(
        tags={key[:60]: value for key, value in typed.tags.items() if value},
        lists={key: value for key, value in typed.lists.items() if value and key.isdecimal() and len(key) < 10},
    )


def stored(priorities: Priorities) -> dict[str, Any]:
    """As the setting keeps them."""
    return {"tags": dict(priorities.tags), "lists": dict(priorities.lists)}
