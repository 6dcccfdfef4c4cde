"""Reminders: the index of the feature."""

from __future__ import annotations

from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import api as privacy
from callcenter.features.reminders.pages import rest, site
from callcenter.features.reminders.usecases import belonging, keeping
from callcenter.plugin import Feature, Job

contacts.add_section(site.SECTION)
contacts.add_merger(belonging.MERGER)
privacy.add_part(belonging.PART)
calls.add_part(site.PART)

FEATURE = Feature(
    name="reminders",
    routes=(*rest.ROUTES, *site.ROUTES),
    nav=site.NAV,
    jobs=(Job("reminders.tell", keeping.tell, every=2.0, first=3.0),),
)
