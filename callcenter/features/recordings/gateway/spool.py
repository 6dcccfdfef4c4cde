"""Asterisk's folder of raw recordings: what lies there, what is complete, and removal once it is safe elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from callcenter.features.recordings.rules import DONE, leavings, raw_names, stem_of

WAV_HEADER = 44


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """What lies there for one stem. ``changed_at`` is the newest change (epoch seconds), ``size`` bytes of sound."""

    stem: str
    done: bool
    changed_at: float
    size: int


class Spool:
    """The folder. All methods block: call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def scan(self) -> dict[str, Raw]:
        """Everything there by stem; files that are no recordings are left alone. Raises OSError."""
        found: dict[str, Raw] = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                stem = stem_of(entry.name)
                if stem is None or not entry.is_file(follow_symlinks=False):
                    continue
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                before = found.get(stem)
                mark = entry.name == stem + DONE
                found[stem] = Raw(
                    stem=stem,
                    done=mark or (before is not None and before.done),
                    changed_at=max(stat.st_mtime, before.changed_at if before else 0.0),
                    size=(0 if mark else max(0, stat.st_size - WAV_HEADER)) + (before.size if before else 0),
                )
        return found

    def open_stems(self) -> set[str]:
        """Stems of which some program on this machine has a file open, as far as we may see."""
        folder = f"{self.folder.resolve()}/"
        found = set()
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            try:
                target = str(link.readlink())
            except OSError:
                # The program ended, or is somebody else's.
                continue
            if target.startswith(folder) and (stem := stem_of(target[len(folder) :])):
                found.add(stem)
        return found

    def files(self, stem: str) -> tuple[Path, Path]:
        """Where the client's and the agent's voice lie (either may be missing)."""
        client, agent = raw_names(stem)
        return self.folder / client, self.folder / agent

    def remove(self, stem: str) -> None:
        """Deletes all that Asterisk left for ``stem``; the done mark goes last, so that a break in between is seen."""
        for name in leavings(stem):
            (self.folder / name).unlink(missing_ok=True)
