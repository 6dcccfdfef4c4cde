"""The search: the index of the feature."""

from __future__ import annotations

from callcenter.features.search import pages, usecases
from callcenter.http.permissions import SIGNED_IN
from callcenter.http.routes import Param, Route
from callcenter.plugin import Feature

FEATURE = Feature(
    name="search",
    routes=(
        # Each source names its own permission.
        Route(
            "GET",
            "/api/v1/search",
            pages.search,
            SIGNED_IN,
            summary="Finds clients, organisations, calls, employees and pages",
            params=(Param("q", "what to look for; * in front looks among employees only"),),
            returns=usecases.Found,
        ),
    ),
)
