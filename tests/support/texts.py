"""Finds every text that a person may see: in Python, templates and scripts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jinja2 import nodes

from callcenter.http.assets import Assets
from callcenter.http.site import LOCALE, ROOT, WEB
from callcenter.http.templates import environments
from callcenter.http.texts import Texts

# Spoken to administrators at a terminal, in English.
TERMINAL = ("callcenter/cli/", "callcenter/demo/", "callcenter/migrations/", "callcenter/telephony/asterisk/")
ERRORS = {"BadInput", "NotSignedIn", "Forbidden", "NotFound", "Conflict", "TooMany", "Unavailable", "ProductError"}
_SCRIPT = re.compile(r"""(?<!\w)t\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`$]*`)""")


class Text(NamedTuple):
    """A text and where it stands; ``plural`` is set when it has a form for many."""

    text: str
    where: str
    plural: bool = False


def all_texts() -> list[Text]:
    """Every text of the product."""
    return [*python_texts(), *template_texts(), *script_texts()]


def python_files() -> list[Path]:
    return sorted((ROOT / "callcenter").rglob("*.py"))


def template_files() -> list[Path]:
    return sorted(f for f in WEB.rglob("*.html") if "node_modules" not in f.parts)


def script_files() -> list[Path]:
    return sorted(f for f in WEB.rglob("*.js") if not {"node_modules", "build", "vendor"} & set(f.parts))


def python_texts() -> Iterator[Text]:
    for file in python_files():
        name = str(file.relative_to(ROOT))
        if name.startswith(TERMINAL):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield from _call(node, f"{name}:{node.lineno}")


def _call(node: ast.Call, where: str) -> Iterator[Text]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0] if node.args else None
    if called in {"N_", "_", "gettext", "ngettext", "fill"} | ERRORS and _is_text(first):
        yield Text(first.value, where, called == "ngettext")  # type: ignore[union-attr]
    if called == "NavItem":
        named = [k.value for k in node.keywords if k.arg in ("title", "short")]
        for value in [*node.args[1:2], *named]:
            if _is_text(value) and value.value:  # type: ignore[attr-defined]
                yield Text(value.value, where)  # type: ignore[attr-defined]


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def template_texts() -> Iterator[Text]:
    texts = Texts(LOCALE)
    environment = environments(WEB, texts, Assets(WEB / "static"), debug=False)["en"]
    for file in template_files():
        tree = environment.parse(file.read_text("utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext", "ngettext") and call.args:
                where = f"{file.relative_to(ROOT)}:{call.lineno}"
                for constant in _constants(call.args[0]):
                    yield Text(constant, where, call.node.name == "ngettext")


def _constants(node: nodes.Expr) -> Iterator[str]:
    # «_("a" if x else "b")» says both.
    if isinstance(node, nodes.Const):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from _constants(node.expr1)
        if node.expr2 is not None:
            yield from _constants(node.expr2)


def script_texts() -> Iterator[Text]:
    for file in script_files():
        source = file.read_text("utf-8")
        for found in _SCRIPT.finditer(source):
            line = source.count("\n", 0, found.start()) + 1
            yield Text(ast.literal_eval('"""' + found[1][1:-1] + '"""'), f"{file.relative_to(ROOT)}:{line}")
