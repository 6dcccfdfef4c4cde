"""Actions on many clients: what may be asked, why a client is skipped, and how that is said. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_

MAX_TICKED = 10_000
NO_RIGHT, ALREADY, GONE, NESTED, UNSAVED, ARCHIVED = "no_right", "already", "gone", "nested", "unsaved", "archived"
# Why a client was left as it was; %(count)s clients.
SKIPS: dict[str, str] = {
    NO_RIGHT: N_("No right to change: %(count)s"),
    ALREADY: N_("Already so: %(count)s"),
    GONE: N_("Not there any more: %(count)s"),
    NESTED: N_("Follow their organisation: %(count)s"),
    UNSAVED: N_("Not saved as clients: %(count)s"),
    ARCHIVED: N_("In the archive: %(count)s"),
}
CHANGED = N_("Changed: %(count)s")
RESTORED = N_("Restored: %(count)s")
CHANGED_SINCE = N_("Changed since then and left so: %(count)s")


def added(before: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Two counts of skipped clients as one."""
    return {why: before.get(why, 0) + more.get(why, 0) for why in (*before, *(w for w in more if w not in before))}


def notes(changed: int, skipped: Mapping[str, int]) -> list[list[Any]]:
    """What came out, as gettext keys with their values."""
    lines: list[list[Any]] = [[CHANGED, {"count": changed}]]
    return lines + [[SKIPS.get(why, why), {"count": count}] for why, count in skipped.items() if count]


def check_count(count: int, at_most: int | None) -> None:
    """Raises BadInput when nothing is chosen, or more than an action takes at once (CON-46: sales plans 10 000)."""
    if count <= 0:
        raise BadInput(N_("No clients are chosen."))
    if at_most is not None and count > at_most:
        raise BadInput(N_("At most %(limit)s clients at once; %(count)s are chosen."), limit=at_most, count=count)


def check_confirmed(confirmed: int | None, count: int) -> None:
    """An action that cannot be undone wants the exact number of clients said back; raises BadInput."""
    if confirmed != count:
        message = N_("This cannot be undone. Confirm the number of clients: %(count)s.")
        raise BadInput(message, fields={"confirm": N_("Type the number of clients.")}, count=count)
