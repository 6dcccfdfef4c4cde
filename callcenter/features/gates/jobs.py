"""Start, stop, and a comparison now and then, whatever events may have been lost."""

from __future__ import annotations

from callcenter.features.accounts import api as accounts
from callcenter.features.gates import queries, usecases
from callcenter.features.gates.gateway import Gates
from callcenter.plugin import Services


async def start(services: Services) -> None:
    """Begins to keep Asterisk's database, and tells again what is closed."""
    await services.part(Gates, Gates).start()
    async with services.db.system() as session:
        businesses = await accounts.businesses(session)
    for one in businesses:
        if one.settings.get(queries.CLOSED):
            usecases.tell(services, one)


async def stop(services: Services) -> None:
    """Stops."""
    await services.part(Gates, Gates).stop()


async def compare(services: Services) -> None:
    """Numbers may have been erased, or Asterisk's database changed by hand."""
    services.part(Gates, Gates).touch(read=True)
