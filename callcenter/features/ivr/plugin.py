"""Voice menus: kept and changed here, read by the dialplan; their page is that of the call flow."""

from __future__ import annotations

from callcenter.features.ivr import pages
from callcenter.http.permissions import NUMBERS_EDIT, NUMBERS_SEE
from callcenter.http.routes import Param, Route
from callcenter.plugin import Feature

API = "/api/v1/menus"
ID = r"{id:\d{1,9}}"
APPLY = (Param("apply", "1 = apply all changes of the routing at once, when the checks find no fault"),)

FEATURE = Feature(
    name="ivr",
    routes=(
        Route("GET", API, pages.menu_list, NUMBERS_SEE, summary="Voice menus", returns=pages.MenuList),
        Route("GET", f"{API}/{ID}", pages.menu_one, NUMBERS_SEE, summary="One voice menu", returns=pages.MenuView),
        Route(
            "POST",
            API,
            pages.menu_create,
            NUMBERS_EDIT,
            summary="Make a voice menu; the first one is the main one",
            body=pages.MenuBody,
            returns=pages.MenuView,
            params=APPLY,
            status=201,
        ),
        Route(
            "PUT",
            f"{API}/{ID}",
            pages.menu_put,
            NUMBERS_EDIT,
            summary="Write a voice menu anew",
            body=pages.MenuBody,
            returns=pages.MenuView,
            params=APPLY,
        ),
        Route(
            "DELETE",
            f"{API}/{ID}",
            pages.menu_delete,
            NUMBERS_EDIT,
            summary="Delete a voice menu that nothing leads to",
            returns=pages.MenuView,
            params=APPLY,
        ),
        Route(
            "PUT",
            f"{API}/{ID}/main",
            pages.menu_main,
            NUMBERS_EDIT,
            summary="Make a voice menu the main one, which new numbers get offered",
            returns=pages.MenuView,
            params=APPLY,
        ),
    ),
)
