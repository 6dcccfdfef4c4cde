"""Gets an Asterisk >= 20: the machine's own, or a Debian root of its own made by mmdebstrap.

Debian 12 and 13 have no asterisk package, Debian «forky» has 22 (LTS). The root is made in a temporary folder beside
its place and renamed when it is whole, so that an interrupted run is never mistaken for a finished one. Several copies
of the product may share one root: each run of Asterisk has directories of its own (see ``instance``).
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from callcenter.config import Settings
from callcenter.telephony.asterisk.errors import AsteriskError

Progress = Callable[[str], None]
Kind = Literal["system", "root", "external"]

OLDEST = (20, 0, 0)
SUITE = "forky"
PACKAGES = (
    "asterisk",
    "asterisk-core-sounds-en-gsm",
    "asterisk-core-sounds-ru-gsm",
    "asterisk-moh-opsound-gsm",
    "ca-certificates",
)
# What a root of ours carries when it is whole; the number grows when PACKAGES or the steps below change.
STAMP = ".callcenter-root"
STAMP_TEXT = "1\n"
NEEDED_MODULES = ("chan_pjsip", "app_queue", "app_mixmonitor", "res_srtp", "res_pjsip_transport_websocket")
_FRESH = 'Acquire::Check-Valid-Until "false"'
_VERSION = re.compile(r"Asterisk (?:certified/)?(\d+)\.(\d+)(?:\.(\d+))?")


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """An Asterisk that can be run.

    ``root`` is the folder to chroot into (None: the machine's own Asterisk). ``modules_dir``, ``data_dir`` and
    ``moh_dir`` are paths as Asterisk sees them; ``modules`` are the names of the modules there, without ``.so``.
    """

    kind: Kind
    binary: str
    version: tuple[int, int, int]
    modules_dir: str
    data_dir: str
    root: Path | None = None
    modules: frozenset[str] = frozenset()

    def on_host(self, inside: str) -> Path:
        """The path on the host of a path as Asterisk sees it."""
        return Path(inside) if self.root is None else self.root / inside.lstrip("/")

    @property
    def moh_dir(self) -> str | None:
        """The packaged music on hold, or None when there is none."""
        folder = f"{self.data_dir}/moh"
        if self.kind == "external":
            return folder
        try:
            return folder if any(self.on_host(folder).iterdir()) else None
        except OSError:
            return None


def root_path(settings: Settings) -> Path:
    """Where the Debian root is or will be."""
    return (settings.asterisk_root or settings.data / "asterisk-root").resolve()


def ensure(settings: Settings, progress: Progress = lambda line: None) -> Installation:
    """Finds Asterisk or makes its root; quick when there is one. ``progress`` gets lines that say what is done.

    Raises AsteriskError.
    """
    found = find(settings)
    if found is not None:
        return found
    root = root_path(settings)
    with _only_one(root, progress):
        if not _is_whole(root):
            make_root(root, progress)
    found = inspect_root(root)
    if found is None:
        raise AsteriskError(f"The Asterisk root {root} was made but its asterisk does not run; see the lines above")
    return found


def find(settings: Settings) -> Installation | None:
    """The Asterisk that is there already: somebody else's, a root that was named, the machine's, or our root."""
    if settings.asterisk_dir is not None:
        return Installation(
            kind="external",
            binary="",
            # What docker/asterisk.Dockerfile makes.
            version=(22, 10, 0),
            modules_dir="/usr/lib/asterisk/modules",
            data_dir="/usr/share/asterisk",
        )
    if settings.asterisk_root is None:
        system = inspect_system()
        if system is not None:
            return system
    root = root_path(settings)
    return inspect_root(root) if _is_whole(root) else None


def inspect_system() -> Installation | None:
    """The machine's own Asterisk when it is new enough and has what we need."""
    binary = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return _inspect(None, binary) if binary else None


def inspect_root(root: Path) -> Installation | None:
    """The Asterisk in a Debian root."""
    return _inspect(root, "/usr/sbin/asterisk") if (root / "usr/sbin/asterisk").exists() else None


def _inspect(root: Path | None, binary: str) -> Installation | None:
    base = root or Path("/")
    version = _version(root, binary)
    if version is None or version < OLDEST:
        return None
    folders = [*base.glob("usr/lib/*/asterisk/modules"), *base.glob("usr/lib/asterisk/modules")]
    for folder in folders:
        modules = frozenset(file.stem for file in folder.glob("*.so"))
        if modules.issuperset(NEEDED_MODULES):
            return Installation(
                kind="root" if root else "system",
                binary=binary,
                version=version,
                modules_dir=f"/{folder.relative_to(base)}",
                data_dir="/usr/share/asterisk",
                root=root,
                modules=modules,
            )
    return None


def _version(root: Path | None, binary: str) -> tuple[int, int, int] | None:
    if root is not None:
        # A root's version stands in its package list: reading it needs no chroot and no right to one.
        try:
            status = (root / "var/lib/dpkg/status").read_text("utf-8", "replace")
        except OSError:
            return None
        found = re.search(r"^Package: asterisk\n(?:.+\n)*?Version: (?:\d+:)?(\d+)\.(\d+)(?:\.(\d+))?", status, re.M)
    else:
        try:
            shown = subprocess.run([binary, "-V"], capture_output=True, text=True, timeout=20, check=False).stdout
        except (OSError, subprocess.TimeoutExpired):
            return None
        found = _VERSION.search(shown)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _is_whole(root: Path) -> bool:
    """Whether ``root`` is finished: it has our stamp, or (a root made by somebody else) an asterisk and a shell."""
    if (root / STAMP).is_file():
        return True
    return (root / "usr/sbin/asterisk").is_file() and (root / "bin/sh").exists()


def make_root(root: Path, progress: Progress) -> None:
    """Makes the Debian root: in a temporary folder beside it, renamed when whole. Raises AsteriskError."""
    if shutil.which("mmdebstrap") is None:
        raise AsteriskError("mmdebstrap is missing: run `make setup`, or as root `apt-get install mmdebstrap`")
    root.parent.mkdir(parents=True, exist_ok=True)
    for left in root.parent.glob(f".{root.name}.*"):
        progress(f"removing a root that was left half made: {left.name}")
        _remove(left)
    if root.exists():
        progress("removing a root that is not whole")
        _remove(root)
    progress(f"downloading Debian {SUITE} with Asterisk (about 150 MB, a minute or so) into {root}")
    work = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        fresh = work / "root"
        _bootstrap(fresh, progress)
        finish_root(fresh)
        fresh.rename(root)
    finally:
        _remove(work)
    progress(f"the Asterisk root is ready: {root}")


def _bootstrap(fresh: Path, progress: Progress) -> None:
    """Runs mmdebstrap into ``fresh``; again without the check of the Release file's date if need be."""
    lines = _mmdebstrap(fresh, (), progress)
    if lines is None:
        return
    if not any("Release file" in line and ("expired" in line or "not valid" in line) for line in lines):
        raise AsteriskError("mmdebstrap could not make the Asterisk root:\n" + "\n".join(lines[-15:]))
    progress(
        "the mirror's Release file is out of date: once more without the check of its date (signatures stay checked)"
    )
    _remove(fresh)
    lines = _mmdebstrap(fresh, (f"--aptopt={_FRESH}",), progress)
    if lines is not None:
        raise AsteriskError("mmdebstrap could not make the Asterisk root:\n" + "\n".join(lines[-15:]))


def _mmdebstrap(fresh: Path, extra: tuple[str, ...], progress: Progress) -> list[str] | None:
    """Runs mmdebstrap; None when it went well, else the last lines it said."""
    common = ["--variant=essential", f"--include={','.join(PACKAGES)}", *_keyring(), *extra]
    if os.geteuid() == 0:
        # In a mount namespace of its own: what it mounts into the root can then never be left behind on this machine.
        own = ["unshare", "--mount", "--propagation=private"]
        return _follow([*own, "mmdebstrap", "--mode=root", *common, SUITE, str(fresh)], progress)
    # Without root's rights the files shall be this person's own: by way of a tar file, not with a namespace's ids.
    tar = fresh.with_name("root.tar")
    lines = _follow(["mmdebstrap", "--mode=unshare", "--format=tar", *common, SUITE, str(tar)], progress)
    if lines is not None:
        return lines
    fresh.mkdir()
    lines = _follow(["tar", "-x", "-f", str(tar), "-C", str(fresh), "--no-same-owner", "--exclude=./dev/*"], progress)
    tar.unlink(missing_ok=True)
    return lines


def _keyring() -> list[str]:
    """On a machine that is not Debian its apt does not trust Debian's keys by itself."""
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    return [f"--keyring={keyring}"] if keyring.is_file() else []


def _follow(command: list[str], progress: Progress) -> list[str] | None:
    """Runs ``command`` and hands on what it says; None when it went well, else its last lines."""
    said: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            with _sign_of_life(progress, Path(command[-1])):
                for line in process.stdout:
                    said = [*said[-60:], line.rstrip()]
                    if line.startswith(("I:", "W:", "E:")):
                        progress(line.rstrip())
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    return None if process.returncode == 0 else said


@contextmanager
def _sign_of_life(progress: Progress, target: Path) -> Iterator[None]:
    """Says every few seconds how large the growing root is, so that nobody takes a slow mirror for a stop."""
    done = threading.Event()

    def tell() -> None:
        while not done.wait(5):
            size = _size_mb(target)
            progress(f"  … {size} MB so far" if size else "  … working")

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _size_mb(target: Path) -> int:
    if target.is_file():
        return target.stat().st_size >> 20
    try:
        shown = subprocess.run(
            ["du", "-sm", str(target)], capture_output=True, text=True, timeout=20, check=False
        ).stdout
        return int(shown.split()[0])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return 0


def finish_root(root: Path) -> None:
    """Adds names (else each call looks one up in vain), folders to mount on, and the stamp."""
    write_hosts(root)
    for folder in ("dev", "proc", "tmp", "cc"):
        (root / folder).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    # Every run's own folders stand below; each is private, and Asterisk (not the owner) only has to pass here.
    (root / "cc").chmod(0o755)
    root.chmod(0o755)
    (root / STAMP).write_text(STAMP_TEXT)


def write_hosts(root: Path) -> None:
    """Gives the root an /etc/hosts with this machine's name."""
    text = f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n"
    file = root / "etc/hosts"
    try:
        if file.is_file() and file.read_text() == text:
            return
        fresh = file.with_name(f"hosts.{os.getpid()}")
        fresh.write_text(text)
        fresh.chmod(0o644)
        fresh.replace(file)
    except OSError as error:
        print(f"callcenter: {file} cannot be written: {error}", file=sys.stderr)


def _remove(folder: Path) -> None:
    """Removes a root; never crosses into something mounted there."""
    if not folder.exists():
        return
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    inside = [mount for mount in mounts if mount.startswith(f"{folder}/")]
    if inside:
        raise AsteriskError(f"{folder} cannot be removed: {', '.join(inside)} is mounted in it (umount it first)")
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise AsteriskError(f"{folder} cannot be removed: remove it by hand (rm -rf) and try again")


@contextmanager
def _only_one(root: Path, progress: Progress) -> Iterator[None]:
    """Lets one process at a time make a root; the others wait and find it made."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with (root.parent / f"{root.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process makes the Asterisk root: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
