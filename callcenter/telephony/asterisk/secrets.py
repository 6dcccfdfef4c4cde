"""Secrets that the installation makes for itself, kept in ``settings.secrets_file`` (mode 0600).

The file is plain ``name = "value"`` lines of TOML. Values are URL-safe random text, so that they need no escaping in
any of Asterisk's files.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import tomllib
from pathlib import Path
from typing import TextIO

AMI_PASSWORD = "ami_password"  # noqa: S105 - the name of a secret, not one


def secret(file: Path, name: str, *, size: int = 32) -> str:
    """The secret ``name`` from ``file``; made (``size`` random bytes) and kept at the first call.

    Two processes that ask at once get the same value. Raises OSError when the file cannot be read or written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _private(file.with_name(file.name + ".lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        values = read(file)
        if name not in values:
            values[name] = secrets.token_urlsafe(size)
            _write(file, values)
        return values[name]


def read(file: Path) -> dict[str, str]:
    """All secrets by name; empty when there is no file yet."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    return {name: str(value) for name, value in tomllib.loads(text).items()}


def _write(file: Path, values: dict[str, str]) -> None:
    fresh = file.with_name(file.name + ".new")
    with _private(fresh) as out:
        out.truncate()
        out.write("# Made by callcenter. Whoever reads this can command Asterisk.\n")
        out.writelines(f'{name} = "{value}"\n' for name, value in values.items())
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def _private(file: Path) -> TextIO:
    return os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
