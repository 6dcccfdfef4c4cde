"""What follows from the model alone: how calls leave, which menu comes first, what comes when nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callcenter.telephony.config.model import Agent, Menu, Model, Number, Trunk


@dataclass(frozen=True)
class WayOut:
    """A number that clients see and the trunks that its calls take; ``extension`` is its id or 'default'.

    The first trunk is the number's own, the others are tried in turn when the one before is away.
    """

    extension: str
    number: Number
    trunks: tuple[Trunk, ...]

    @property
    def trunk(self) -> Trunk:
        """The number's own trunk."""
        return self.trunks[0]


def first_menu(model: Model, number: Number) -> Menu | None:
    """The menu that callers of a number meet first (when its activity holds), if it is there."""
    return next((m for m in model.menus if m.id == number.menu_id and m.business_id == number.business_id), None)


def unanswered(number: Number) -> bool:
    """Whether something is arranged for calls that nobody takes; else callers wait in the queue."""
    return bool(number.nobody or number.forward)


def ways_out(model: Model, business_id: int) -> list[WayOut]:
    """How a business's calls leave: one way for each number, and 'default' (its first number) at the end."""
    ordered = sorted(model.trunks, key=lambda t: (t.position, t.id))
    trunks = {t.id: t for t in ordered if t.business_id == business_id}
    first = next(iter(trunks.values()), None)
    ways = []
    for number in sorted(model.numbers, key=lambda n: n.id):
        trunk = first if number.trunk_id is None else trunks.get(number.trunk_id)
        if number.business_id == business_id and trunk is not None:
            others = [one for one in trunks.values() if one.backup and one.id != trunk.id]
            ways.append(WayOut(str(number.id), number, (trunk, *others)))
    if not ways:
        return []
    # A number that makes no calls out is taken only where there is no other: calls that are led on have to leave.
    usual = next((way for way in ways if way.number.outgoing), ways[0])
    return [*ways, WayOut("default", usual.number, usual.trunks)]


def agent_way(ways: Sequence[WayOut], agent: Agent) -> str | None:
    """The way by which an agent's own phone calls out: his chosen number, else the usual one, else any that he may use.

    None = he may use none of them. Without any way there is nothing to forbid.
    """
    if not agent.calls_out:
        return None
    if not ways:
        return "default"
    mine = {way.extension for way in ways if way.number.serves(agent.id)}
    for wanted in (str(agent.caller_number_id), "default", *(way.extension for way in ways)):
        if wanted in mine:
            return wanted
    return None
