"""Which part may know which, beyond what the import contracts in pyproject.toml can say.

The first half reads the source: `rules` and `core` do no I/O and ask no clock. The second half proves that
the contracts themselves bite, by running import-linter over a small package with one broken import at a time.
A part that does not exist yet is passed over; the checks begin when it appears.
"""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
# The contract follows chains of imports; it cannot see calls, nor allow one class of a module.
IO_LIBRARIES = frozenset(next(c["forbidden_modules"] for c in CONTRACTS if c["id"] == "pure-rules"))
OUTSIDE_WORLD = frozenset({"os", "pathlib", "random", "shutil", "tempfile", "time"})
CLOCK_CALLS = frozenset({"now", "utcnow", "today"})


# --- reading the source -----------------------------------------------------------------------------


def module_name(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: Path, root: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, relative imports resolved."""
    package = module_name(file, root).split(".")
    if file.stem != "__init__":
        package = package[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def clock_and_file_calls(file: Path) -> Iterator[tuple[int, str]]:
    """Line and name of calls that ask a clock, whatever its name, or open a file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name == "open" or (isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS):
                yield node.lineno, name


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def rules_files(root: Path) -> list[Path]:
    features = root / "callcenter" / "features"
    return sorted([*features.glob("*/rules.py"), *features.glob("*/rules/**/*.py")])


def may_rules_import(name: str, feature: str) -> bool:
    """Whether plain computing needs it: chance is handed in as a `Random`, whose class a rule may name."""
    if name.split(".")[0] == "callcenter":
        return within(name, "callcenter.core", f"{feature}.rules")
    return name == "random.Random" or not within(name, *IO_LIBRARIES, *OUTSIDE_WORLD)


def impure_rules(root: Path) -> list[str]:
    """Everything in `rules` modules that is more than plain computing."""
    found = []
    for file in rules_files(root):
        feature = ".".join(module_name(file, root).split(".")[:3])
        found += [
            f"{file.relative_to(root)}:{line} imports {name}"
            for line, name in imports_of(file, root)
            if not may_rules_import(name, feature)
        ]
        found += [f"{file.relative_to(root)}:{line} calls {name}" for line, name in clock_and_file_calls(file)]
    return found


def impure_core(root: Path) -> list[str]:
    """I/O in `core`, the clock outside `core.clock`, the event loop outside `core.bus`."""
    found = []
    for file in sorted((root / "callcenter" / "core").rglob("*.py")):
        module = module_name(file, root)
        for line, name in imports_of(file, root):
            if name.split(".")[0] in IO_LIBRARIES and not (
                within(name, "asyncio") and within(module, "callcenter.core.bus")
            ):
                found.append(f"{file.relative_to(root)}:{line} imports {name}")
        if not within(module, "callcenter.core.clock"):
            # The clock that a caller hands in is the way to ask it.
            found += [
                f"{file.relative_to(root)}:{line} calls {name}"
                for line, name in clock_and_file_calls(file)
                if not name.endswith("clock.now")
            ]
    return found


def strangers_to_asterisk(root: Path) -> list[str]:
    """Files outside `telephony` that talk to the AMI client themselves."""
    return [
        f"{file.relative_to(root)}:{line} imports {name}"
        for file in sorted((root / "callcenter").rglob("*.py"))
        if not within(module_name(file, root), "callcenter.telephony")
        for line, name in imports_of(file, root)
        if within(name, "panoramisk")
    ]


CHECKS = [impure_rules, impure_core, strangers_to_asterisk]


@pytest.mark.parametrize("check", CHECKS)
def test_the_source_keeps_to_its_places(check: object) -> None:
    assert callable(check)
    assert check(ROOT) == []


# --- a small package to break -----------------------------------------------------------------------

GOOD: dict[str, str] = {
    "callcenter/__init__.py": "",
    "callcenter/app.py": "import callcenter.features.calls.plugin",
    "callcenter/__main__.py": "import callcenter.app",
    "callcenter/config.py": "import callcenter.core.errors",
    "callcenter/plugin.py": "import callcenter.http.pages, callcenter.storage.session, callcenter.live.state",
    "callcenter/core/__init__.py": "",
    "callcenter/core/bus.py": "import asyncio\nimport callcenter.core.events",
    "callcenter/core/clock.py": "import datetime\nnow = lambda: datetime.datetime.now(datetime.UTC)",
    "callcenter/core/errors.py": "",
    "callcenter/core/events.py": "",
    "callcenter/http/__init__.py": "",
    "callcenter/http/pages.py": "import aiohttp\nimport callcenter.config",
    "callcenter/live/__init__.py": "",
    "callcenter/live/state.py": "import callcenter.core.events",
    "callcenter/telephony/__init__.py": "",
    "callcenter/telephony/link.py": "import panoramisk\nimport callcenter.core.bus",
    "callcenter/storage/__init__.py": "",
    "callcenter/storage/session.py": "import sqlalchemy",
    "callcenter/features/__init__.py": "",
    "callcenter/features/calls/__init__.py": "",
    "callcenter/features/calls/plugin.py": "import callcenter.plugin\nfrom . import pages, handlers",
    "callcenter/features/calls/pages.py": "from . import usecases",
    "callcenter/features/calls/handlers.py": "from callcenter.features.calls import usecases",
    "callcenter/features/calls/api.py": "from .usecases import *",
    "callcenter/features/calls/usecases.py": (
        "from . import queries, models, rules\nfrom callcenter.features.contacts import api\n"
        "import callcenter.features.contacts.api"
    ),
    "callcenter/features/calls/queries.py": "from . import models",
    "callcenter/features/calls/models.py": "import sqlalchemy\nfrom . import rules",
    "callcenter/features/calls/rules.py": ("import datetime\nfrom random import Random\nimport callcenter.core.events"),
    "callcenter/features/contacts/__init__.py": "",
    "callcenter/features/contacts/api.py": "from . import models, usecases",
    "callcenter/features/contacts/usecases.py": "",
    "callcenter/features/contacts/models.py": "import sqlalchemy",
}


def build(root: Path, **broken: str) -> Path:
    """Lay the good package under `root`, with lines added to some modules (`a__b` is callcenter/a/b.py)."""
    files = dict(GOOD)
    for name, lines in broken.items():
        path = f"callcenter/{name.replace('__', '/')}.py"
        files[path] = f"{files.get(path, '')}\n{lines}\n"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.mark.parametrize("check", CHECKS)
def test_the_good_package_passes(check: object, tmp_path: Path) -> None:
    assert callable(check)
    assert check(build(tmp_path)) == []


@pytest.mark.parametrize(
    "line",
    [
        "import sqlalchemy.orm",
        "from asyncio import sleep",
        "import time",
        "import random",
        "from pathlib import Path",
        "from . import models",
        "from callcenter.features.contacts import api",
        "import callcenter.live.state",
        "def f():\n    from callcenter.http import pages",
        "import datetime as d\nd.datetime.now()",
        "from datetime import date\ndate.today()",
        "def f(clock):\n    return clock.now()",
        "open('x')",
    ],
)
def test_impure_rules_are_found(line: str, tmp_path: Path) -> None:
    assert len(impure_rules(build(tmp_path / "file", features__calls__rules=line))) == 1
    package = build(tmp_path / "package", features__calls__rules__pace=line.replace("from . ", "from .. "))
    assert len(impure_rules(package)) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core__events", "import asyncio"),
        ("core____init__", "import sqlalchemy"),
        ("core__bus", "from aiohttp import web"),
        ("core__errors", "from datetime import datetime as d\nd.utcnow()"),
    ],
)
def test_impure_core_is_found(module: str, line: str, tmp_path: Path) -> None:
    assert len(impure_core(build(tmp_path, **{module: line}))) == 1


