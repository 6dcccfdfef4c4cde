"""The call flow: the page of voice menus with simulated callers."""

from __future__ import annotations

from callcenter.features.callflow.pages import rest, site
from callcenter.features.callflow.usecases import looking
from callcenter.features.callflow.usecases.trying import TryBody
from callcenter.features.ivr import api as ivr
from callcenter.http.permissions import NUMBERS_EDIT
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature

ID = r"{id:\d{1,9}}"
ivr.add_pointing(looking.numbers_leading)

FEATURE = Feature(
    name="callflow",
    routes=(
        Route(
            "POST",
            "/api/v1/menus/simulate",
            rest.simulate,
            NUMBERS_EDIT,
            summary="Try a call to a number or a menu without a call: its way, and how it ends",
            body=TryBody,
            returns=rest.TriedView,
        ),
        Route("GET", "/menus", site.first, NUMBERS_EDIT),
        Route("GET", "/menus/new", site.new, NUMBERS_EDIT),
        Route("POST", "/menus/new", site.create, NUMBERS_EDIT),
        Route("GET", f"/menus/{ID}", site.one, NUMBERS_EDIT),
        Route("POST", f"/menus/{ID}", site.save, NUMBERS_EDIT),
        Route("POST", f"/menus/{ID}/main", site.main, NUMBERS_EDIT),
    ),
    nav=(NavItem("/menus", "Voice menus", "keypad", NUMBERS_EDIT, 71, below=True, group="routing"),),
)
