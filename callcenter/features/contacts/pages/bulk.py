"""What is done with many clients at once."""

from __future__ import annotations

from callcenter.http.routes import Route

ROUTES: tuple[Route, ...] = ()
