"""Phones on line and queue members as Asterisk last told of them; says what is news."""

from __future__ import annotations

from callcenter.telephony import facts as f


class People:
    """Contacts by endpoint and members by queue and interface."""

    def __init__(self) -> None:
        self.contacts: dict[str, dict[str, bool]] = {}
        self.agents: dict[str, int] = {}
        self.members: dict[tuple[int, str], f.MemberSeen] = {}

    def contact(self, fact: f.ContactSeen) -> bool | None:
        """Takes a contact; whether its phone is on line now, or None when that did not change.

        A page that registers anew has two contacts for a moment: the phone is off line only when the last one is gone.
        """
        contacts = self.contacts.setdefault(fact.endpoint, {})
        before = any(contacts.values())
        if fact.online:
            contacts[fact.uri] = True
        else:
            contacts.pop(fact.uri, None)
        after = any(contacts.values())
        if not contacts:
            del self.contacts[fact.endpoint]
        return after if after != before else None

    def member(self, fact: f.MemberSeen) -> bool:
        """Takes a member; whether something about it is news."""
        key = (fact.queue_id, fact.interface)
        before = self.members.get(key)
        if fact.removed:
            return self.members.pop(key, None) is not None
        self.members[key] = fact
        return before is None or (before.paused, before.status, before.penalty) != (
            fact.paused, fact.status, fact.penalty
        )  # fmt: skip
