"""Fields, types and other settings of the cards."""

from __future__ import annotations

from callcenter.http.routes import Route

ROUTES: tuple[Route, ...] = ()
