"""One run of Asterisk: its folders, on the host and as Asterisk sees them, and its secrets.

With a Debian root they stand inside it (``<root>/cc/<name>``), because Asterisk sees nothing else; with the machine's
own Asterisk in ``<data>/asterisk``, or, when root starts it, in ``/var/lib/callcenter/<name>``: its user could not
pass through a private data folder. ``name`` comes from the data folder, so that two copies never meet.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

import msgspec

from callcenter.config import Settings
from callcenter.telephony.asterisk import provision, secrets
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.provision import Installation

# Asterisk never runs as root. The number belongs to nobody on Debian and Ubuntu (their people end at 60000, services of
# systemd begin at 61184); a name would be looked up inside the root and be somebody else's number outside.
ASTERISK_ID = 60917
FOLDERS = (
    "etc",
    "spool",
    "spool/monitor",
    "spool/prompts",
    "spool/codes",
    "spool/samples",
    "spool/tmp",
    "run",
    "log",
    "log/cel-custom",
    "db",
    "keys/keys",
    "sounds",
    "var",
)
SYSTEM_FOLDER = Path("/var/lib/callcenter")
CEL_FILE = "calls.csv"
# A socket's path must fit into 108 bytes; asterisk.ctl and its NUL are part of it.
_LONGEST_RUN_DIR = 90


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """Where one run of Asterisk lives. ``folder`` is on the host, ``inside`` the same as Asterisk sees it."""

    name: str
    installation: Installation
    folder: Path
    inside: str
    secrets_file: Path

    @classmethod
    def from_settings(cls, settings: Settings, installation: Installation | None = None) -> Instance:
        """The run that belongs to ``settings.data``. Raises AsteriskError when there is no Asterisk yet."""
        installation = installation or provision.find(settings)
        if installation is None:
            raise AsteriskError("There is no Asterisk yet: run `make setup`")
        data = settings.data.resolve()
        name = hashlib.sha256(str(data).encode()).hexdigest()[:10]
        if settings.asterisk_dir is not None:
            folder = settings.asterisk_dir.resolve()
            inside = str(folder)
        elif installation.root is not None:
            folder, inside = installation.root / "cc" / name, f"/cc/{name}"
        else:
            folder = SYSTEM_FOLDER / name if os.geteuid() == 0 else data / "asterisk"
            inside = str(folder)
        return cls(
            name=name, installation=installation, folder=folder, inside=inside, secrets_file=settings.secrets_file
        )

    def prepare(self) -> None:
        """Makes the folders (again and again without harm) and gives them to Asterisk's user. Raises AsteriskError."""
        try:
            for part in FOLDERS:
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self.run_dir.mkdir(parents=True, exist_ok=True)
            if self.installation.root is not None:
                provision.write_hosts(self.installation.root)
            if os.geteuid() == 0 and self.installation.kind != "external":
                self._hand_over()
        except OSError as error:
            raise AsteriskError(f"Asterisk's folders cannot be made: {error}. Check rights and space") from error

    def _hand_over(self) -> None:
        os.chown(self.folder, ASTERISK_ID, ASTERISK_ID)
        os.chown(self.run_dir, ASTERISK_ID, ASTERISK_ID)
        for place, folders, files in os.walk(self.folder):
            for name in (*folders, *files):
                # Recordings come and go meanwhile: one that is gone needs no owner.
                with contextlib.suppress(FileNotFoundError):
                    os.chown(Path(place) / name, ASTERISK_ID, ASTERISK_ID, follow_symlinks=False)

    def to_inside(self, host: Path) -> str:
        """A path below ``folder`` as Asterisk sees it."""
        return f"{self.inside}/{host.relative_to(self.folder)}"

    def to_host(self, inside: str) -> Path:
        """A path of Asterisk's on the host."""
        if inside == self.inside or inside.startswith(self.inside + "/"):
            return self.folder / inside[len(self.inside) + 1 :]
        return self.installation.on_host(inside)

    def give(self, path: Path) -> None:
        """Makes Asterisk's user the owner of a file that we wrote for it."""
        if os.geteuid() == 0 and self.installation.kind != "external":
            os.chown(path, ASTERISK_ID, ASTERISK_ID)

    @property
    def etc(self) -> Path:
        """The rendered configuration, on the host."""
        return self.folder / "etc"

    @property
    def config_file(self) -> str:
        """asterisk.conf as Asterisk sees it."""
        return f"{self.inside}/etc/asterisk.conf"

    @property
    def samples(self) -> Path:
        """How those sounded who were called by a dial list, on the host: ``<call>.wav``."""
        return self.folder / "spool" / "samples"

    @property
    def recordings(self) -> Path:
        """Raw recordings on the host: ``<stem>-client.wav``, ``<stem>-agent.wav``, then ``<stem>.done``."""
        return self.folder / "spool" / "monitor"

    @property
    def journal(self) -> Path:
        """The CEL file on the host (columns: config.cel.COLUMNS); only ever appended to."""
        return self.folder / "log" / "cel-custom" / CEL_FILE

    @property
    def sounds(self) -> Path:
        """Our own prompts on the host: ``<language>/<name>.<format>``."""
        return self.folder / "sounds"

    @property
    def log_file(self) -> Path:
        """Asterisk's main log on the host."""
        return self.folder / "log" / "messages"

    @property
    def run_dir(self) -> Path:
        """Socket and pid on the host; short enough for a socket's path."""
        plain = self.folder / "run"
        if self.installation.root is not None or len(str(plain)) <= _LONGEST_RUN_DIR:
            return plain
        return Path("/tmp") / f"callcenter-{os.geteuid()}-{self.name}"  # noqa: S108 - private, see prepare

    @property
    def run_dir_inside(self) -> str:
        """``run_dir`` as Asterisk sees it."""
        return f"{self.inside}/run" if self.run_dir == self.folder / "run" else str(self.run_dir)

    @property
    def socket(self) -> Path:
        """Asterisk's control socket on the host."""
        return self.run_dir / "asterisk.ctl"

    @property
    def pid_file(self) -> Path:
        """Asterisk's pid file on the host."""
        return self.run_dir / "asterisk.pid"

    @property
    def ami_password(self) -> str:
        """The password of the AMI user ``callcenter``; made at first use."""
        return secrets.secret(self.secrets_file, secrets.AMI_PASSWORD)

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs ``asterisk`` on this run's configuration, as Asterisk's user."""
        asterisk = [self.installation.binary, "-C", self.config_file, *arguments]
        root = self.installation.root
        if root is None:
            # The machine's own Asterisk, started by root, gives its rights away before it opens anything.
            if os.geteuid() == 0:
                return [
                    _tool("setpriv"),
                    f"--reuid={ASTERISK_ID}",
                    f"--regid={ASTERISK_ID}",
                    "--clear-groups",
                    *asterisk,
                ]
            return asterisk
        if os.geteuid() == 0:
            return [_tool("chroot"), f"--userspec={ASTERISK_ID}:{ASTERISK_ID}", "--groups=", str(root), *asterisk]
        # A person's own user namespace: "root" in there is that person outside. /dev is the machine's.
        script = 'mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"'
        return [_tool("unshare"), "--user", "--map-root-user", "--mount", "sh", "-c", script, str(root), *asterisk]


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin")
    if found is None:
        raise AsteriskError(f"`{name}` is missing on this machine: install coreutils and util-linux")
    return found
