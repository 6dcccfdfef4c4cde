"""The server around the handlers: bodies, errors, headers, static files, health, the API's description."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from callcenter.core.errors import BadInput
from callcenter.http import middleware, render
from callcenter.http.assets import Assets
from callcenter.http.openapi import describe
from callcenter.http.permissions import SIGNED_IN
from callcenter.http.routes import Param, Route
from callcenter.http.site import SITE
from callcenter.plugin import Services
from tests.support.house import House, sign_in

Client = TestClient[Any, Any]


class Wish(msgspec.Struct):
    name: str
    count: int
    tags: list[str] = []


def test_every_wrong_field_is_named() -> None:
    with pytest.raises(BadInput) as caught:
        render.decode(b'{"name": 5, "tags": "x"}', Wish)
    assert set(caught.value.fields) == {"name", "count", "tags"}
    assert caught.value.fields["count"] == "Fill in this field."


def test_forms_give_numbers_and_lists() -> None:
    assert render.convert({"name": "x", "count": "7", "tags": ["a"]}, Wish, strict=False) == Wish("x", 7, ["a"])
    with pytest.raises(BadInput):
        render.convert({"name": "x", "count": "seven"}, Wish, strict=False)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"name": "\\ud800", "count": 1}',
        b'{"name": "a\\u0000b", "count": 1}',
        b'{"name": "x", "count": 1e400}',
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1",
    ],
)
def test_bad_json_is_an_expected_error(raw: bytes) -> None:
    with pytest.raises(BadInput):
        render.decode(raw, Wish)


def test_depth_counts_brackets_outside_of_strings_only() -> None:
    assert not render.too_deep(json.dumps({"a": "[" * 500 + '\\"{' * 100}).encode())
    assert not render.too_deep(b"[[]]" * 1000)
    assert render.too_deep(b"[" * 33 + b"]" * 33)
    assert not render.too_deep(b"[" * 32 + b"]" * 32)


async def test_health_says_which_part_is_down(
    client: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await client.get("/healthz")
    assert answer.status == 200
    assert set(await answer.json()) == {"status", "asterisk", "database", "version"}
    services.telephony.is_up = False  # type: ignore[attr-defined]
    answer = await client.get("/healthz")
    assert (answer.status, (await answer.json())["asterisk"]) == (503, "down")
    services.telephony.is_up = True  # type: ignore[attr-defined]

    def gone() -> Any:
        raise OSError("no database")

    monkeypatch.setattr(type(services.db.engine), "connect", lambda _: gone())
    answer = await client.get("/healthz")
    assert (answer.status, (await answer.json())["database"]) == (503, "down")


async def test_every_answer_has_the_headers_that_keep_a_page_to_itself(client: Client, house: House) -> None:
    for path in ("/sign-in", "/profile", "/nothing", "/static/nothing.js", "/api/v1/me", "/healthz"):
        answer = await client.get(path, headers=house.headers("operator@a"))
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
        assert "unsafe-eval" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", 404), ("/queues/999999", 404), ("/queues/99999999999999999999", 404)]
)
async def test_an_error_page_has_a_main_and_the_readers_language(
    client: Client, house: House, path: str, status: int
) -> None:
    for language, word in (("ru", "На главную"), ("en", "To the start page")):
        await client.patch("/api/v1/me", json={"language": language}, headers=house.headers("owner@a"))
        answer = await client.get(path, headers=house.headers("owner@a"))
        text = await answer.text()
        assert answer.status in (status, 405)
        assert '<main id="main"' in text
        assert word in text


async def test_api_errors_are_json_in_the_readers_language(client: Client, house: House) -> None:
    answer = await client.get("/api/v1/nothing", headers=house.headers("owner@a"))
    assert (answer.status, (await answer.json())["error"]["code"]) == (404, "not_found")
    answer = await client.put("/api/v1/me", headers=house.headers("owner@a"))
    assert (answer.status, (await answer.json())["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
    answer = await client.patch("/api/v1/me", data=b"{", headers={**house.headers("owner@a"), **JSON})
    assert (answer.status, (await answer.json())["error"]["code"]) == (422, "bad_json")
    answer = await client.patch("/api/v1/me", json={"theme": "pink"}, headers=house.headers("owner@a"))
    error = (await answer.json())["error"]
    assert error["fields"] == {"theme": "Такое значение не подходит."}
    assert error["request_id"] == answer.headers["X-Request-Id"]


JSON = {"Content-Type": "application/json"}


async def test_too_much_is_refused(client: Client, house: House) -> None:
    headers = {**house.headers("owner@a"), **JSON}
    answer = await client.patch("/api/v1/me", data=b'{"name": "' + b"x" * 3_000_000 + b'"}', headers=headers)
    assert (answer.status, (await answer.json())["error"]["code"]) == (413, "too_large")


async def test_a_nul_in_an_address_is_refused(client: Client, house: House) -> None:
    from yarl import URL

    answer = await client.get(URL("/calls?q=%00", encoded=True), headers=house.headers("owner@a"))
    assert answer.status == 400


async def test_a_fault_is_told_without_its_stack(
    client: Client, house: House, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("inner secret")

    services.live.snapshot = broken  # type: ignore[method-assign]
    answer = await client.get("/api/v1/live", headers=house.headers("owner@a"))
    text = await answer.text()
    assert answer.status == 500
    assert "inner secret" not in text
    assert answer.headers["X-Request-Id"] in text
    assert "inner secret" in caplog.text


def test_static_files_are_named_by_content_and_never_leave_the_folder(tmp_path: Any) -> None:
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "a.js").write_text("one")
    (tmp_path / "secret").write_text("x")
    assets = Assets(folder)
    first = assets.url("a.js")
    assert first.startswith("/static/a.js?v=")
    (folder / "a.js").write_text("two!")
    assert assets.url("a.js") != first
    assert assets.url("none.js") == "/static/none.js"
    for name in ("../secret", "/etc/passwd", "a.js/../../secret", "..", "", "\x00"):
        assert assets.find(name) is None


async def test_static_files_are_kept_for_a_year_under_their_hash(client: Client) -> None:
    assets = client.app[SITE].assets
    answer = await client.get(assets.url("icons.svg"))
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    plain = await client.get("/static/icons.svg")
    assert plain.headers["Cache-Control"] == "no-cache"
    again = await client.get("/static/icons.svg", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status == 304


async def test_texts_for_scripts(client: Client) -> None:
    russian = await (await client.get("/texts/ru.json")).json()
    assert russian["Sign in first."] == "Сначала войдите."
    assert await (await client.get("/texts/en.json")).json() == {}
    assert (await client.get("/texts/xx.json")).status == 404


@pytest.mark.rule("PLT-01")
async def test_the_same_page_in_the_persons_language(client: Client, house: House) -> None:
    for language, title in (("ru", "Профиль"), ("en", "My profile")):
        await client.patch("/api/v1/me", json={"language": language}, headers=house.headers("owner@a"))
        text = await (await client.get("/profile", headers=house.headers("owner@a"))).text()
        assert f'<html lang="{language}"' in text
        assert title in text
    browser = {"Accept-Language": "en"}
    assert "Sign in" in await (await client.get("/sign-in", headers=browser)).text()
    await client.get("/language?to=ru", headers=browser)
    assert "Войти" in await (await client.get("/sign-in", headers=browser)).text()


# --- the API's description -----------------------------------------------------------------------------


@pytest.mark.rule("PLT-05")
async def test_openapi_is_valid_and_names_every_api_route(client: Client) -> None:
    answer = await client.get("/api/v1/openapi.json")
    document = await answer.json()
    OpenAPIV31SpecValidator(document).validate()
    described = {(method, path) for path, methods in document["paths"].items() for method in methods}
    routes = [route for route in client.app[SITE].routes if route.path.startswith("/api/v1/")]
    assert len(described) == len(routes) > 20
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
    for route in routes:
        assert route.summary, f"{route.method} {route.path} does not say what it does"


def test_openapi_of_a_route() -> None:
    async def nothing(request: Any) -> Any: ...

    route = Route(
        "POST",
        r"/api/v1/things/{id:\d{1,9}}/do",
        nothing,
        SIGNED_IN,
        any_of=("calls.own",),
        summary="Do it",
        body=Wish,
        returns=list[Wish],
        params=(Param("dry", "do nothing", {"type": "boolean"}),),
        status=201,
    )
    operation = describe([route])["paths"]["/api/v1/things/{id}/do"]["post"]
    assert operation["parameters"][0] == {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Wish"}
    assert operation["x-permission"] == ["signed_in", "calls.own"]
    assert set(operation["responses"]) == {"201", "401", "403", "404", "422"}


@pytest.mark.rule("PLT-05")
async def test_the_description_can_be_browsed(client: Client, house: House) -> None:
    text = await (await client.get("/api/docs", headers=house.headers("operator@a"))).text()
    for route in client.app[SITE].routes:
        if route.path.startswith("/api/v1/"):
            assert route.summary.split("'")[0] in text


@pytest.mark.rule("PLT-05")
async def test_every_change_a_page_can_make_has_an_api(client: Client) -> None:
    """A form's route has a sibling below /api/v1 that takes the same kind of change."""
    api = [r.path for r in client.app[SITE].routes if r.path.startswith("/api/v1/") and r.method != "GET"]
    without = []
    for route in client.app[SITE].routes:
        if route.method == "GET" or route.path.startswith("/api/v1/"):
            continue
        subject = _SUBJECTS.get(route.path, route.path.split("/")[1])
        if not any(path.split("/")[3] == subject for path in api):
            without.append(f"{route.method} {route.path} ({subject})")
    assert not without, "\n".join(without)


