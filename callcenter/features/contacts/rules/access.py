"""Who may see and change a client (C02, CON-20, CON-37, CON-53).

Whoever has ``contacts.all`` sees and changes every client that is not private; ``contacts.setup`` (administrators)
those too. The responsible member and the managers of a client always may. For the others the client's own ``access``
decides: ``private`` nothing, ``read``, ``write``, or ``default``: what the business has set (``own`` or ``shared``).
Clients for whom nobody is responsible, and numbers that are not saved, belong to all who answer the phone.
"""

from __future__ import annotations

from typing import NamedTuple

SETTING = "contacts_access"
MODES = ("shared", "own")


class Viewer(NamedTuple):
    """Who looks: his membership, whether he may see all clients, also private ones, and the business's setting."""

    membership_id: int
    everything: bool = False
    private: bool = False
    shared: bool = True


class Card(NamedTuple):
    """What of a client decides who may see it."""

    state: str
    access: str
    responsible_id: int | None
    managers: frozenset[int] = frozenset()


def may_see(who: Viewer, card: Card) -> bool:
    """Whether the viewer sees this client."""
    return _may(who, card, "read", "write")


def may_change(who: Viewer, card: Card) -> bool:
    """Whether the viewer may change this client."""
    return _may(who, card, "write")


def may_move(who: Viewer, card: Card) -> bool:
    """Whether the viewer may give this client to somebody else: an administrator or the owner (CON-28).

    A client of nobody may be taken by whoever may change it.
    """
    return who.private or card.responsible_id in (None, who.membership_id)


def _may(who: Viewer, card: Card, *open_to_all: str) -> bool:
    if who.private or card.responsible_id == who.membership_id or who.membership_id in card.managers:
        return True
    if card.access == "private":
        return False
    if who.everything or card.state == "contact" or card.access in open_to_all:
        return True
    return card.access == "default" and (who.shared or card.responsible_id is None)
