"""Tags and lists of clients."""

from __future__ import annotations

from callcenter.http.routes import Route

ROUTES: tuple[Route, ...] = ()
