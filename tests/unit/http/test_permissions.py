"""Every route × every role × both businesses: allowed exactly as declared, and a guessed id is not found."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from callcenter.features.agents.models import PauseReason
from callcenter.features.calls.models import CallRecord
from callcenter.features.queues.models import Queue
from callcenter.http.permissions import ALL, ROLE_PERMISSIONS, ROLES, SIGNED_IN
from callcenter.http.routes import Route
from callcenter.http.site import SITE
from callcenter.plugin import Services
from callcenter.storage.scope import Database
from tests.support.house import NOW, House

# Routes without sign-in, and why.
OPEN = {
    ("GET", "/sign-in"): "nobody is signed in yet",
    ("POST", "/sign-in"): "nobody is signed in yet",
    ("POST", "/api/v1/session"): "nobody is signed in yet",
    ("GET", "/language"): "the language of the sign-in page",
    ("GET", r"/forms/{token:[\w-]{16,64}}"): "strangers fill in a form of a site",
    ("POST", r"/forms/{token:[\w-]{16,64}}"): "strangers fill in a form of a site",
    (
        "GET",
        r"/softphone/set-up/{token:[A-Za-z0-9_-]{20,60}}",
    ): "a phone fetches its settings by a link that is good once",
    ("POST", r"/api/v1/lists/{token:[\w-]{16,64}}/clients"): "a site adds a client; the address is secret",
    ("OPTIONS", r"/api/v1/lists/{token:[\w-]{16,64}}/clients"): "browsers ask it before a script may send",
    ("GET", r"/screen/{token:[\w-]{16,64}}"): "a screen on the wall; the address is secret",
    ("GET", r"/screen/{token:[\w-]{16,64}}/state"): "a screen on the wall; the address is secret",
    ("GET", "/api/v1/openapi.json"): "tools read it before they have a token; it holds nothing of any business",
}
# Answers that would end what the other requests of this test need, or that never end.
SKIPPED_WHEN_ALLOWED = {"/api/v1/events"}
_PLACE = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})+)?\}")


def routes_of(client: TestClient[Any, Any]) -> tuple[Route, ...]:
    return client.app[SITE].routes


def address(path: str, value: str = "987654321") -> str:
    return _PLACE.sub(value, path)


async def ask(client: TestClient[Any, Any], route: Route, headers: dict[str, str], value: str = "987654321") -> int:
    answer = await client.request(
        route.method,
        address(route.path, value),
        headers={**headers, "Accept": "application/json"},
        json={} if route.method in ("POST", "PUT", "PATCH") else None,
        allow_redirects=False,
    )
    answer.close()
    return answer.status


async def test_every_route_names_a_permission_or_is_known_to_be_open(client: TestClient[Any, Any]) -> None:
    for route in routes_of(client):
        if route.permission is None:
            assert (route.method, route.path) in OPEN, f"{route.method} {route.path} is open to everybody"
        for name in (route.permission, *route.any_of):
            assert name is None or name in ALL, f"{route.path} needs {name}, which no role has"


async def test_nobody_gets_in_without_sign_in(client: TestClient[Any, Any], house: House) -> None:
    for route in routes_of(client):
        if route.permission is not None:
            assert await ask(client, route, {}) == 401, f"{route.method} {route.path}"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("business", ["a", "b"])
async def test_roles_get_exactly_what_is_declared(
    client: TestClient[Any, Any], house: House, role: str, business: str
) -> None:
    headers = house.headers(f"{role}@{business}")
    wrong = []
    for route in routes_of(client):
        if route.permission is None:
            continue
        wanted = {route.permission, *route.any_of}
        allowed = SIGNED_IN in wanted or bool(wanted & ROLE_PERMISSIONS[role])  # type: ignore[index]
        if allowed and route.path in SKIPPED_WHEN_ALLOWED:
            continue
        status = await ask(client, route, headers)
        refused = status == 403
        if refused == allowed or status >= 500:
            wrong.append(f"{route.method} {route.path}: {status}, {'allowed' if allowed else 'not allowed'}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture
async def of_b(db: Database, house: House) -> dict[str, str]:
    """Ids of things of business B, which business A tries."""
    b = house.businesses["b"]
    async with db.system() as session:
        queue = Queue(business_id=b, name="secret", created_at=NOW)
        reason = PauseReason(business_id=b, name="secret")
        session.add_all(
            [queue, reason, CallRecord(business_id=b, id="99.1", direction="in", started_at=NOW, result="missed")]
        )
        await session.flush()
        return {
            "queues": str(queue.id),
            "calls": "99.1",
            "pause-reasons": str(reason.id),
            "reasons": str(reason.id),
            "agents": str(house.people["operator@b"].agent_id),
        }


async def test_guessed_ids_of_another_business_are_not_found(
    client: TestClient[Any, Any], house: House, of_b: dict[str, str], services: Services
) -> None:
    tried = 0
    for route in routes_of(client):
        if "{" not in route.path or route.permission is None:
            continue
        kind = next((k for k in of_b if f"/{k}/{{" in route.path), None)
        value = of_b[kind] if kind else "1"
        if kind is None and re.search(r"/(sessions|tokens)/", route.path):
            # Token 1 belongs to somebody else of the same installation.
            value = "6"
        if kind is None and "/versions/" in route.path:
            # Each business counts its own versions of the routing.
            value = "9"
        status = await ask(client, route, house.headers("owner@a"), value)
        # 422: what was sent is judged before the object is looked for; it tells nothing about the object.
        assert status in (404, 422), f"{route.method} {address(route.path, value)}: {status}"
        tried += kind is not None
    assert tried >= 5
