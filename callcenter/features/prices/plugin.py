"""What calls cost: the index of the feature."""

from __future__ import annotations

from callcenter.features.prices import pages
from callcenter.features.prices.usecases import PriceForm
from callcenter.http.permissions import SETTINGS_EDIT
from callcenter.http.routes import Route
from callcenter.plugin import Feature

ID = r"{id:\d{1,9}}"
API = "/api/v1/call-prices"

FEATURE = Feature(
    name="prices",
    routes=(
        Route("GET", API, pages.price_list, SETTINGS_EDIT, summary="What calls cost", returns=pages.PriceList),
        Route(
            "POST",
            API,
            pages.price_create,
            SETTINGS_EDIT,
            summary="Set a price",
            body=PriceForm,
            returns=pages.PriceView,
            status=201,
        ),
        Route(
            "PUT",
            f"{API}/{ID}",
            pages.price_change,
            SETTINGS_EDIT,
            summary="Change a price",
            body=PriceForm,
            returns=pages.PriceView,
        ),
        Route("DELETE", f"{API}/{ID}", pages.price_delete, SETTINGS_EDIT, summary="Take a price away", status=204),
        Route("GET", "/call-prices", pages.show, SETTINGS_EDIT),
        Route("POST", "/call-prices", pages.submit, SETTINGS_EDIT),
        Route("POST", f"/call-prices/{ID}", pages.submit, SETTINGS_EDIT),
        Route("POST", f"/call-prices/{ID}/delete", pages.remove, SETTINGS_EDIT),
    ),
)
