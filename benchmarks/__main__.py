"""``python -m benchmarks [name …]``: runs all measurements (or those named) one after the other, prints one table.

A benchmark is a module of this folder with ``run() -> list[Row]``. The exit code is 1 when a target was missed.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

from benchmarks.report import Row, table


def names() -> list[str]:
    """The modules that measure something."""
    found = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    return sorted(name for name in found if name not in ("__main__", "report"))


def main(wanted: list[str]) -> int:
    """Runs and prints; what cannot be measured on this machine says why and counts as missed."""
    rows: list[Row] = []
    for name in wanted or names():
        run = getattr(importlib.import_module(f"benchmarks.{name}"), "run", None)
        if run is None:
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += run()
        except Exception as error:
            rows.append(Row(f"{name}: {error}"[:70], 0.0, "", None, None, "to be measured", False))
    print(table(rows))
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
