"""The API's description (OpenAPI 3.1), made from the routes themselves, and the page that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

from callcenter import __version__
from callcenter.http import render
from callcenter.http.permissions import SIGNED_IN
from callcenter.http.routes import Param, Route
from callcenter.http.site import site

_PLACE = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")
_REFS = "#/components/schemas/{name}"
_ERROR = {"$ref": "#/components/responses/Error"}


def openapi_routes() -> tuple[Route, ...]:
    """The description and its page."""
    return (
        # Open: tools read it before they have a token, and it holds nothing of any business.
        Route("GET", "/api/v1/openapi.json", _document, None, summary="This description"),
        Route("GET", "/api/docs", _docs, SIGNED_IN),
    )


async def _document(request: web.Request) -> web.Response:
    here = site(request)
    if here.openapi is None:
        here.openapi = msgspec.json.encode(describe(here.routes))
    return web.Response(body=here.openapi, content_type="application/json", headers={"Cache-Control": "no-cache"})


async def _docs(request: web.Request) -> web.Response:
    document = describe(site(request).routes)
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = {"method": method.upper(), "path": path, **operation}
            entry["body_schema"] = _body_schema(operation)
            entry["returns_schema"] = _returns_schema(operation)
            groups.setdefault(operation["tags"][0], []).append(entry)
    return render.page(request, "api/docs.html", groups=groups, schemas=document["components"]["schemas"])


def _body_schema(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("schema")


def _returns_schema(operation: dict[str, Any]) -> Any:
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            return answer.get("content", {}).get("application/json", {}).get("schema")
    return None


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of all routes below ``/api/v1``."""
    api = [route for route in routes if route.path.startswith("/api/v1/")]
    types = [kind for route in api for kind in (route.body, route.returns) if kind is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFS)
    by_type = {id(kind): schema for kind, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in api:
        operation = _operation(route, by_type)
        paths.setdefault(_PLACE.sub(r"{\1}", route.path), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Call centre API",
            "version": __version__,
            "description": "Everything a page can do. Moments are ISO 8601 in UTC, durations are seconds, telephone"
            " numbers are E.164. Fields may be added; none is renamed or removed within v1.",
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**components, "Error": _error_schema()},
            "responses": {
                "Error": {
                    "description": "What went wrong, in the reader's language",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "callcenter_session",
                    "description": "The browser's sign-in; changes also need the X-CSRF-Token header.",
                },
            },
        },
    }


def _operation(route: Route, by_type: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "tags": [route.path.removeprefix("/api/v1/").split("/")[0].partition(".")[0]],
        "summary": route.summary or route.path,
        "parameters": [*_path_params(route.path), *(_query_param(p) for p in route.params)],
        "security": [] if route.permission is None else [{"bearer": []}, {"session": []}],
        "responses": _responses(route, by_type),
    }
    if route.permission is not None:
        operation["x-permission"] = [route.permission, *route.any_of]
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_type[id(route.body)]}},
        }
    return operation


def _operation_id(route: Route) -> str:
    plain = _PLACE.sub(r"by_\1", route.path.removeprefix("/api/v1/"))
    return re.sub(r"\W+", "_", f"{route.method.lower()}_{plain}").strip("_")


def _path_params(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer"} if pattern and pattern.startswith(("\\d", "[0-9]")) else {"type": "string"},
        }
        for name, pattern in _PLACE.findall(path)
    ]


def _query_param(param: Param) -> dict[str, Any]:
    return {"name": param.name, "in": "query", "description": param.description, "schema": param.schema}


def _responses(route: Route, by_type: dict[int, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done"}
    if route.returns is not None:
        done["content"] = {route.media: {"schema": by_type[id(route.returns)]}}
    elif route.status != 204:
        done["content"] = {route.media: {"schema": {} if route.media == "application/json" else _BINARY}}
    responses: dict[str, Any] = {str(route.status): done}
    if route.permission is not None:
        responses |= {"401": _ERROR, "403": _ERROR}
    if "{" in route.path:
        responses["404"] = _ERROR
    if route.body is not None or route.params:
        responses["422"] = _ERROR
    return responses


_BINARY = {"type": "string"}


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string", "description": "Stable, for programs"},
                    "message": {"type": "string", "description": "For people"},
                    "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                    "detail": {"type": "string"},
                    "request_id": {"type": "string"},
                },
            }
        },
    }
