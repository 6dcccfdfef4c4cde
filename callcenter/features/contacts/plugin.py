"""Contacts: who has a number, cards for unknown numbers, clients."""

from __future__ import annotations

from callcenter.core.events import CallEnded, CallUpdated
from callcenter.features.contacts import handlers, pages
from callcenter.features.contacts.usecases.keeping import ClientForm
from callcenter.http.permissions import CONTACTS_SEE
from callcenter.http.routes import Route
from callcenter.plugin import Feature, Subscription

ID = r"{id:\d{1,9}}"

FEATURE = Feature(
    name="contacts",
    routes=(
        Route(
            "GET",
            f"/api/v1/contacts/{ID}",
            pages.contact_one,
            CONTACTS_SEE,
            summary="A contact with its numbers",
            returns=pages.ContactView,
        ),
        Route(
            "POST",
            "/api/v1/contacts",
            pages.contact_create,
            CONTACTS_SEE,
            summary="Save a new client",
            body=ClientForm,
            returns=pages.ContactView,
            status=201,
        ),
        Route(
            "PUT",
            f"/api/v1/contacts/{ID}",
            pages.contact_save,
            CONTACTS_SEE,
            summary="Make a client of a contact, or change one; numbers are added, the history stays",
            body=ClientForm,
            returns=pages.ContactView,
        ),
        Route("GET", f"/contacts/{ID}", pages.contact_page, CONTACTS_SEE),
        Route("POST", f"/contacts/{ID}", pages.contact_form, CONTACTS_SEE),
    ),
    subscriptions=(
        Subscription(CallUpdated, handlers.call_updated, "contacts"),
        Subscription(CallEnded, handlers.call_ended, "contacts"),
    ),
)