def test_ami_outside_telephony_is_found(tmp_path: Path) -> None:
    assert len(strangers_to_asterisk(build(tmp_path, features__calls__gateway="import panoramisk.actions"))) == 1


# --- the contracts ----------------------------------------------------------------------------------

DOWNWARDS = "Imports run downwards"
INSIDE = "Inside a feature imports run downwards"
DOORS = "A feature uses another one only through its api"
CIRCLE = "Siblings do not import each other in a circle"
PURE_RULES = "rules modules do no I/O"
PURE_CORE = "core does no I/O"

LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"

needs_import_linter = pytest.mark.skipif(
    importlib.util.find_spec("importlinter") is None, reason="import-linter comes with the dev extra"
)


def broken_contracts(root: Path) -> set[str]:
    """The names of the contracts that import-linter finds broken."""
    done = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    verdicts = [line for line in done.stdout.splitlines() if " BROKEN" in line or " KEPT" in line]
    assert len(verdicts) == len(CONTRACTS), done.stdout + done.stderr
    broken = {line.split(" BROKEN")[0] for line in verdicts if " BROKEN" in line}
    assert (done.returncode != 0) == bool(broken)
    return broken


@needs_import_linter
def test_the_contracts_are_kept_by_the_good_package(tmp_path: Path) -> None:
    assert broken_contracts(build(tmp_path)) == set()


@needs_import_linter
def test_the_contracts_wait_for_parts_that_do_not_exist(tmp_path: Path) -> None:
    (tmp_path / "callcenter").mkdir()
    (tmp_path / "callcenter" / "__init__.py").touch()
    assert broken_contracts(tmp_path) == set()


@needs_import_linter
@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core__events", "import callcenter.config", DOWNWARDS),
        ("config", "import callcenter.storage.session", DOWNWARDS),
        ("live__state", "import callcenter.storage.session", DOWNWARDS),
        ("http__pages", "import callcenter.features.calls.api", DOWNWARDS),
        ("features__contacts__usecases", "import callcenter.app", DOWNWARDS),
        ("features__calls__models", "from . import queries", INSIDE),
        ("features__contacts__usecases", "from . import api", INSIDE),
        ("features__calls__pages", "from . import plugin", INSIDE),
        ("features__calls__pages", "import callcenter.features.contacts.models", DOORS),
        ("features__calls__usecases", "from callcenter.features.contacts.models import *", DOORS),
        ("features__calls__usecases", "from callcenter.features import contacts", DOORS),
        ("features__contacts__usecases", "import callcenter.features.calls.api", CIRCLE),
        ("core__errors", "import callcenter.core.events\nimport callcenter.core.bus", None),
        ("core__events", "import callcenter.core.bus", CIRCLE),
        ("features__calls__rules", "import sqlalchemy", PURE_RULES),
        ("features__calls__rules", "import callcenter.core.bus", PURE_RULES),
        ("core__errors", "import aiohttp", PURE_CORE),
        ("core__errors", "import asyncio", PURE_CORE),
    ],
)
def test_a_contract_bites(module: str, line: str, contract: str | None, tmp_path: Path) -> None:
    broken = broken_contracts(build(tmp_path, **{module: line}))
    assert contract in broken if contract else broken == set()
