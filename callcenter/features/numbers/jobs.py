"""Timed work of numbers: members whose own working hours begin or end."""

from __future__ import annotations

from callcenter.features.numbers.usecases.hours import out_of_hours
from callcenter.features.queues import api as queues
from callcenter.plugin import Services


class Away:
    """Who was out of his hours at the last look."""

    def __init__(self) -> None:
        self.pairs: set[tuple[int, int]] = set()


async def prepare(services: Services) -> None:
    """Has queues leave out members who are out of their working hours (INB-11)."""
    queues.leave_out(services, out_of_hours)


async def follow_hours(services: Services) -> None:
    """Somebody's working time began or ended: his place in the number's queue follows."""
    known = services.part(Away, lambda _: Away())
    async with services.db.system() as session:
        now = await out_of_hours(session, services.clock.now())
    if now != known.pairs:
        known.pairs = now
        queues.look_again(services)
