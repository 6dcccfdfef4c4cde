"""Duplicates: the index of the feature."""

from __future__ import annotations

from callcenter.features.duplicates.pages import rest, site
from callcenter.plugin import Feature

FEATURE = Feature(name="duplicates", routes=(*rest.ROUTES, *site.ROUTES))
