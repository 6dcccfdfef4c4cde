"""Imports: the index of the feature."""

from __future__ import annotations

from callcenter.features.imports import jobs
from callcenter.features.imports.pages import rest, wizard
from callcenter.features.imports.usecases import loading, undoing
from callcenter.features.work import api as work
from callcenter.plugin import Feature, Job

work.register(loading.KIND, loading.run)
work.register(undoing.KIND, undoing.run)

FEATURE = Feature(
    name="imports",
    routes=(*rest.ROUTES, *wizard.ROUTES),
    jobs=(Job("imports.tidy", jobs.tidy, every=3600, first=120),),
)
