"""Contacts: who has a number, cards for unknown numbers, clients."""

from __future__ import annotations

import asyncio

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
from callcenter.features.contacts.rules import people
from callcenter.plugin import Feature, Job, Services


async def _start(_services: Services) -> None:
    """Reads the numbering plan beside the loop, before the first caller's place is asked for."""
    reading = asyncio.get_running_loop().run_in_executor(None, people.numbering)
    reading.add_done_callback(lambda done: done.cancelled() or done.exception())


FEATURE = Feature(
    name="contacts",
    on_start=_start,
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
