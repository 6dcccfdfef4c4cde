"""Contacts: who has a number, cards for unknown numbers, clients."""

from __future__ import annotations

from callcenter.features.contacts import jobs
from callcenter.features.contacts.pages import (
    bulk,
    card,
    dialbook,
    files,
    history,
    labels,
    listing,
    organisations,
    setup,
)
from callcenter.plugin import Feature, Job

FEATURE = Feature(
    name="contacts",
    nav=listing.NAV,
    routes=(
        *listing.ROUTES,
        *card.ROUTES,
        *history.ROUTES,
        *files.ROUTES,
        *organisations.ROUTES,
        *setup.ROUTES,
        *labels.ROUTES,
        *bulk.ROUTES,
        *dialbook.ROUTES,
    ),
    jobs=(Job("contacts.zones", jobs.fill_zones, every=3.0, first=2.0),),
)
