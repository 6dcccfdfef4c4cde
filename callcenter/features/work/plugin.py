"""Background jobs: the index of the feature."""

from __future__ import annotations

from callcenter.features.work.usecases.running import office
from callcenter.plugin import Feature, Job, Services


async def _turn(services: Services) -> None:
    await office(services).turn()


async def _stop(services: Services) -> None:
    await office(services).stop()


FEATURE = Feature(name="work", jobs=(Job("work", _turn, every=0.5),), on_stop=_stop)
