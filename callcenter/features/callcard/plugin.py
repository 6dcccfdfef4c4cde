"""The client on the page of a call: the index of the feature."""

from __future__ import annotations

from callcenter.features.callcard import pages
from callcenter.features.calls import api as calls
from callcenter.plugin import Feature

calls.add_part(pages.PART)

FEATURE = Feature(name="callcard", routes=pages.ROUTES)
