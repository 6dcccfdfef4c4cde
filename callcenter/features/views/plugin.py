"""Saved views: the index of the feature."""

from __future__ import annotations

from callcenter.features.views import pages
from callcenter.plugin import Feature

FEATURE = Feature(name="views", routes=pages.ROUTES)
