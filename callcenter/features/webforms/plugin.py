"""Web forms: the index of the feature."""

from __future__ import annotations

from callcenter.features.webforms.pages import public, setup
from callcenter.features.webforms.usecases.keeping import FormForm
from callcenter.features.webforms.usecases.receiving import Accepted
from callcenter.http.permissions import CONTACTS_SETUP
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature

_ID = r"{id:\d{1,10}}"
_PLACE = r"{token:[\w-]{16,64}}"
_OF_LIST = f"/api/v1/lists/{_PLACE}/clients"

FEATURE = Feature(
    name="webforms",
    routes=(
        # Open: strangers fill in a form on a site, and a site's program sends what was typed there. Neither can be
        # signed in; the secret part of the address says for which business and list it is.
        Route("GET", f"/forms/{_PLACE}", public.show, None, open=True),
        Route("POST", f"/forms/{_PLACE}", public.submit, None, open=True),
        Route(
            "POST",
            _OF_LIST,
            public.add_client,
            None,
            summary="Add a client to a list from a site: name, phone, email, comment and others, as JSON or as a form",
            returns=Accepted,
            status=201,
            open=True,
        ),
        Route(
            "OPTIONS",
            _OF_LIST,
            public.preflight,
            None,
            summary="For browsers: scripts of any site may send",
            status=204,
            open=True,
        ),
        Route(
            "GET",
            "/api/v1/webforms",
            setup.form_list,
            CONTACTS_SETUP,
            summary="Forms for sites",
            returns=setup.FormList,
        ),
        Route(
            "POST",
            "/api/v1/webforms",
            setup.form_create,
            CONTACTS_SETUP,
            summary="Make a form for a site",
            body=FormForm,
            returns=setup.FormView,
            status=201,
        ),
        Route(
            "PUT",
            f"/api/v1/webforms/{_ID}",
            setup.form_change,
            CONTACTS_SETUP,
            summary="Change a form",
            body=FormForm,
            returns=setup.FormView,
        ),
        Route(
            "POST",
            f"/api/v1/webforms/{_ID}/token",
            setup.form_renew,
            CONTACTS_SETUP,
            summary="Give a form a new address",
            returns=setup.FormView,
        ),
        Route(
            "DELETE",
            f"/api/v1/webforms/{_ID}",
            setup.form_delete,
            CONTACTS_SETUP,
            summary="Delete a form",
            status=204,
        ),
        Route(
            "GET",
            "/api/v1/webforms/lists",
            setup.addresses,
            CONTACTS_SETUP,
            summary="Addresses of lists at which programs add clients",
            returns=setup.Addresses,
        ),
        Route(
            "POST",
            f"/api/v1/webforms/lists/{_ID}",
            setup.address_on,
            CONTACTS_SETUP,
            summary="Give a list a new address",
            returns=setup.ListAddress,
        ),
        Route(
            "DELETE",
            f"/api/v1/webforms/lists/{_ID}",
            setup.address_off,
            CONTACTS_SETUP,
            summary="Take a list's address away",
            status=204,
        ),
        Route("GET", "/webforms", setup.page, CONTACTS_SETUP),
        Route("POST", "/webforms", setup.save_form, CONTACTS_SETUP),
        Route("POST", f"/webforms/{_ID}", setup.save_form, CONTACTS_SETUP),
        Route("POST", f"/webforms/{_ID}/renew", setup.renew_form, CONTACTS_SETUP),
        Route("POST", f"/webforms/{_ID}/delete", setup.delete_form, CONTACTS_SETUP),
        Route("POST", f"/webforms/lists/{_ID}/on", setup.list_on_form, CONTACTS_SETUP),
        Route("POST", f"/webforms/lists/{_ID}/off", setup.list_off_form, CONTACTS_SETUP),
    ),
    nav=(
        NavItem(
            "/webforms",
            "Contacts from the site",
            "globe",
            CONTACTS_SETUP,
            76,
            short="Site forms",
            below=True,
            group="service",
        ),
    ),
)
