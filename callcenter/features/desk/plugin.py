"""The start page: an agent's place of work."""

from __future__ import annotations

from callcenter.features.desk import pages
from callcenter.http.permissions import SIGNED_IN
from callcenter.http.routes import NavItem, Route
from callcenter.plugin import Feature

FEATURE = Feature(
    name="desk",
    routes=(Route("GET", "/", pages.show, SIGNED_IN),),
    nav=(NavItem("/", "Work place", "desk", SIGNED_IN, 0, short="Desk"),),
)
