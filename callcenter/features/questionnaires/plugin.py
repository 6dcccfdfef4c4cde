"""Questionnaires: the index of the feature."""

from __future__ import annotations

from callcenter.features.calls import api as calls
from callcenter.features.contacts import api as contacts
from callcenter.features.privacy import api as privacy
from callcenter.features.questionnaires.pages import editing, results
from callcenter.features.questionnaires.usecases import belonging
from callcenter.plugin import Feature

contacts.add_history(results.HISTORY)
contacts.add_merger(belonging.MERGER)
privacy.add_part(belonging.PART)
calls.add_part(results.PART)

FEATURE = Feature(name="questionnaires", routes=(*editing.ROUTES, *results.ROUTES))
