"""E-mail: the index of the feature."""

from __future__ import annotations

from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.mail.gateway.postman import Postman
from callcenter.features.mail.pages import files as file_pages
from callcenter.features.mail.pages import letters, servers
from callcenter.features.mail.usecases import belonging, files
from callcenter.features.mail.usecases.outbox import Outbox
from callcenter.features.privacy import api as privacy
from callcenter.plugin import Feature, Job, Services

contacts.add_history(letters.HISTORY)
contacts.add_merger(belonging.MERGER)
privacy.add_part(belonging.PART)
calls.add_part(letters.PART)


async def _start(services: Services) -> None:
    await services.part(Outbox, Outbox).start()


async def _stop(services: Services) -> None:
    await services.part(Outbox, Outbox).stop()
    await services.part(Postman, Postman).stop()


FEATURE = Feature(
    name="mail",
    routes=(*servers.ROUTES, *letters.ROUTES, *file_pages.ROUTES),
    nav=servers.NAV,
    jobs=(Job("mail.sweep", files.sweep, every=600.0, first=30.0),),
    on_start=_start,
    on_stop=_stop,
)
