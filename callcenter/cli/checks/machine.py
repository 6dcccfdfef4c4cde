"""The machine: Python, folders, disk, secrets, audio tools, built front end, time zones."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callcenter.config import Settings
from callcenter.core.checks import Finding, State
from callcenter.http.site import WEB

GIB = 1024**3
BUILT = ("build/app.js", "build/app.css", "build/htmx.min.js", "icons.svg")


async def python(settings: Settings) -> list[Finding]:
    """Python is new enough."""
    # The program would not even have been read by an older one; the line is for whoever reads the report.
    return [Finding(name="Python", detail=f"{platform.python_version()}, {sys.executable}")]


async def folders(settings: Settings) -> list[Finding]:
    """Data and recordings can be written."""
    return [
        await asyncio.to_thread(_writable, "data folder", settings.data),
        await asyncio.to_thread(_writable, "recordings folder", settings.recordings_dir),
    ]


def _writable(name: str, folder: Path) -> Finding:
    shown = str(folder.resolve())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Finding(name=name, detail=shown)
    except OSError as error:
        advice = f"make {shown} a folder that user {os.geteuid()} may write, or set CALLCENTER_DATA"
        return Finding(name=name, state="wrong", detail=f"{shown}: {error.strerror or error}", advice=advice)


async def disk(settings: Settings) -> list[Finding]:
    """There is room: a recorded minute takes some 0.5 MB before it is converted to 0.2 MB."""
    place = settings.data if settings.data.exists() else Path()
    free = shutil.disk_usage(place).free
    detail = f"{free / GIB:.1f} GB free"
    advice = f"free some space where {place.resolve()} stands: without it calls go on, but are not recorded"
    state: State = "wrong" if free < GIB else "warning" if free < 5 * GIB else "ok"
    return [Finding(name="disk", state=state, detail=detail, advice=advice)]


async def secrets(settings: Settings) -> list[Finding]:
    """The secrets are the owner's alone."""
    file = settings.secrets_file
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return [Finding(name="secrets", detail="none yet, made at the first start")]
    if mode & 0o077:
        return [Finding(name="secrets", state="wrong", detail=f"others may read {file}", advice=f"chmod 600 {file}")]
    return [Finding(name="secrets", detail=f"{file}, for its owner only")]


async def audio_tools(settings: Settings) -> list[Finding]:
    """ffmpeg converts recordings; it needs the Opus encoder."""
    findings = []
    for tool in ("ffmpeg", "ffprobe"):
        if shutil.which(tool) is None:
            advice = "apt-get install ffmpeg: until then recordings wait and cannot be played"
            findings.append(Finding(name=tool, state="wrong", detail="not found", advice=advice))
        else:
            findings.append(Finding(name=tool, detail=shutil.which(tool) or ""))
    if shutil.which("ffmpeg"):
        process = await asyncio.create_subprocess_exec(
            *("ffmpeg", "-hide_banner", "-encoders"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await process.communicate()
        for encoder in ("libopus", "libmp3lame"):
            if encoder.encode() not in out:
                advice = f"install an ffmpeg that was built with {encoder}"
                findings.append(Finding(name=f"ffmpeg {encoder}", state="wrong", detail="missing", advice=advice))
    return findings


async def front_end(settings: Settings) -> list[Finding]:
    """Scripts and styles are built."""
    missing = [name for name in BUILT if not (WEB / "static" / name).is_file()]
    if missing:
        detail = f"missing: {', '.join(missing)}"
        return [Finding(name="front end", state="wrong", detail=detail, advice="make setup builds it")]
    return [Finding(name="front end", detail="built")]


async def time_zones(settings: Settings) -> list[Finding]:
    """The machine knows time zones."""
    try:
        ZoneInfo("Europe/Moscow")
    except (ZoneInfoNotFoundError, OSError):
        return [Finding(name="time zones", state="wrong", detail="no data", advice="apt-get install tzdata")]
    return [Finding(name="time zones", detail="known")]
