"""Tables of clients, organisations and contacts."""

from callcenter.features.contacts.models.contact import (
    Contact,
    ContactChannel,
    ContactChoice,
    ContactCounter,
    ContactField,
    ContactManager,
    ContactPhone,
    ContactValue,
    ContactZone,
)
from callcenter.features.contacts.models.history import ContactConsent, ContactEvent, ContactFile
from callcenter.features.contacts.models.labels import ContactList, ContactListMember, ContactTag, Tag

__all__ = [
    "Contact",
    "ContactChannel",
    "ContactChoice",
    "ContactConsent",
    "ContactCounter",
    "ContactEvent",
    "ContactField",
    "ContactFile",
    "ContactList",
    "ContactListMember",
    "ContactManager",
    "ContactPhone",
    "ContactTag",
    "ContactValue",
    "ContactZone",
    "Tag",
]
