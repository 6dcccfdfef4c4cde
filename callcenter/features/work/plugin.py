"""Background jobs: the index of the feature."""

from __future__ import annotations

from callcenter.features.work import pages
from callcenter.features.work.usecases.running import office
from callcenter.plugin import Feature, Job, Services


async def _serve(services: Services) -> None:
    await office(services).serve()


async def _tidy(services: Services) -> None:
    await office(services).tidy()


async def _stop(services: Services) -> None:
    await office(services).stop()


FEATURE = Feature(
    name="work",
    routes=pages.ROUTES,
    # «serve» ends with an error only; it is then begun again.
    jobs=(Job("work", _serve, every=0.5), Job("work-tidy", _tidy, every=60.0, first=20.0)),
    on_stop=_stop,
)
