"""Exports: the index of the feature."""

from __future__ import annotations

from callcenter.features.exports import jobs, pages
from callcenter.features.exports.usecases import running
from callcenter.features.work import api as work
from callcenter.http.permissions import CONTACTS_EXPORT
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature, Job

_ID = r"{id:\d{1,10}}"

work.register(running.KIND, running.run)

FEATURE = Feature(
    name="exports",
    routes=(
        Route(
            "GET",
            "/api/v1/exports",
            pages.export_list,
            CONTACTS_EXPORT,
            summary="Exports of clients, newest first",
            returns=pages.ExportList,
        ),
        Route(
            "POST",
            "/api/v1/exports",
            pages.export_start,
            CONTACTS_EXPORT,
            summary="Export clients as csv or xlsx, in the background",
            body=running.ExportForm,
            returns=running.ExportView,
            status=201,
        ),
        Route(
            "GET",
            f"/api/v1/exports/{_ID}",
            pages.export_one,
            CONTACTS_EXPORT,
            summary="How far an export is",
            returns=running.ExportView,
        ),
        Route(
            "DELETE",
            f"/api/v1/exports/{_ID}",
            pages.export_stop,
            CONTACTS_EXPORT,
            summary="Cancel an export that is not finished",
            status=204,
        ),
        Route(
            "GET",
            f"/api/v1/exports/{_ID}/file",
            pages.file,
            CONTACTS_EXPORT,
            summary="The file, kept for 24 hours",
            media="text/csv",
        ),
        Route("GET", "/exports", pages.page, CONTACTS_EXPORT),
        Route("POST", "/exports", pages.page_form, CONTACTS_EXPORT),
        Route("POST", f"/exports/{_ID}/cancel", pages.stop_form, CONTACTS_EXPORT),
    ),
    nav=(
        NavItem(
            "/exports", "Export of clients", "load", CONTACTS_EXPORT, 74, short="Export", below=True, group="service"
        ),
    ),
    jobs=(Job("exports.clean", jobs.clean, every=600, first=30),),
)
