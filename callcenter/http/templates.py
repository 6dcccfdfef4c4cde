"""The Jinja2 environments, one for each language, with the filters that pages use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from callcenter.http import formats
from callcenter.http.assets import Assets
from callcenter.http.texts import LANGUAGES, Texts

# A page must render even before the shell is there (first start of a developer's clone).
_BARE = """<!doctype html><html lang="{{ language }}"><head><meta charset="utf-8">
<title>{% block title %}{% endblock %}</title></head>
<body><main id="main" hx-history-elt>{% block main %}{% endblock %}</main></body></html>"""


def environments(folder: Path, texts: Texts, assets: Assets, *, debug: bool) -> dict[str, Environment]:
    """An environment for each language, so that ``_()`` needs no language at each call."""
    return {language: _environment(folder, texts, assets, language, debug=debug) for language in LANGUAGES}


def _environment(folder: Path, texts: Texts, assets: Assets, language: str, *, debug: bool) -> Environment:
    env = Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(folder), DictLoader({"shell/base.html": _BARE, "shell/plain.html": _BARE})]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=debug,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    # Asked anew at each call: the catalogue may have been reloaded.
    env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: texts.language(language).gettext(text),
        lambda one, many, number: texts.language(language).ngettext(one, many, number),
        newstyle=True,
    )
    env.globals["static"] = assets.url
    env.filters.update(_filters(language))
    env.filters["tojson_attr"] = _json_attribute
    return env


def _filters(language: str) -> dict[str, Callable[..., str]]:
    @pass_context
    def time(context: Context, value: Any, seconds: bool = False) -> str:
        return "" if value is None else formats.time(value, language, context["timezone"], seconds=seconds)

    @pass_context
    def date(context: Context, value: Any, style: str = "medium") -> str:
        return "" if value is None else formats.day(value, language, context["timezone"], style)

    @pass_context
    def moment(context: Context, value: Any) -> str:
        return "" if value is None else formats.moment(value, language, context["timezone"])

    @pass_context
    def zone(context: Context, on: Any) -> str:
        return formats.zone_title(context["timezone"], language, on)

    return {
        "time": time,
        "zone": zone,
        "date": date,
        "moment": moment,
        "duration": formats.duration,
        "phone": lambda value: formats.phone(value or "", language),
        "money": lambda minor, currency: formats.money(minor, currency, language),
        "number": lambda value, digits=0: formats.number(value, language, digits),
        "percent": lambda value, digits=0: formats.percent(value, language, digits),
    }


def _json_attribute(value: Any) -> Markup:
    """JSON for an HTML attribute in double quotes."""
    return Markup.escape(json.dumps(value, ensure_ascii=False))
