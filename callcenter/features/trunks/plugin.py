"""Lines to operators: the index of the feature."""

from __future__ import annotations

from callcenter.features.trunks import pages
from callcenter.features.trunks.usecases import TrunkForm
from callcenter.http.permissions import NUMBERS_EDIT
from callcenter.http.routes import Route
from callcenter.plugin import Feature

ID = r"{id:\d{1,9}}"
_API = "/api/v1/trunks"

FEATURE = Feature(
    name="trunks",
    routes=(
        Route("GET", _API, pages.trunk_list, NUMBERS_EDIT, summary="Lines to operators", returns=pages.TrunkList),
        Route(
            "POST",
            _API,
            pages.trunk_create,
            NUMBERS_EDIT,
            summary="Connect a PBX or an operator",
            body=TrunkForm,
            returns=pages.TrunkView,
            status=201,
        ),
        Route(
            "GET",
            f"{_API}/states",
            pages.trunk_states,
            NUMBERS_EDIT,
            summary="Live states of the lines: registered, refused and why, reachable, latency",
            returns=pages.StateList,
        ),
        Route(
            "POST",
            f"{_API}/test",
            pages.trunk_test,
            NUMBERS_EDIT,
            summary="Try a line before it is saved: nothing is changed",
            body=TrunkForm,
            returns=pages.Tried,
        ),
        Route(
            "POST",
            f"{_API}/{ID}/test",
            pages.trunk_test,
            NUMBERS_EDIT,
            summary="Try changes of a line before they are saved, with its own password if none is sent",
            body=TrunkForm,
            returns=pages.Tried,
        ),
        Route(
            "PUT",
            f"{_API}/{ID}",
            pages.trunk_change,
            NUMBERS_EDIT,
            summary="Change a line; an empty password keeps the one there is",
            body=TrunkForm,
            returns=pages.TrunkView,
        ),
        Route("DELETE", f"{_API}/{ID}", pages.trunk_disconnect, NUMBERS_EDIT, summary="Disconnect a line", status=204),
        Route(
            "POST",
            f"{_API}/{ID}/connect",
            pages.trunk_connect,
            NUMBERS_EDIT,
            summary="Connect a line again as it was",
            returns=pages.TrunkView,
        ),
        Route("GET", "/trunks", pages.show, NUMBERS_EDIT),
        Route("POST", "/trunks", pages.submit, NUMBERS_EDIT),
        Route("POST", f"/trunks/{ID}", pages.submit, NUMBERS_EDIT),
        Route("POST", f"/trunks/{ID}/disconnect", pages.disconnect, NUMBERS_EDIT),
        Route("POST", f"/trunks/{ID}/connect", pages.connect, NUMBERS_EDIT),
    ),
)
