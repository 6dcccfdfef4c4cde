"""A PostgreSQL server of the tests' own: in a temporary folder, on a free loopback port, gone at the end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


class PostgresServer:
    """One server; ``url(name)`` names a database in it."""

    def __init__(self, *, shared_buffers: str = "32MB") -> None:
        self._shared_buffers = shared_buffers
        self.bin = find()
        self.folder = Path(tempfile.mkdtemp(prefix="callcenter-pg-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Makes the cluster and waits until it takes connections."""
        # PostgreSQL refuses to run as root; any unprivileged user will do.
        user = unprivileged() if os.geteuid() == 0 else None
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user is not None else {}
        data = self.folder / "data"
        subprocess.run(
            [
                *(self.bin / "initdb", "-D", data, "-U", "callcenter"),
                # Letters of every language count as letters: else pg_trgm sees nothing in Russian names.
                *("--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8"),
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **identity,
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": self._shared_buffers,
            "max_connections": 100,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self.bin / "postgres", "-D", data, *arguments],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=_die_with_parent,
                **identity,
            )
        self._wait()

    def stop(self) -> None:
        """Ends the server (at once: nothing of it is kept)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+asyncpg://callcenter@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str) -> str:
        """Runs a statement in the maintenance database with psql."""
        done = subprocess.run(
            [
                *(self.bin / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "callcenter"),
                *("-d", "postgres", "-qtAX", "-v", "ON_ERROR_STOP=1", "-c", statement),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            ready = subprocess.run(
                [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not answer")


def find() -> Path:
    """The folder of the newest PostgreSQL's programs."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name) if p.parent.name.isdigit() else 0
    )
    if folders:
        return folders[-1]
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise RuntimeError("These tests need PostgreSQL's server programs: apt-get install postgresql")


def unprivileged() -> pwd.struct_passwd:
    """A user without rights: postgres where it is there, else nobody."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("There is neither a user postgres nor nobody")


def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Opened here, because the child may no longer read Python's own folders.
_LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    # A test run that is killed must leave no server behind (Linux: PR_SET_PDEATHSIG).
    _LIBC.prctl(1, signal.SIGKILL)
