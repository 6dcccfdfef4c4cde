"""What a card is to hold, as pages and programs send it."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType


class PhoneForm(msgspec.Struct, kw_only=True):
    """A number as a person writes it; ``kind`` mobile, work, home or ''."""

    number: str
    kind: str = ""


class ChannelForm(msgspec.Struct, kw_only=True):
    """Another way to a client: ``kind`` email, site, telegram, whatsapp, vk or other."""

    kind: str
    value: str


Text = str | UnsetType
Id = int | None | UnsetType


class ClientForm(msgspec.Struct, kw_only=True):
    """What a card is to hold; what is left out stays as it is (and is empty on a new card).

    ``name`` is an organisation's, ``organisation`` a person's (found by its name, or made). ``phones`` and
    ``channels`` are all that the card is to have; ``phone``, ``phone2`` and ``email`` only add. ``values`` are own
    fields by their id.
    """

    name: Text = UNSET
    first_name: Text = UNSET
    last_name: Text = UNSET
    sex: Text = UNSET
    birth_date: Text = UNSET
    position: Text = UNSET
    organisation: Text = UNSET
    organisation_id: Id = UNSET
    address: Text = UNSET
    city: Text = UNSET
    industry: Text = UNSET
    inn: Text = UNSET
    kpp: Text = UNSET
    description: Text = UNSET
    currency: Text = UNSET
    type_id: Id = UNSET
    warmth_id: Id = UNSET
    access: Text = UNSET
    responsible_id: Id = UNSET
    managers: list[int] | UnsetType = UNSET
    tags: list[int] | UnsetType = UNSET
    lists: list[int] | UnsetType = UNSET
    phones: list[PhoneForm] | UnsetType = UNSET
    channels: list[ChannelForm] | UnsetType = UNSET
    phone: str = ""
    phone2: str = ""
    email: str = ""
    values: dict[str, str] | UnsetType = UNSET
