"""Who is called back now: by wait time, and never more than there are free agents. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

TRIES = 3
"""So often a client is called who does not answer."""
PAUSES = (300, 900)
"""Seconds from one try to the next."""
RING_SECONDS = 40


class Wish(NamedTuple):
    """A call-back that is due, or a caller who stands in a queue (``id`` None); ``since`` is when he began to wait."""

    since: float
    queue_id: int
    id: int | None = None


def choose(wishes: Iterable[Wish], going: Iterable[int], free: Mapping[int, Collection[int]]) -> list[int]:
    """The call-backs (ids) to begin now.

    ``free`` are the free agents of each queue; an agent of several queues counts once. ``going`` are the queues of
    call-backs that are under way: each keeps an agent. Who has waited longest comes first, on the line or not.
    """
    taken: set[int] = set()

    def take(queue_id: int) -> bool:
        left = [agent for agent in free.get(queue_id, ()) if agent not in taken]
        if not left:
            return False
        # Who serves few queues first, so that the others stay free for more.
        taken.add(min(left, key=lambda agent: (sum(agent in some for some in free.values()), agent)))
        return True

    for queue_id in going:
        take(queue_id)
    return [
        wish.id for wish in sorted(wishes, key=lambda one: one.since) if take(wish.queue_id) and wish.id is not None
    ]


def pause_after(tries: int) -> int | None:
    """Seconds until the next try after ``tries`` of them in vain; None = it is given up."""
    return PAUSES[min(tries, len(PAUSES)) - 1] if tries < TRIES else None
