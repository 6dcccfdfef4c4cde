"""Scripts: the index of the feature."""

from __future__ import annotations

from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.mail import api as mail
from callcenter.features.privacy import api as privacy
from callcenter.features.questionnaires import api as questionnaires
from callcenter.features.scripts import queries
from callcenter.features.scripts.pages import editing, working
from callcenter.features.scripts.usecases import belonging, binding, filters, templates
from callcenter.plugin import Feature

calls.add_outcomes(queries.briefs)
calls.add_part(working.PART)
contacts.add_merger(belonging.MERGER)
for field in filters.FIELDS:
    contacts.add_filter(field)
privacy.add_part(belonging.PART)
questionnaires.add_binder(binding.bound)
mail.add_user(templates.users)

FEATURE = Feature(name="scripts", routes=(*editing.ROUTES, *working.ROUTES), nav=editing.NAV)
