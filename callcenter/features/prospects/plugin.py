"""The calling page: the index of the feature."""

from __future__ import annotations

from callcenter.features.prospects import pages
from callcenter.plugin import Feature

FEATURE = Feature(name="prospects", nav=pages.NAV, routes=pages.ROUTES)
