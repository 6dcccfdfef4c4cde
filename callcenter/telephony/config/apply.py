"""Brings rendered files to Asterisk: writes what changed, each file whole or not at all, and has it read again."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from callcenter.config import Settings
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.config.model import System

Run = Callable[[str], Awaitable[str]]
"""Asks Asterisk's command line: ``runner.rx``, or AMI's Command action."""

_PJSIP = (
    "res_pjsip.so",
    "res_pjsip_authenticator_digest.so",
    "res_pjsip_endpoint_identifier_ip.so",
    "res_pjsip_outbound_registration.so",
)
_COMMANDS: dict[str, tuple[str, ...]] = {
    "pjsip.conf": tuple(f"module reload {module}" for module in _PJSIP),
    "extensions.conf": ("dialplan reload",),
    "queuerules.conf": ("queue reload rules",),
    "queues.conf": ("queue reload all",),
    "musiconhold.conf": ("moh reload",),
    "manager.conf": ("manager reload",),
    "logger.conf": ("logger reload",),
    "cel.conf": ("module reload cel",),
    "cel_custom.conf": ("module reload cel_custom.so",),
    "rtp.conf": ("module reload res_rtp_asterisk.so",),
    "features.conf": ("module reload features",),
    "indications.conf": ("module reload indications",),
    "http.conf": ("module reload http",),
    "cdr.conf": ("module reload cdr",),
}


def system_of(settings: Settings, instance: Instance) -> System:
    """The machine's side of the model."""
    first, last = settings.rtp_range
    return System(
        name=_name(instance),
        folder=instance.inside,
        run_dir=instance.run_dir_inside,
        modules_dir=instance.installation.modules_dir,
        data_dir=instance.installation.data_dir,
        moh_dir=instance.installation.moh_dir,
        version=instance.installation.version,
        modules=instance.installation.modules,
        voices=_voices(instance),
        ami_password=instance.ami_password,
        host=settings.asterisk_host,
        sip_host=settings.sip_host,
        public_address=settings.public_address,
        local_address=_own_address() if settings.public_address else "",
        sip_port=settings.sip_port,
        ami_port=settings.ami_port,
        http_port=settings.asterisk_http_port,
        rtp_first=first,
        rtp_last=last,
    )


def _voices(instance: Instance) -> tuple[tuple[str, str], ...]:
    """Packaged voices that are found by no plain language: Debian gives Russian no folder ``ru``.

    Asterisk looks for ``ru_RU_voice``, then ``ru_RU``, then ``ru``, so that our own prompts are found as well.
    """
    sounds = instance.installation.on_host(f"{instance.installation.data_dir}/sounds")
    try:
        there = sorted(path.name for path in sounds.iterdir())
    except OSError:
        return ()
    found = {language: [name for name in there if name.startswith(f"{language}_")] for language in ("ru", "en")}
    return tuple((language, names[0]) for language, names in found.items() if names and language not in there)


def _own_address() -> str:
    """The address from which this machine reaches others; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _name(instance: Instance) -> str:
    """Asterisk's name for itself: it stands in every AMI event and makes it believable, so nobody may guess it."""
    return f"cc{hashlib.sha256(f'name {instance.ami_password}'.encode()).hexdigest()[:12]}"


def write(instance: Instance, files: Mapping[str, str]) -> list[str]:
    """Writes the files that differ from what is there; their names. Files that are not rendered any more are removed.

    Raises OSError (disk full, no rights); a file that was there then stays as it was.
    """
    instance.etc.mkdir(parents=True, exist_ok=True)
    changed = [name for name, text in files.items() if _read(instance.etc / name) != text]
    for name in changed:
        _replace(instance, instance.etc / name, files[name])
    for old in instance.etc.glob("*.conf"):
        if old.name not in files:
            old.unlink()
            changed.append(old.name)
    return changed


def write_one(instance: Instance, name: str, text: str) -> None:
    """Writes one file; raises OSError."""
    _replace(instance, instance.etc / name, text)


def commands(changed: list[str]) -> list[str]:
    """What Asterisk must be told after ``changed`` was written."""
    return [command for name in changed for command in _COMMANDS.get(name, ())]


def needs_restart(changed: list[str]) -> bool:
    """Whether something changed that Asterisk reads at its start only (directories, modules)."""
    return any(name not in _COMMANDS for name in changed)


async def reload(run: Run, changed: list[str]) -> None:
    """Has Asterisk read what changed; calls go on. Raises what ``run`` raises."""
    for command in commands(changed):
        await run(command)


def _read(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _replace(instance: Instance, file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        instance.give(fresh)
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
