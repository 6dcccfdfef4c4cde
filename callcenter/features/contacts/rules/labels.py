"""Who sees, puts on, takes off and deletes which tag (CON-17, CON-33 … CON-36). Pure.

A tag belongs to the person who made it. Administrators (``who.private``) manage every tag, but their lists show their
own until they pick an employee, and only on single cards do they take off what others made. Employees see what they
made and what their own clients carry (an administrator added it, or the client was transferred to them with it), and
put on and take off only on their own clients. Supervisors (``who.everything``) work on every client they may change.
"""

from __future__ import annotations

from callcenter.core.errors import BadInput
from callcenter.core.i18n import N_
from callcenter.features.contacts.rules import people
from callcenter.features.contacts.rules.access import Card, Viewer

MAX_TAG, MAX_LIST = 60, 100
MAX_TAGS_OF_PERSON = 1_000


def own(who: Viewer, card: Card) -> bool:
    """Whether this is the person's own client: he is responsible for it, or one of its managers."""
    return card.responsible_id == who.membership_id or who.membership_id in card.managers


def may_label(who: Viewer, card: Card) -> bool:
    """Whether the person may put tags on this card and take them off, as far as he may change the card at all."""
    return who.private or who.everything or own(who, card)


def sees_on_card(who: Viewer, owner_id: int | None, card: Card) -> bool:
    """Whether the person sees a tag of ``owner_id`` on this card."""
    return may_label(who, card) or owner_id == who.membership_id


def sees_in_list(who: Viewer, owner_id: int | None, on_own: bool, picked: int | None = None) -> bool:
    """Whether the person's list of tags shows this one; ``on_own``: one of his own clients carries it.

    ``picked`` is the employee whose tags an administrator asked for.
    """
    if who.private:
        return owner_id == (who.membership_id if picked is None else picked)
    return owner_id == who.membership_id or on_own


def may_use(who: Viewer, owner_id: int | None, on_own: bool) -> bool:
    """Whether the person may put this existing tag on a client: an administrator every one, others what they see."""
    return who.private or sees_in_list(who, owner_id, on_own)


def may_take_off_many(who: Viewer, owner_id: int | None, on_own: bool) -> bool:
    """Whether the person may take the tag off many clients at once: never an administrator another's (CON-35)."""
    if who.private:
        return owner_id in (who.membership_id, None)
    return sees_in_list(who, owner_id, on_own)


def may_delete(who: Viewer, owner_id: int | None) -> bool:
    """Whether the person may rename the tag, or delete it, which takes it off all clients: who made it only.

    The tags of those who have left belong to the administrators.
    """
    return owner_id == who.membership_id or (who.private and owner_id is None)


def title(typed: str, limit: int) -> str:
    """A tag's or a list's title as it is kept; raises BadInput when it is empty or too long."""
    line = people.limited(typed, "title", limit)
    if not line:
        message = N_("Give a title.")
        raise BadInput(message, fields={"title": message})
    return line


def key(line: str) -> str:
    """What two titles are compared by: capitals do not count."""
    return line.casefold()[:MAX_TAG]