# Pages whose API stands under another name.
_SUBJECTS = {
    "/sign-in": "session",
    "/sign-out": "session",
    "/business": "session",
    "/profile": "me",
    "/calling": "calling-settings",
    "/my-number": "me",
    "/softphone/password": "me",
    "/confirm": "confirmations",
    "/mail": "mail-servers",
    r"/mail/{id:\d{1,9}}": "mail-servers",
    r"/mail/{id:\d{1,9}}/delete": "mail-servers",
    r"/mail/{id:\d{1,9}}/test": "mail-servers",
    "/confirm/code": "confirmations",
    "/profile/password": "me",
    r"/profile/sessions/{id:\d{1,18}}/end": "sessions",
    "/profile/sessions/end-others": "sessions",
    "/profile/sessions/end-all": "sessions",
    "/profile/tokens": "tokens",
    r"/forms/{token:[\w-]{16,64}}": "lists",
    r"/profile/tokens/{id:\d{1,18}}/revoke": "tokens",
}


# --- the stream ----------------------------------------------------------------------------------------


async def test_the_stream_begins_with_a_snapshot_and_ends_with_the_server(client: Client, house: House) -> None:
    answer = await client.get("/api/v1/events", headers=house.headers("supervisor@a"))
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    async with asyncio.timeout(5):
        assert await answer.content.readline() == b"retry: 2000\n"
        await answer.content.readline()
        lines = [await answer.content.readline(), await answer.content.readline()]
    assert lines[0] == b"event: snapshot\n"
    shown = json.loads(lines[1].removeprefix(b"data: "))
    assert {"rev", "now", "link_up", "calls", "agents", "queues"} <= set(shown)
    async with asyncio.timeout(10):
        await client.close()


async def test_a_stream_ends_with_its_sign_in(client: Client, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from callcenter.features.stream import pages

    monkeypatch.setattr(pages, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(pages, "RECHECK_SECONDS", 0.05)
    csrf = await sign_in(client, "supervisor@a.example")
    answer = await client.get("/api/v1/events")
    async with asyncio.timeout(5):
        while await answer.content.readline() != b": still here\n":
            pass
    await client.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
    async with asyncio.timeout(5):
        await answer.content.read()
    assert (await client.get("/api/v1/events")).status == 401


def test_numbers_in_paths_are_found() -> None:
    assert middleware.numbers_in(r"/a/{id:\d+}/b/{n:[0-9]{1,4}}/{name}") == ("id", "n")
    assert middleware.numbers_in(r"/calls/{id:[^/]+}") == ()


async def test_json_is_known_without_its_type(client: Client, house: House) -> None:
    """What `curl -d '{…}'` sends says that it is a form."""
    headers = house.headers("owner@a") | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.patch("/api/v1/me", data='{"theme": "dark"}', headers=headers)
    assert answer.status == 204
    assert (await (await client.get("/api/v1/me", headers=house.headers("owner@a"))).json())["theme"] == "dark"
