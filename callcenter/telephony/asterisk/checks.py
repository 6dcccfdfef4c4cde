"""What ``doctor`` looks at on the telephone side of this machine; link and disk stand among its own checks."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Callable

from callcenter.config import Settings
from callcenter.core.checks import Finding, State
from callcenter.telephony.asterisk import prompts, provision
from callcenter.telephony.asterisk.errors import AsteriskError
from callcenter.telephony.asterisk.instance import Instance
from callcenter.telephony.asterisk.provision import Installation
from callcenter.telephony.asterisk.runner import Runner

# A recorded call needs sound and control on two sides.
_PORTS_A_CALL = 4
_FEWEST_CALLS = 10


def installation(settings: Settings) -> Finding:
    """Whether there is an Asterisk that can be run."""
    name = "Asterisk"
    found = provision.find(settings)
    if found is None:
        return Finding(name=name, state="wrong", detail="none ≥ 20 is here", advice="run `make setup`")
    if found.kind == "external":
        return Finding(name=name, detail=f"runs elsewhere and shares {settings.asterisk_dir}")
    missing = _missing_modules(found)
    where = f"{'.'.join(map(str, found.version))} ({found.root or found.binary})"
    if missing:
        advice = "browsers need Opus: name another Asterisk with CALLCENTER_ASTERISK_ROOT"
        return Finding(name=name, state="warning", detail=f"{where} lacks {', '.join(missing)}", advice=advice)
    return Finding(name=name, detail=where)


def _missing_modules(found: Installation) -> list[str]:
    wanted = {"res_srtp": ("res_srtp",), "Opus": ("codec_opus_open_source", "codec_opus"), "CEL": ("cel_custom",)}
    return [what for what, names in wanted.items() if not found.modules.intersection(names)]


def configuration(settings: Settings) -> Finding:
    """Whether Asterisk's configuration and prompts were written."""
    name = "Asterisk's configuration"
    instance = _instance(settings)
    if instance is None:
        return Finding(name=name, state="wrong", detail="there is no Asterisk yet", advice="run `make setup`")
    if not (instance.etc / "asterisk.conf").is_file():
        advice = "`make demo`, or `python -m callcenter dialplan`, writes it"
        return Finding(name=name, state="warning", detail="not written yet", advice=advice)
    absent = [
        f"{language}/{prompt}"
        for language, named in prompts.texts().items()
        for prompt in named
        if not (instance.sounds / language / f"{prompt}.ulaw").is_file()
    ]
    if absent:
        advice = "write the configuration again: `python -m callcenter dialplan`"
        return Finding(name=name, state="warning", detail=f"prompts are missing: {', '.join(absent)}", advice=advice)
    return Finding(name=name, detail=str(instance.etc))


def process(settings: Settings) -> Finding:
    """Whether our Asterisk runs, and only once."""
    name = "Asterisk's process"
    instance = _instance(settings)
    if instance is None or instance.installation.kind == "external":
        return Finding(name=name, detail="not ours to run")
    pids = Runner(instance).left_behind()
    if len(pids) == 1:
        return Finding(name=name, detail=f"runs (process {pids[0]})")
    if pids:
        return Finding(name=name, state="wrong", detail=f"runs {len(pids)} times: {pids}", advice="end all but one")
    return Finding(name=name, state="warning", detail="does not run", advice="start it: `make demo`, or your service")


def ports(settings: Settings) -> Finding:
    """Whether Asterisk's ports are free when it does not run."""
    name = "Asterisk's ports"
    instance = _instance(settings)
    if instance is not None and (instance.installation.kind == "external" or Runner(instance).left_behind()):
        return Finding(name=name, detail="used by Asterisk")
    for variable, address, kind in (
        ("CALLCENTER_SIP_PORT", (settings.sip_host, settings.sip_port), socket.SOCK_DGRAM),
        ("CALLCENTER_AMI_PORT", (settings.asterisk_host, settings.ami_port), socket.SOCK_STREAM),
        (
            "CALLCENTER_ASTERISK_HTTP_PORT",
            (settings.asterisk_host, settings.asterisk_http_port),
            socket.SOCK_STREAM,
        ),
    ):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                detail = f"{address[1]} cannot be used: {error.strerror}"
                advice = f"end what uses it, or choose another with {variable}"
                return Finding(name=name, state="wrong", detail=detail, advice=advice)
    return Finding(name=name, detail="free")


def rtp_range(settings: Settings) -> Finding:
    """Whether there are enough ports for sound, and none of them is wanted for something else."""
    name = "ports for sound (RTP)"
    first, last = settings.rtp_range
    advice = "choose another range with CALLCENTER_RTP_PORTS"
    for port in (settings.sip_port, settings.demo_carrier_port):
        if first <= port <= last:
            return Finding(name=name, state="wrong", detail=f"port {port} lies inside {first}-{last}", advice=advice)
    calls = (last - first + 1) // _PORTS_A_CALL
    state: State = "ok" if calls >= _FEWEST_CALLS else "warning"
    return Finding(name=name, state=state, detail=f"{first}-{last}: enough for {calls} calls at once", advice=advice)


def rights(settings: Settings) -> Finding:
    """Whether Asterisk's root can be entered with the rights that we have."""
    name = "rights to run Asterisk"
    found = provision.find(settings)
    root = found.root if found else None
    if root is None or os.geteuid() in (0, root.stat().st_uid):
        return Finding(name=name, detail="as an unprivileged user" if os.geteuid() == 0 else "as yourself")
    advice = "run as that user, or remove it and run `make setup`"
    return Finding(name=name, state="wrong", detail=f"{root} was made by another user", advice=advice)


def tools(settings: Settings) -> Finding:
    """What speaks the prompts and plays the demo's callers."""
    missing = [
        f"{program} ({why})"
        for program, why in (("espeak-ng", "speaks prompts"), ("sipp", "the demo's callers and tests"))
        if shutil.which(program) is None
    ]
    if not missing:
        return Finding(name="espeak-ng, sipp")
    return Finding(name="tools", state="warning", detail=f"missing: {', '.join(missing)}", advice="run `make setup`")


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    installation,
    configuration,
    process,
    ports,
    rtp_range,
    rights,
    tools,
)


async def run(settings: Settings) -> list[Finding]:
    """All findings; a check that breaks is a finding too."""
    return await asyncio.to_thread(lambda: [_safely(check, settings) for check in CHECKS])


def _safely(check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return check(settings)
    except Exception as error:
        return Finding(name=check.__name__, state="wrong", detail=f"could not be checked: {error!r}")


def _instance(settings: Settings) -> Instance | None:
    try:
        return Instance.from_settings(settings)
    except AsteriskError:
        return None
