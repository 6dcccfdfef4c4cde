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

# Rows only, without looking at what refers to them, and counters as at first; the migrations' version stays.
_EMPTY = """
DO $$ DECLARE one record; found boolean; BEGIN
  SET session_replication_role = replica;
  FOR one IN SELECT oid::regclass AS name FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || one.name || ')' INTO found;
    IF found THEN EXECUTE 'DELETE FROM ' || one.name; END IF;
  END LOOP;
  FOR one IN SELECT * FROM pg_sequences WHERE last_value IS NOT NULL LOOP
    PERFORM setval(format('%I.%I', one.schemaname, one.sequencename), one.start_value, false);
  END LOOP;
END $$
"""
# What a database is but for rows; also how many tables have some.
_SHAPE = """
SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
  SELECT format('%s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull) AS line FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) AND attnum > 0
  UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT version_num FROM alembic_version
  UNION ALL SELECT string_agg(datname || coalesce(setconfig::text, ''), ',') FROM pg_db_role_setting
    JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()
) AS lines
"""


class PostgresServer:
    """One server; ``url(name)`` names a database in it."""

    def __init__(self, *, shared_buffers: str = "32MB") -> None:
        self._shared_buffers = shared_buffers
        self.bin = find()
        self.folder = Path(tempfile.mkdtemp(prefix="callcenter-pg-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._last, self._made = "", 0
        self._shapes: dict[str, str] = {}

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

    def fresh(self, template: str) -> str:
        """The name of a database that is as ``template``: the last one emptied, which is much faster than a new one.

        A new one is made when there is none yet, or when a test changed more than rows.
        """
        if self._last and not self._emptied(template, self._last):
            self.sql(f"DROP DATABASE {self._last} WITH (FORCE)")
            self._last = ""
        if not self._last:
            self._made += 1
            self._last = f"test_{self._made}"
            self.sql(f"CREATE DATABASE {self._last} TEMPLATE {template}")
        return self._last

    def _emptied(self, template: str, name: str) -> bool:
        self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
        try:
            self.sql(_EMPTY, name)
        except subprocess.CalledProcessError:
            return False
        if template not in self._shapes:
            self._shapes[template] = self.sql(_SHAPE, template)
        return self.sql(_SHAPE, name) == self._shapes[template]

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Runs a statement with psql, in the maintenance database if none is named."""
        done = subprocess.run(
            [
                *(self.bin / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "callcenter"),
                *("-d", database, "-qtAX", "-v", "ON_ERROR_STOP=1", "-c", statement),
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
