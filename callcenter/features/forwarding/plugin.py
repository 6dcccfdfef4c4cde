"""Employees' own telephones for forwarded calls."""

from __future__ import annotations

from callcenter.features.forwarding import pages
from callcenter.http.permissions import NUMBERS_EDIT, PHONE_USE
from callcenter.http.routes import Route
from callcenter.plugin import Feature

ID = r"{id:\d{1,9}}"

FEATURE = Feature(
    name="forwarding",
    routes=(
        Route(
            "GET",
            "/api/v1/telephone",
            pages.mine,
            PHONE_USE,
            summary="My own telephone for forwarded calls",
            returns=pages.TelephoneView,
        ),
        Route(
            "PUT",
            "/api/v1/telephone",
            pages.set_mine,
            PHONE_USE,
            summary="Enter my own telephone; an administrator approves it",
            body=pages.TelephoneBody,
            returns=pages.TelephoneView,
        ),
        Route(
            "GET",
            "/api/v1/telephones",
            pages.listing,
            NUMBERS_EDIT,
            summary="Employees' own telephones",
            returns=pages.TelephoneList,
        ),
        Route(
            "PUT",
            f"/api/v1/telephones/{ID}",
            pages.set_approval,
            NUMBERS_EDIT,
            summary="Approve an employee's telephone, or take the approval away",
            body=pages.ApprovalBody,
            returns=pages.TelephoneList,
        ),
        Route("GET", "/telephone", pages.my_page, PHONE_USE),
        Route("POST", "/telephone", pages.save_mine, PHONE_USE),
        Route("GET", "/telephones", pages.list_page, NUMBERS_EDIT),
        Route("POST", f"/telephones/{ID}", pages.approve, NUMBERS_EDIT),
    ),
)
