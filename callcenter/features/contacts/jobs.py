"""Timed work."""

from __future__ import annotations

import asyncio

from callcenter.features.contacts.usecases import zoning
from callcenter.features.work import api as work
from callcenter.plugin import Services


async def fill_zones(services: Services) -> None:
    """Works out where clients may be whose cards were written in bulk; others have the database between portions."""
    while True:
        began = asyncio.get_running_loop().time()
        if await zoning.fill(services) < zoning.PORTION:
            return
        await asyncio.sleep(work.rest(asyncio.get_running_loop().time() - began))
