"""``python -m callcenter.features.imports.gateway.convert SOURCE TARGET``: a table as lines of JSON, in a process of
its own, so that the server's memory and loop stay out of reach of whatever was uploaded.

TARGET gets one line for each row: ``[number in the file, cell, …]``, the header first; the answer on standard output
is the Sheet as JSON, or ``{"trouble": code, "values": {…}}``.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import msgspec

from callcenter.features.imports.gateway.sheets import Sheet, Trouble, read

MEMORY = 2 * 1024**3
SECONDS = 90


def main(source: str, target: str) -> int:
    """Converts; gives the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sheet = Sheet()
    encode = msgspec.json.encode
    try:
        with Path(target).open("wb") as out:
            for line, cells in read(Path(source), sheet):
                out.write(encode([line, *cells]) + b"\n")
    except Trouble as trouble:
        print(json.dumps({"trouble": trouble.code, "values": trouble.values}))
        return 0
    except MemoryError:
        print(json.dumps({"trouble": "unpacked", "values": {}}))
        return 0
    print(encode(sheet).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
