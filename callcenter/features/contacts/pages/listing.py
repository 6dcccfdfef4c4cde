"""The lists of clients and organisations."""

from __future__ import annotations

from callcenter.http.routes import Route

ROUTES: tuple[Route, ...] = ()
