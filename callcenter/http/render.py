"""Answers: pages from templates, JSON from structs, errors as either; and what comes in, as structs."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from callcenter.core.errors import BadInput, NotSignedIn, ProductError, TooMany
from callcenter.core.i18n import N_
from callcenter.http.current import CURRENT, Current
from callcenter.http.routes import NavItem, grouped
from callcenter.http.site import LANGUAGE, REQUEST_ID, is_api, is_fragment, site
from callcenter.http.texts import LANGUAGES, Catalogue, choose

T = TypeVar("T")
MAX_DEPTH = 32
LANGUAGE_COOKIE = "callcenter_language"
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?')


def language(request: web.Request) -> str:
    """The language of the answer: the person's own, else the cookie's, else the browser's."""
    found = request.get(LANGUAGE)
    if found is None:
        person = request.get(CURRENT)
        wished = person.language if person is not None else ""
        if wished not in LANGUAGES:
            wished = request.cookies.get(LANGUAGE_COOKIE, "")
        if wished not in LANGUAGES:
            wished = choose(request.headers.get("Accept-Language", ""))
        found = request[LANGUAGE] = wished
    return found


def texts(request: web.Request) -> Catalogue:
    """The catalogue of the answer's language."""
    return site(request).texts.language(language(request))


def page(
    request: web.Request, template: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> web.Response:
    """A page from ``web/<template>``.

    Templates also see: current (None before sign-in), can(permission), nav, csrf, language, timezone, path, fragment
    (asked by htmx), request_id and the filters of http.templates.
    """
    found = render(request, template, **values)
    response = web.Response(text=found, status=status, content_type="text/html", headers=headers)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Vary"] = "Cookie, HX-Request, Accept-Language"
    return response


def render(request: web.Request, template: str, **values: Any) -> str:
    """The text of a template, with the values that every page has."""
    here = site(request)
    person: Current | None = request.get(CURRENT)
    common = {
        "current": person,
        "can": person.can if person else _cannot,
        "nav": (entries := nav(request)),
        "nav_groups": grouped(entries),
        "csrf": person.csrf if person else "",
        "language": language(request),
        "timezone": person.timezone if person else "UTC",
        "theme": person.theme if person else "auto",
        "path": request.path,
        "fragment": is_fragment(request),
        "request_id": request.get(REQUEST_ID, ""),
        "scripts_texts": f"/texts/{language(request)}.json?v={here.texts.for_scripts(language(request))[1]}",
    }
    environment = here.environments[language(request)]
    return str(environment.get_template(template).render(common | values))


def nav(request: web.Request) -> list[NavItem]:
    """The navigation entries that this person may open, in order."""
    person: Current | None = request.get(CURRENT)
    if person is None:
        return []
    return sorted((i for i in site(request).nav if person.can(i.permission)), key=lambda i: (i.below, i.order))


def api(request: web.Request, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON of ``value`` (msgspec structs, dicts, lists, dates …)."""
    response = web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", headers=headers
    )
    response.headers.setdefault("Cache-Control", "no-store")
    return response


async def body(request: web.Request, kind: type[T]) -> T:
    """What was sent, JSON or form, as ``kind``; raises BadInput that names every wrong field.

    JSON is also known by its first character: a form never begins with a brace, and many a script names no type.
    """
    if request.content_type == "application/json":
        return decode(await request.read(), kind)
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        if raw.lstrip()[:1] == b"{":
            return decode(raw, kind)
    form = await request.post()
    values: dict[str, Any] = {}
    lists = {field.encode_name for field in _fields(kind) if _is_list(field.type)}
    for name in form:
        if name in lists:
            values[name] = [v for v in form.getall(name) if v != ""]
        else:
            values[name] = form.getall(name)[-1]
    values.pop("_csrf", None)
    if any("\x00" in part for value in values.values() for part in (value if isinstance(value, list) else [value])):
        raise BadInput(N_("Some data cannot be used."), code="nul")
    return convert(values, kind, strict=False)


def decode(raw: bytes, kind: type[T]) -> T:
    """JSON as ``kind``; refuses what is nested too deep before it is parsed."""
    if too_deep(raw):
        raise BadInput(N_("The data is nested too deep."), code="too_deep")
    # No text of ours holds a NUL, and PostgreSQL cannot keep one.
    if b"\\u0000" in raw:
        raise BadInput(N_("Some data cannot be used."), code="nul")
    try:
        value = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadInput(N_("This is not valid JSON."), code="bad_json") from None
    return convert(value, kind, strict=True)


def too_deep(raw: bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether brackets outside of strings nest deeper than ``limit``."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    depth = 0
    for byte in re.findall(rb"[\[\]{}]", _STRINGS.sub(b"", raw)):
        depth += 1 if byte in (b"[", b"{") else -1
        if depth > limit:
            return True
    return False


def convert(value: Any, kind: type[T], *, strict: bool) -> T:
    """``value`` as ``kind``; with ``strict`` False texts may become numbers and booleans, as forms need."""
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        if not isinstance(value, dict):
            raise BadInput(N_("Some data cannot be used."), detail=str(error)) from None
        wrong = wrong_fields(value, kind, strict=strict)
        raise BadInput(N_("Some fields cannot be used."), fields=wrong, detail=str(error)) from None


def wrong_fields(value: dict[str, Any], kind: type, *, strict: bool) -> dict[str, str]:
    """A message (gettext key) for each field that is missing or cannot be used."""
    wrong: dict[str, str] = {}
    for field in _fields(kind):
        name = field.encode_name
        if name not in value:
            if field.required:
                wrong[name] = N_("Fill in this field.")
            continue
        try:
            msgspec.convert(value[name], field.type, strict=strict)
        except msgspec.ValidationError:
            wrong[name] = N_("Fill in this field.") if value[name] == "" else N_("This value cannot be used.")
    return wrong


def _fields(kind: type) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind) if issubclass(kind, msgspec.Struct) else ()


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", kind) in (list, tuple, set, frozenset)


def said(request: web.Request, error: ProductError) -> str:
    """The error's message in the reader's language."""
    return texts(request).fill(error.message, error.values)


def fields_said(request: web.Request, error: ProductError) -> dict[str, str]:
    """The messages of single fields in the reader's language."""
    if not isinstance(error, BadInput):
        return {}
    return {name: texts(request).fill(text, error.field_values.get(name, {})) for name, text in error.fields.items()}


def error_answer(request: web.Request, error: ProductError) -> web.StreamResponse:
    """The answer for an expected error: JSON for the API, the sign-in page for navigations, else a page with #main."""
    headers: dict[str, str] = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotSignedIn):
        headers |= {"X-Sign-In": "needed", "HX-Reswap": "none", "HX-Trigger": "sign-in-needed"}
        if is_api(request):
            headers["WWW-Authenticate"] = 'Bearer realm="callcenter"'
        elif not is_fragment(request) and request.method in ("GET", "HEAD"):
            return web.Response(status=303, headers={"Location": sign_in_address(request), "Cache-Control": "no-store"})
    if is_api(request) or isinstance(error, NotSignedIn) or _wants_json(request):
        return api(request, error_body(request, error), error.status, headers)
    return error_page(request, error.status, said(request, error), headers)


def error_body(request: web.Request, error: ProductError) -> dict[str, Any]:
    """The API's shape of an error."""
    shown: dict[str, Any] = {"code": error.error_code, "message": said(request, error)}
    if fields := fields_said(request, error):
        shown["fields"] = fields
    if "detail" in error.values:
        shown["detail"] = error.values["detail"]
    shown["request_id"] = request.get(REQUEST_ID, "")
    return {"error": shown}


def error_page(request: web.Request, status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """An error as a page; it has #main, so a swap shows it and the shell stays."""
    title = texts(request).gettext(_TITLES.get(status, N_("Something went wrong")))
    template = "errors/error.html" if request.get(CURRENT) else "errors/bare.html"
    return page(request, template, status=status, headers=headers, title=title, message=message, code=status)


_TITLES: dict[int, str] = {
    HTTPStatus.FORBIDDEN: N_("No permission"),
    HTTPStatus.NOT_FOUND: N_("Not found"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("Too large"),
    HTTPStatus.TOO_MANY_REQUESTS: N_("Too many attempts"),
    HTTPStatus.SERVICE_UNAVAILABLE: N_("Not available now"),
}


def sign_in_address(request: web.Request) -> str:
    """The sign-in page that leads back here."""
    here = request.path_qs
    return "/sign-in" if here == "/" else "/sign-in?" + urlencode({"next": here})


def _wants_json(request: web.Request) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _cannot(permission: str) -> bool:
    return False
