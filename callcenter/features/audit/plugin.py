"""The audit log's page: the index of the feature."""

from __future__ import annotations

from callcenter.features.audit import pages
from callcenter.http.permissions import AUDIT_SEE
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature

FEATURE = Feature(
    name="audit",
    routes=(
        Route(
            "GET",
            "/api/v1/audit",
            pages.listing,
            AUDIT_SEE,
            summary="Who did what to what, from where, when; newest first",
            params=pages.PARAMS,
            returns=pages.EntryList,
        ),
        Route(
            "GET",
            "/api/v1/audit/file",
            pages.file,
            AUDIT_SEE,
            summary="The same as a csv file",
            params=pages.PARAMS[:-1],
            media="text/csv",
        ),
        Route("GET", "/audit", pages.page, AUDIT_SEE),
    ),
    nav=(NavItem("/audit", "Audit log", "shield", AUDIT_SEE, 90, short="Audit", below=True, group="service"),),
)
