"""How much room is left where recordings are written."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path


def free_bytes(folders: Iterable[Path]) -> dict[Path, int]:
    """Free bytes for unprivileged programs on each folder's disk (of its parent, while it is not there yet)."""
    found = {}
    for folder in folders:
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        found[folder] = shutil.disk_usage(there).free
    return found
