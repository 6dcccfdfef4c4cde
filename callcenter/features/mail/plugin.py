"""E-mail."""

from __future__ import annotations

from callcenter.features.mail.gateway import Postman
from callcenter.plugin import Feature, Services


async def _stop(services: Services) -> None:
    await services.part(Postman, Postman).stop()


FEATURE = Feature(name="mail", on_stop=_stop)
