"""Self-test, echo and line test, the quality of each call: the index of the feature."""

from __future__ import annotations

from callcenter.features.selftest import pages
from callcenter.http.permissions import CALLS_ALL, PHONE_USE
from callcenter.http.routes import NavItem
from callcenter.plugin import Feature

FEATURE = Feature(
    name="selftest",
    routes=pages.ROUTES,
    nav=(
        NavItem("/self-test", "Self-test", "check", PHONE_USE, 85, below=True, group="service"),
        NavItem("/line-reports", "Line reports", "info", CALLS_ALL, 86, below=True, group="service"),
    ),
)
